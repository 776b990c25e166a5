/**
 * Keeps the ledger small: single calls that nobody asks for any more become sums by day, key and operation. What was used stays exact.
 *
 * They stay for longer than a month, so that caps of keys, which count a month's calls, and usage by the hour find them. Errors of single
 * requests stay as long as the calls beside which they are listed, and then are gone.
 */
import { Clock, Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { during } from "./HotTierError.ts"
import { int8 } from "./PgNumbers.ts"

/** Days for which each call is kept. */
const daysKept = 40
/** Calls that are summed up, or errors that are forgotten, in one transaction: some hundred milliseconds. */
const callsAtOnceMax = 10_000
const everyMinutes = 60
const dayMicros = 86_400_000_000

/** From when on all single calls and errors are kept at a moment: the beginning of a UTC day, Unix microseconds. */
export const keptFromMicros = (nowMicros: number): number => Math.floor(nowMicros / dayMicros - daysKept) * dayMicros

/** Sums up what is old enough at a moment; returns how many calls there were. */
export const thinAt = Effect.fn("LedgerThinning.thinAt")(function* (nowMicros: number) {
  const sql = yield* SqlClient.SqlClient
  const beforeMicros = keptFromMicros(nowMicros)
  let calls = 0
  while (true) {
    const [row] = yield* sql<{ moved: number }>`
      select roll_up_ledger(${int8(beforeMicros)}, ${callsAtOnceMax}) as moved`.pipe(during("thinLedger"))
    const moved = row?.moved ?? 0
    calls += moved
    if (moved < callsAtOnceMax) return calls
  }
})

/** Forgets errors that are old enough at a moment; returns how many there were. */
export const forgetErrorsAt = Effect.fn("LedgerThinning.forgetErrorsAt")(function* (nowMicros: number) {
  const sql = yield* SqlClient.SqlClient
  const beforeMicros = keptFromMicros(nowMicros)
  let errors = 0
  while (true) {
    const gone = yield* sql`
      delete from request_errors where error_id in (
        select error_id from request_errors where ts_micros < ${int8(beforeMicros)}
        order by ts_micros limit ${callsAtOnceMax} for update skip locked)
      returning 1 as one`.pipe(during("forgetRequestErrors"))
    errors += gone.length
    if (gone.length < callsAtOnceMax) return errors
  }
})

/** Does so from time to time. Any number of nodes may. */
export const layer: Layer.Layer<never, never, SqlClient.SqlClient> = Layer.effectDiscard(
  Effect.flatMap(Clock.currentTimeMillis, (millis) =>
    Effect.andThen(thinAt(millis * 1_000), forgetErrorsAt(millis * 1_000))
  ).pipe(
    Effect.catch((error) => Effect.logWarning(`the ledger could not be thinned out: ${error.message}`)),
    Effect.andThen(Effect.sleep(Duration.minutes(everyMinutes))),
    Effect.forever,
    Effect.forkScoped
  )
)
