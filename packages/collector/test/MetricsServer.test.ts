import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient, HttpServer } from "effect/http"
import { makeReporter } from "../src/CollectorMetrics.ts"
import * as MetricsServer from "../src/MetricsServer.ts"
import { reportedStatus } from "./ReportedStatus.ts"

describe("the metrics of a collector of its own", () => {
  it.live("are served for Prometheus at /metrics, and at /healthz that it runs", () =>
    Effect.gen(function* () {
      yield* makeReporter()(reportedStatus())
      const server = yield* HttpServer.HttpServer
      const response = yield* HttpClient.get(`${HttpServer.formatAddress(server.address)}/metrics`)
      assert.match(response.headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4/)
      assert.include(yield* response.text, 'kalshibook_recorder_markets{state="live"}')
      const health = yield* HttpClient.get(`${HttpServer.formatAddress(server.address)}/healthz`)
      assert.strictEqual(health.status, 200)
    }).pipe(
      Effect.provide(Layer.merge(MetricsServer.layerAt({ host: "127.0.0.1", port: 0 }), NodeHttpClient.layerUndici))
    )
  )
})
