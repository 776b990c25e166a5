// adapter: Node's HTTP server
/**
 * `/metrics` and `/healthz` of an archiver that runs as a program of its own: `KALSHIBOOK_METRICS_PORT` says where, and without it there is none.
 * `KALSHIBOOK_METRICS_HOST` is 127.0.0.1 unless set. In one process with the API, the API has both.
 */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Environment from "@kalshibook/core/settings/Environment"
import * as ProgramRoutes from "@kalshibook/store/ProgramRoutes"
import { type Config, Effect, Layer, Option } from "effect"
import { HttpRouter, type HttpServerError } from "effect/http"

export const layer: Layer.Layer<never, Config.ConfigError | HttpServerError.ServeError> = Layer.unwrap(
  Effect.gen(function* () {
    const port = yield* Environment.config("KALSHIBOOK_METRICS_PORT")
    const host = yield* Environment.config("KALSHIBOOK_METRICS_HOST")
    if (Option.isNone(port)) return Layer.empty
    const server = NodeHttpServer.layer(() => createServer(), { host, port: port.value })
    const metrics = HttpRouter.serve(ProgramRoutes.layer, { disableLogger: true, disableListenLog: true })
    return metrics.pipe(Layer.provide(server))
  })
)
