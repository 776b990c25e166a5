/** Holds what a collector recorded to what the exchange knows to be true. */

import { assert } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, BookRecord, GapRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import { Effect } from "effect"
import { inflict, live, type Station, until } from "./Station.ts"

/** All that is stored of a market's log. */
export const logOf = ({ hotTier }: Station, marketTicker: MarketTicker): Effect.Effect<ReadonlyArray<BookRecord>> =>
  hotTier
    .records({
      marketTicker,
      fromMicros: 0,
      toMicros: Number.MAX_SAFE_INTEGER,
      afterOffset: 0,
      recordsMax: Number.MAX_SAFE_INTEGER
    })
    .pipe(Effect.orDie)

/** The stored gaps of each market that has any. */
export const gaps = Effect.fnUntraced(function* (station: Station) {
  const found = new Map<MarketTicker, ReadonlyArray<GapRecord>>()
  for (const { marketTicker } of yield* Effect.orDie(station.hotTier.heads)) {
    const records = (yield* logOf(station, marketTicker)).filter((record) => record.kind === "gap")
    if (records.length > 0) found.set(marketTicker, records)
  }
  return found
})

/** The causes of the stored gaps of each market that has any, in their order. */
export const gapCauses = (station: Station) =>
  Effect.map(gaps(station), (found) =>
    Object.fromEntries([...found].map(([ticker, records]) => [ticker, records.map(({ cause }) => cause)]))
  )

/** The same gap for each of these markets, as `gapCauses` would say it. */
export const eachWith = (tickers: ReadonlyArray<MarketTicker>, ...causes: ReadonlyArray<string>) =>
  Object.fromEntries(tickers.map((ticker) => [ticker, causes]))

const sameLevels = (left: BookLevels, right: BookLevels): boolean => JSON.stringify(left) === JSON.stringify(right)

/** Tickers of live books that are not what the exchange has now. */
const wrong = (station: Station): ReadonlyArray<MarketTicker> =>
  live(station).filter((ticker) => {
    const log = station.recording.recorder.logs.get(ticker)
    const market = station.exchange.exchange.markets.get(ticker)
    if (log === undefined || market === undefined) return true
    return !sameLevels(Book.levels(log.replay.book), Book.levels(market.book))
  })

/**
 * Stops trading, and then: every live book is the exchange's, the stored logs fold to the same books, they have no holes and
 * their times never go back, and at no record was a book trusted that was not the exchange's at that frame. Epochs and the
 * exchange's connections must have been counted from 1 together.
 */
export const isTrue = Effect.fnUntraced(function* (station: Station) {
  yield* inflict(station.exchange, { fault: "clear" })
  yield* inflict(station.exchange, { fault: "pause_trading" })
  yield* until("live books are the exchange's", () => wrong(station).length === 0)
  yield* untilStored(station)
  assert.deepStrictEqual(wrong(station), [])
  for (const { marketTicker } of yield* Effect.orDie(station.hotTier.heads)) yield* foldIsTrue(station, marketTicker)
})

/** Waits until everything received so far is stored. */
export const untilStored = ({ recording }: Station): Effect.Effect<void> => {
  const atMicros = recording.clock.nowMicros()
  return until("everything is stored", () => recording.tsCommittedMicros > atMicros)
}

/** How many moments of one log are compared with the exchange; all snapshots and all ends of trust are, besides. */
const momentsMax = 40

const foldIsTrue = Effect.fnUntraced(function* (station: Station, ticker: MarketTicker) {
  const records = yield* logOf(station, ticker)
  const every = Math.ceil(records.length / momentsMax)
  const replay = Replay.make()
  let last: BookRecord | undefined
  for (const [index, record] of records.entries()) {
    assert.strictEqual(record.offset, index + 1, `${ticker}: offsets have no holes`)
    assert.isAtLeast(record.tsReceivedMicros, last?.tsReceivedMicros ?? 0, `${ticker}: times never go back`)
    Replay.apply(replay, record)
    last = record
    if (replay.trust._tag !== "trusted") continue
    const next = records[index + 1]
    if (record.kind !== "snapshot" && next?.kind !== "gap" && next !== undefined && index % every !== 0) continue
    const frame = { connection: record.epoch, sid: record.sid, seq: record.seq }
    const truth = station.exchange.truth.bookAt(ticker, frame)
    if (truth._tag !== "book") assert.fail(`${ticker}: the exchange knows nothing of ${JSON.stringify(frame)}`)
    assert.deepStrictEqual(Book.levels(replay.book), truth.levels, `${ticker} at offset ${record.offset}`)
  }
  const log = station.recording.recorder.logs.get(ticker)
  // A market that closes meanwhile has more by now.
  if (live(station).includes(ticker) && log?.offset === records.length) {
    assert.deepStrictEqual(
      Book.levels(replay.book),
      Book.levels(log.replay.book),
      `${ticker}: the fold is the live book`
    )
    assert.strictEqual(replay.trust._tag, "trusted")
  }
})
