/**
 * Bounds how many requests are answered at once and how long each may take. Full or late means refused, with a problem
 * that says so; what was begun is interrupted. So it is when the client goes away.
 */
import { Overloaded, TimedOut } from "@kalshibook/core/contract/ProblemsOfServer"
import { Duration, Effect } from "effect"
import { answerMillisMax, requestsInFlightMax } from "./ApiLimits.ts"

export interface RequestGate {
  /** Requests being answered now. */
  readonly inFlight: () => number
  /** Lets the effect through if there is room. */
  readonly pass: <A, E, R>(
    requestId: string,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Overloaded | TimedOut, R>
}

export interface RequestGateOptions {
  readonly requestsMax: number
  readonly answerMillisMax: number
}

const defaults: RequestGateOptions = { requestsMax: requestsInFlightMax, answerMillisMax }

export const make = (options: RequestGateOptions = defaults): RequestGate => {
  let inFlight = 0
  return {
    inFlight: () => inFlight,
    pass: <A, E, R>(requestId: string, effect: Effect.Effect<A, E, R>) =>
      Effect.suspend((): Effect.Effect<A, E | Overloaded | TimedOut, R> => {
        if (inFlight >= options.requestsMax) {
          const detail = "The server is answering as many requests as it can."
          return Effect.fail(new Overloaded({ detail, request_id: requestId }))
        }
        inFlight++
        const timedOut = () => {
          const detail = `There was no answer within ${options.answerMillisMax / 1_000} seconds.`
          return Effect.fail(new TimedOut({ detail, request_id: requestId }))
        }
        // The server interrupts whoever waits here when the client goes away, and begins requests uninterruptibly: routes alone would
        // not hear of it, because those that may time out run beside the one that waits.
        return Effect.interruptible(
          Effect.timeoutOrElse(effect, { duration: Duration.millis(options.answerMillisMax), orElse: timedOut })
        ).pipe(Effect.ensuring(Effect.sync(() => inFlight--)))
      })
  }
}
