import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Telemetry from "@kalshibook/store/Telemetry"
import { ConfigProvider, Effect, Layer } from "effect"

/** What an OpenTelemetry collector was sent, by path. */
const receiver = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly bodies: Map<string, string>; readonly close: () => void }>(
    (resume) => {
      const bodies = new Map<string, string>()
      const server = createServer((request: IncomingMessage, response) => {
        let body = ""
        request.on("data", (chunk) => {
          body += String(chunk)
        })
        request.on("end", () => {
          const path = request.url ?? ""
          bodies.set(path, (bodies.get(path) ?? "") + body)
          response.end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, bodies, close: () => server.close() }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const environment = (variables: Readonly<Record<string, string>>) =>
  ConfigProvider.layer(ConfigProvider.fromUnknown(variables))

const batch = Effect.logInfo("stored").pipe(
  Effect.annotateLogs({ epoch: 7, sid: 2, slot: 0, marketTicker: "KXA-1" }),
  Effect.withSpan("HotWriter.commit", { attributes: { records: 12 } })
)

describe("telemetry", () => {
  it.live("sends spans and log lines with their annotations to the collector that the environment names", () =>
    Effect.gen(function* () {
      const { bodies, url } = yield* receiver
      const layer = Telemetry.layerOtlp("kalshibook-collector").pipe(
        Layer.provide(environment({ OTEL_EXPORTER_OTLP_ENDPOINT: url }))
      )
      yield* batch.pipe(Effect.provide(layer))
      const [logs = "", traces = ""] = [bodies.get("/v1/logs"), bodies.get("/v1/traces")]
      for (const text of ["stored", "KXA-1", '"epoch"', '"sid"', '"slot"', "kalshibook-collector"]) {
        assert.include(logs, text)
      }
      for (const text of ["HotWriter.commit", '"records"', "kalshibook-collector"]) assert.include(traces, text)
      assert.deepStrictEqual([...bodies.keys()].sort(), ["/v1/logs", "/v1/traces"])
    }).pipe(Effect.scoped)
  )

  it.live("sends nothing without one, or with an empty one", () =>
    Effect.gen(function* () {
      const { bodies, url } = yield* receiver
      for (const variables of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: " " }, { OTEL_SDK_DISABLED: "true" }]) {
        yield* batch.pipe(Effect.provide(Layer.provide(Telemetry.layerOtlp("kalshibook"), environment(variables))))
      }
      const off = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_SDK_DISABLED: "true" }
      yield* batch.pipe(Effect.provide(Layer.provide(Telemetry.layerOtlp("kalshibook"), environment(off))))
      assert.deepStrictEqual([...bodies.keys()], [])
    }).pipe(Effect.scoped)
  )

  it.effect("refuses an address and a format that are none, by the name of the variable", () =>
    Effect.gen(function* () {
      const refusal = (variables: Readonly<Record<string, string>>) =>
        Effect.flip(
          Effect.scoped(Layer.build(Telemetry.layer("kalshibook").pipe(Layer.provide(environment(variables)))))
        )
      assert.include(
        (yield* refusal({ OTEL_EXPORTER_OTLP_ENDPOINT: "localhost" })).message,
        "OTEL_EXPORTER_OTLP_ENDPOINT"
      )
      assert.include((yield* refusal({ KALSHIBOOK_LOG_FORMAT: "xml" })).message, "KALSHIBOOK_LOG_FORMAT")
    })
  )
})
