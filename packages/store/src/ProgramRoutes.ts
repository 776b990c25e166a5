/** What a program that answers nobody else answers those who watch over it: `/metrics`, and `/healthz` for as long as it runs. */
import { Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"

/** Whether it also does its work, the metrics say: a recorder that waits for the exchange is healthy, and must not be started again. */
export const layer = Layer.merge(
  PrometheusMetrics.layerHttp(),
  HttpRouter.add("GET", "/healthz", HttpServerResponse.text("ok"))
)
