/**
 * Where the logs and traces of a program go. To the terminal, in a form that `KALSHIBOOK_LOG_FORMAT` chooses, and to an OpenTelemetry
 * collector when `OTEL_EXPORTER_OTLP_ENDPOINT` names one; the other variables of OpenTelemetry are heeded, too. Spans are of batches,
 * requests and files, never of frames. Metrics are fetched at `/metrics`, and sent only when `OTEL_METRICS_EXPORTER` says so.
 *
 * Bounded: what cannot be sent is dropped, and nobody waits for it.
 */
import * as Environment from "@kalshibook/core/settings/Environment"
import { type Config, ConfigProvider, Effect, Layer, Logger, Option, References } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp, OtlpSerialization } from "effect/observability"

/** `OTEL_SERVICE_NAME` takes the place of the name. Sends nothing without an endpoint; an empty one is none. */
export const layerOtlp = (serviceName: string): Layer.Layer<never, Config.ConfigError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const endpoint = yield* Environment.config("OTEL_EXPORTER_OTLP_ENDPOINT")
      // Nobody would see the spans, and each request and statement makes one.
      if (Option.isNone(endpoint)) return Layer.succeed(References.TracerEnabled, false)
      const otherwise = ConfigProvider.fromUnknown({
        OTEL_SERVICE_NAME: serviceName,
        OTEL_LOGS_EXPORTER: "otlp",
        OTEL_TRACES_EXPORTER: "otlp"
      })
      return Otlp.layerFromConfig().pipe(
        Layer.provide(Layer.merge(OtlpSerialization.layerJson, FetchHttpClient.layer)),
        Layer.provide(ConfigProvider.layerAdd(otherwise))
      )
    })
  )

const consoles = { pretty: Logger.consolePretty(), logfmt: Logger.consoleLogFmt, json: Logger.consoleJson } as const

/** Of a program with a terminal, or whatever stands in for one: `json` is one object a line, with all annotations. */
export const layer = (serviceName: string): Layer.Layer<never, Config.ConfigError> =>
  layerOtlp(serviceName).pipe(
    Layer.provideMerge(
      Layer.unwrap(
        Effect.map(Environment.config("KALSHIBOOK_LOG_FORMAT"), (format) =>
          Logger.layer([consoles[Option.getOrElse(format, () => "pretty" as const)]])
        )
      )
    )
  )
