// adapter: Node's HTTP server
/**
 * `/metrics` and `/healthz` of a collector that runs as a program of its own: `KALSHIBOOK_METRICS_PORT` says where, and without it there is none.
 * `KALSHIBOOK_METRICS_HOST` is 127.0.0.1 unless set. In one process with the API, the API has both.
 */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Environment from "@kalshibook/core/settings/Environment"
import * as ProgramRoutes from "@kalshibook/store/ProgramRoutes"
import { type Config, Effect, Layer, Option } from "effect"
import { HttpRouter, type HttpServer, type HttpServerError } from "effect/http"

export interface MetricsAddress {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

export const layerAt = (address: MetricsAddress): Layer.Layer<HttpServer.HttpServer, HttpServerError.ServeError> =>
  HttpRouter.serve(ProgramRoutes.layer, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(() => createServer(), address))
  )

export const layer: Layer.Layer<never, Config.ConfigError | HttpServerError.ServeError> = Layer.unwrap(
  Effect.gen(function* () {
    const port = yield* Environment.config("KALSHIBOOK_METRICS_PORT")
    const host = yield* Environment.config("KALSHIBOOK_METRICS_HOST")
    return Option.isNone(port) ? Layer.empty : Layer.effectDiscard(Layer.build(layerAt({ host, port: port.value })))
  })
)
