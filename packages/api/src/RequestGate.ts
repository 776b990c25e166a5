/**
 * Bounds how many requests are answered at once and how long each may take. Full or late means refused, with a problem
 * that says so; what was begun is interrupted. So it is when the client goes away.
 *
 * A request runs in its own fiber, and one fiber looks at the times of all: a timer and two fibers for each request would cost more than
 * most answers.
 */
import { Overloaded, TimedOut } from "@kalshibook/core/contract/ProblemsOfServer"
import { Cause, Clock, Effect, Exit, type Fiber } from "effect"
import { answerMillisMax, requestsInFlightMax } from "./ApiLimits.ts"

export interface RequestGate {
  /** Requests being answered now. */
  readonly inFlight: () => number
  /**
   * Lets the effect through if there is room. For fibers that are uninterruptible, as those are in which the server begins requests: one
   * that is late is interrupted within the effect, and goes on behind it.
   */
  readonly pass: <A, E, R>(
    requestId: string,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Overloaded | TimedOut, R>
  /** Ends what takes too long, as long as it runs. */
  readonly watch: Effect.Effect<never>
}

export interface RequestGateOptions {
  readonly requestsMax: number
  readonly answerMillisMax: number
}

interface Running {
  /**
   * `undefined` once it has ended. A set that is changed often leaves tables behind, which lie in old space and point to what was in them: a
   * whole request would be kept alive by each until the next collection of all.
   */
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  readonly untilMillis: number
  isLate: boolean
}

const defaults: RequestGateOptions = { requestsMax: requestsInFlightMax, answerMillisMax }

export const make = (options: RequestGateOptions = defaults): RequestGate => {
  /** In the order of their beginnings, which is that of their ends: all have the same time. */
  const running = new Set<Running>()

  const pass = <A, E, R>(requestId: string, effect: Effect.Effect<A, E, R>) =>
    // What an interruption leaves is always cleared away.
    Effect.uninterruptible(
      Effect.withFiber<A, E | Overloaded | TimedOut, R>((fiber) => {
        if (running.size >= options.requestsMax) {
          const detail = "The server is answering as many requests as it can."
          return Effect.fail(new Overloaded({ detail, request_id: requestId }))
        }
        const untilMillis = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe() + options.answerMillisMax
        const one: Running = { fiber, untilMillis, isLate: false }
        running.add(one)
        const end = (): void => {
          running.delete(one)
          one.fiber = undefined
        }
        return Effect.matchCauseEffect(Effect.interruptible(effect), {
          onSuccess: (answer) => {
            end()
            return Exit.succeed(answer)
          },
          onFailure: (cause): Effect.Effect<never, E | TimedOut> => {
            end()
            if (!one.isLate || !Cause.hasInterruptsOnly(cause)) return Exit.failCause(cause)
            const detail = `There was no answer within ${options.answerMillisMax / 1_000} seconds.`
            return Exit.fail(new TimedOut({ detail, request_id: requestId }))
          }
        })
      })
    )

  const watch = Effect.gen(function* () {
    while (true) {
      const nowMillis = yield* Clock.currentTimeMillis
      let nextMillis = nowMillis + options.answerMillisMax
      for (const one of running) {
        if (one.untilMillis > nowMillis) {
          nextMillis = one.untilMillis
          break
        }
        if (one.isLate) continue
        one.isLate = true
        one.fiber?.interruptUnsafe()
      }
      yield* Effect.sleep(nextMillis - nowMillis)
    }
  })

  return { inFlight: () => running.size, pass, watch }
}
