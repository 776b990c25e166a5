/**
 * Keeps the ledger small: single calls that nobody asks for any more become sums by day, key and operation. What was used stays exact.
 *
 * They stay for longer than a month, so that caps of keys, which count a month's calls, and usage by the hour find them.
 */
import { Clock, Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { during } from "./HotTierError.ts"
import { int8 } from "./PgNumbers.ts"

/** Days for which each call is kept. */
const daysKept = 40
/** Calls that are summed up in one transaction: some hundred milliseconds. */
const callsAtOnceMax = 10_000
const everyMinutes = 60
const dayMicros = 86_400_000_000

/** Sums up what is old enough at a moment; returns how many calls there were. */
export const thinAt = Effect.fn("LedgerThinning.thinAt")(function* (nowMicros: number) {
  const sql = yield* SqlClient.SqlClient
  const beforeMicros = Math.floor(nowMicros / dayMicros - daysKept) * dayMicros
  let calls = 0
  while (true) {
    const [row] = yield* sql<{ moved: number }>`
      select roll_up_ledger(${int8(beforeMicros)}, ${callsAtOnceMax}) as moved`.pipe(during("thinLedger"))
    const moved = row?.moved ?? 0
    calls += moved
    if (moved < callsAtOnceMax) return calls
  }
})

/** Does so from time to time. Any number of nodes may. */
export const layer: Layer.Layer<never, never, SqlClient.SqlClient> = Layer.effectDiscard(
  Effect.flatMap(Clock.currentTimeMillis, (millis) => thinAt(millis * 1_000)).pipe(
    Effect.catch((error) => Effect.logWarning(`the ledger could not be thinned out: ${error.message}`)),
    Effect.andThen(Effect.sleep(Duration.minutes(everyMinutes))),
    Effect.forever,
    Effect.forkScoped
  )
)
