// adapter: Node's HTTP server
/**
 * `/metrics` of an archiver that runs as a program of its own: `KALSHIBOOK_METRICS_PORT` says where, and without it there is none.
 * `KALSHIBOOK_METRICS_HOST` is 127.0.0.1 unless set. In one process with the API, the API has them.
 */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Config, Effect, Layer, Option } from "effect"
import { HttpRouter, type HttpServerError } from "effect/http"
import { PrometheusMetrics } from "effect/observability"

export const layer: Layer.Layer<never, Config.ConfigError | HttpServerError.ServeError> = Layer.unwrap(
  Effect.gen(function* () {
    const port = yield* Config.option(Config.Port("KALSHIBOOK_METRICS_PORT"))
    const host = yield* Config.NonEmptyString("KALSHIBOOK_METRICS_HOST").pipe(Config.withDefault("127.0.0.1"))
    if (Option.isNone(port)) return Layer.empty
    const server = NodeHttpServer.layer(() => createServer(), { host, port: port.value })
    const metrics = HttpRouter.serve(PrometheusMetrics.layerHttp(), { disableLogger: true, disableListenLog: true })
    return metrics.pipe(Layer.provide(server))
  })
)
