/**
 * Stores past days as a recorder would have: what was seen of the markets, then the records, in batches with their watermark; and sums
 * up the coverage of the hours that are complete. The next batch is made while Postgres takes the one before.
 */

import type { PastBatch } from "@kalshibook/simulator/past/PastDays"
import { Coverage } from "@kalshibook/store/Coverage"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { type Cause, Effect, Exit, Queue } from "effect"

/** What was stored. */
export interface Filled {
  readonly records: number
  readonly trades: number
  readonly tsReceivedMicros: number
}

export interface FillingOptions<E, R> {
  /** The next batch; `undefined` when there is none. Whoever takes long to make it says so now and then, and is called again. */
  readonly next: () => PastBatch | undefined | "unfinished"
  /** The tape on which the entries of the batches stand; `null` when there is none. */
  readonly tapeId: string | null
  /** Called after each batch that ended an hour, with what is stored by then. */
  readonly onHour?: ((filled: Filled) => Effect.Effect<void, E, R>) | undefined
}

const hourMicros = 3_600_000_000
/** Batches that wait for Postgres. */
const queueBatchesMax = 1

/** Returns when all batches are stored. Whether the database may be filled is for the caller to know. */
export const fill = Effect.fn("PastFilling.fill")(function* <E = never, R = never>({
  next,
  onHour,
  tapeId
}: FillingOptions<E, R>) {
  const catalog = yield* MarketCatalog
  const hotTier = yield* HotTier
  const queue = yield* Queue.bounded<PastBatch, Cause.Done>(queueBatchesMax)
  const produce = Effect.gen(function* () {
    for (;;) {
      const batch = next()
      if (batch === undefined) return yield* Queue.end(queue)
      if (batch !== "unfinished") yield* Queue.offer(queue, batch)
      // Making a batch blocks the process: what Postgres has answered meanwhile goes first.
      yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
    }
  })
  yield* Effect.forkScoped(produce)
  let filled: Filled = { records: 0, trades: 0, tsReceivedMicros: 0 }
  for (;;) {
    const taken = yield* Effect.exit(Queue.take(queue))
    if (Exit.isFailure(taken)) break
    const { mark, rows, sights } = taken.value
    if (sights.series.length + sights.events.length + sights.markets.length > 0) yield* catalog.observe(sights)
    const place = tapeId === null ? { tapeId, tapeEntry: 0 } : { tapeId, tapeEntry: mark.tapeEntry }
    yield* hotTier.append({ ...rows, watermark: { ...mark, ...place } })
    const isHour = Math.floor(mark.tsReceivedMicros / hourMicros) > Math.floor(filled.tsReceivedMicros / hourMicros)
    filled = {
      records: filled.records + rows.records.length,
      trades: filled.trades + rows.trades.length,
      tsReceivedMicros: mark.tsReceivedMicros
    }
    if (isHour && onHour !== undefined) yield* onHour(filled)
  }
  yield* rollUp
  return filled
}, Effect.scoped)

/** Sums up the coverage of all hours that are complete. */
export const rollUp = Effect.flatMap(Coverage, (coverage) =>
  coverage.rollUp.pipe(Effect.repeat({ until: ({ isLevel }) => isLevel }), Effect.asVoid)
)
