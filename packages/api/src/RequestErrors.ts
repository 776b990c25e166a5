/**
 * Keeps what was answered to a known caller with an error, so that he finds it again by its id. Whoever answers only notes it; a fiber of
 * its own writes what was noted, some at a time. Nothing that goes wrong here is felt by a request. docs/adr/0022.
 *
 * What is kept is what was answered: status and code are read from the answer itself, so whatever route made it, the list says what the
 * client has seen.
 */
import { RequestLog } from "@kalshibook/store/RequestLog"
import { Context, Duration, Effect, Fiber, Layer, Metric, Option, Result } from "effect"
import type { HttpServerResponse } from "effect/http"
import * as ErrorBuffer from "./ErrorBuffer.ts"
import { newRequestId, type RequestNotes } from "./RequestMeta.ts"

/** What is noted is written so often: as soon as somebody looks who has seen the error. */
const writeSeconds = 1
/** After a failure it is left alone for so long. */
const retrySeconds = 5
/** At the end of the program, what is noted has so long to be written. */
const endMillisMax = 2_000

const lost = Metric.counter("kalshibook_request_errors_lost_total", {
  description:
    "Errors of requests that no customer finds in his list: too many waited, or the database refused them or was away when the server stopped.",
  incremental: true
})

/** What an answer of an error says, as far as it is needed here. */
export interface Answered {
  readonly requestId: string
  readonly notes: RequestNotes
  readonly response: HttpServerResponse.HttpServerResponse
  readonly nowMillis: number
}

export class RequestErrors extends Context.Service<
  RequestErrors,
  {
    /** Notes an error of whoever is known. Does not wait. */
    readonly note: (answered: Answered) => void
  }
>()("@kalshibook/api/RequestErrors") {
  static readonly layer: Layer.Layer<RequestErrors, never, RequestLog> = Layer.effect(
    RequestErrors,
    Effect.gen(function* () {
      const log = yield* RequestLog
      const buffer = ErrorBuffer.make(() => newRequestId().replace("req_", "counted_"))

      /** Tells whether all that was noted is written. */
      const write = Effect.gen(function* () {
        for (let batch = buffer.take(); batch !== undefined; batch = buffer.take()) {
          const written = yield* Effect.result(log.note(batch.errors))
          if (Result.isSuccess(written)) {
            batch.done()
            continue
          }
          const { isRetryable, message } = written.failure
          yield* Effect.logWarning(
            `errors of requests could not be kept, and are ${isRetryable ? "tried again" : "lost"}: ${message}`
          )
          if (isRetryable) return false
          batch.lost()
        }
        return true
      })

      const tellLost = Effect.gen(function* () {
        const errors = buffer.takeLost()
        if (errors === 0) return
        yield* Metric.update(lost, errors)
        yield* Effect.logWarning(`${errors} errors of requests are not in the lists of those who met them`)
      })

      /** What nobody foresaw ends neither the fiber nor the stop: it is told, and tried again. */
      const tryWrite = write.pipe(
        Effect.catchCause((cause) =>
          Effect.as(Effect.logError("errors of requests could not be kept, and are tried again", cause), false)
        )
      )

      const writing = yield* Effect.andThen(tryWrite, (isAll) =>
        Effect.andThen(tellLost, Effect.sleep(Duration.seconds(isAll ? writeSeconds : retrySeconds)))
      ).pipe(Effect.forever, Effect.forkScoped)

      yield* Effect.addFinalizer(() =>
        Fiber.interrupt(writing).pipe(
          Effect.andThen(tryWrite),
          Effect.timeoutOption(Duration.millis(endMillisMax)),
          Effect.andThen(Effect.sync(buffer.abandon)),
          Effect.andThen(tellLost)
        )
      )

      return RequestErrors.of({
        note: ({ nowMillis, notes: { asker, code }, requestId, response }) => {
          if (asker === undefined) return
          buffer.note({
            errorId: requestId,
            accountId: asker.caller.account.accountId,
            prefix: asker.caller.name,
            endpoint: asker.operation,
            status: response.status,
            code: code ?? codeOf(response),
            tsMicros: nowMillis * 1_000
          })
        }
      })
    })
  )
}

const utf8 = new TextDecoder()

/** Problem documents are written by us: their `code` is a word. */
const codeOf = ({ body }: HttpServerResponse.HttpServerResponse): string => {
  const text = body._tag === "Uint8Array" ? utf8.decode(body.body) : ""
  return Option.getOrElse(Option.fromNullishOr(/"code":"([a-z0-9_]{1,64})"/.exec(text)?.[1]), () => "unknown")
}
