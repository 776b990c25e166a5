/** Promises of adapters as Effects that really end when they are interrupted. */
import { Effect } from "effect"
import type { ObjectStoreReason } from "./ObjectStoreError.ts"

/** Runs what heeds the signal. An interruption waits until it has let go of its files and connections. */
export const abortable = <A>(
  run: (signal: AbortSignal) => Promise<A>,
  reasonOf: (cause: unknown) => ObjectStoreReason
): Effect.Effect<A, ObjectStoreReason> =>
  Effect.callback((resume) => {
    const stop = new AbortController()
    const done = run(stop.signal).then(
      (value) => resume(Effect.succeed(value)),
      (cause) => resume(Effect.fail(reasonOf(cause)))
    )
    return Effect.promise(() => {
      stop.abort()
      return done
    })
  })
