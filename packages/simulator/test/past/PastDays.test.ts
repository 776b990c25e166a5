/** Made-up days, held to the truth of the exchange that they are made of. */
import * as Book from "@kalshibook/core/Book"
import type { BookClock, BookRecord } from "@kalshibook/core/BookRecord"
import * as Outbox from "@kalshibook/core/Outbox"
import * as Replay from "@kalshibook/core/Replay"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import * as TapeReplay from "@kalshibook/core/TapeReplay"
import * as PastClock from "@kalshibook/simulator/past/PastClock"
import * as PastDays from "@kalshibook/simulator/past/PastDays"
import * as PastFaults from "@kalshibook/simulator/past/PastFaults"
import { assert, it } from "vitest"
import * as Prng from "../../src/exchange/Prng.ts"

const hourMicros = 3_600_000_000
/** 2026-11-21T00:00:00Z. */
const fromMicros = 1_795_219_200_000_000
const settings = {
  seed: 3,
  fromMicros,
  untilMicros: fromMicros + 24 * hourMicros,
  marketsOpen: 40,
  deltasPerSecond: 2,
  faultsPerDay: 40,
  keepsTruth: true
}

const batchesOf = (past: PastDays.PastDays): ReadonlyArray<PastDays.PastBatch> => {
  const batches: Array<PastDays.PastBatch> = []
  for (let batch = PastDays.next(past); batch !== undefined; batch = PastDays.next(past)) batches.push(batch)
  return batches
}

const logsOf = (batches: ReadonlyArray<PastDays.PastBatch>): Map<string, Array<BookRecord>> => {
  const logs = new Map<string, Array<BookRecord>>()
  for (const { rows } of batches) {
    for (const record of rows.records) {
      const log = logs.get(record.marketTicker)
      if (log === undefined) logs.set(record.marketTicker, [record])
      else log.push(record)
    }
  }
  return logs
}

const past = PastDays.make(settings)
const batches = batchesOf(past)
const logs = logsOf(batches)

it("a fold of any log up to any moment gives the book that the exchange had, or says that it is not known", () => {
  const prng = Prng.make(1, 0)
  const tickers = [...logs.keys()]
  const met = { trusted: 0, stale: 0, unknown: 0 }
  for (let asked = 0; asked < 2_000; asked++) {
    const ticker = Prng.pick(prng, tickers)
    const clock: BookClock = Prng.chance(prng, 0.5) ? "received" : "exchange"
    const log = logs.get(ticker) ?? []
    const bornMicros = (log[0]?.tsReceivedMicros ?? fromMicros) - 60_000_000
    const atMicros = bornMicros + Prng.below(prng, (log.at(-1)?.tsReceivedMicros ?? 0) + 60_000_000 - bornMicros)
    const replay = Replay.make()
    Replay.applyUntil(replay, log, atMicros, clock)
    met[replay.trust._tag]++
    if (replay.trust._tag !== "trusted") continue
    const truth = PastDays.truthAt(past, ticker, atMicros, clock)
    assert.strictEqual(truth._tag, "book")
    if (truth._tag !== "book") continue
    assert.strictEqual(
      Book.hash(replay.book),
      Book.hash(Book.fromLevels(truth.levels)),
      `${ticker} ${atMicros} ${clock}`
    )
  }
  assert.isAbove(met.trusted, 1_000)
  assert.isAbove(met.stale, 50)
})

it("what goes wrong is in the logs, by every cause", () => {
  assert.deepStrictEqual(
    [...new Set(past.faults.map(({ kind }) => kind))].sort(),
    [...PastFaults.pastFaultKinds].sort()
  )
  const causes = new Set([...logs.values()].flat().flatMap((record) => (record.kind === "gap" ? [record.cause] : [])))
  for (const cause of [
    "sequence_hole",
    "undecodable",
    "connection_lost",
    "silence",
    "recorder_stopped",
    "market_closed"
  ]) {
    assert.isTrue(causes.has(cause as never), cause)
  }
  const channelGaps = batches.flatMap(({ rows }) => rows.channelGaps)
  assert.isTrue(channelGaps.some(({ cause, channel }) => channel === "trade" && cause === "sequence_hole"))
})

it("most of the time of most markets is known", () => {
  let trusted = 0
  let asked = 0
  for (const log of logs.values()) {
    const replay = Replay.make()
    for (const record of log) {
      Replay.apply(replay, record)
      asked++
      if (replay.trust._tag === "trusted") trusted++
    }
  }
  assert.isAbove(trusted / asked, 0.95)
})

it("every log ends with a gap, has no hole in its offsets, and lies before its batch's watermark", () => {
  for (const [ticker, log] of logs) {
    assert.strictEqual(log.at(-1)?.kind, "gap", ticker)
    assert.isTrue(
      log.every(({ offset }, index) => offset === index + 1),
      ticker
    )
  }
  let before = 0
  for (const { mark, rows } of batches) {
    // A gap is written when it is noticed, and begins before.
    const misplaced = rows.records.find(
      ({ kind, tsReceivedMicros }) =>
        tsReceivedMicros > mark.tsReceivedMicros || (kind !== "gap" && tsReceivedMicros <= before)
    )
    assert.isUndefined(misplaced)
    before = mark.tsReceivedMicros
  }
  assert.strictEqual(before, settings.untilMicros - 1)
})

it("a market is seen before it is recorded, and its end is seen", () => {
  const seen = new Set<string>()
  const statuses = new Set<unknown>()
  for (const { rows, sights } of batches) {
    for (const { body, ticker } of sights.markets) {
      seen.add(ticker)
      statuses.add(body["status"])
      assert.notProperty(body, "yes_bid_dollars")
    }
    for (const { marketTicker } of rows.records) assert.isTrue(seen.has(marketTicker), marketTicker)
  }
  for (const status of ["initialized", "active", "closed", "determined", "finalized"])
    assert.isTrue(statuses.has(status))
})

it("the entries are a tape of it: replayed, they give the same records", () => {
  const entries: Array<TapeEntry> = []
  const short = { ...settings, untilMicros: fromMicros + 2 * hourMicros, keepsTruth: false }
  const made = batchesOf(PastDays.make({ ...short, onEntry: (entry) => entries.push(entry) }))
  const replay = TapeReplay.make()
  for (const entry of entries) {
    assert.isTrue(TapeReplay.isNext(replay, entry))
    TapeReplay.apply(replay, entry)
  }
  const rows = Outbox.drain(replay.recorder.outbox)
  assert.deepStrictEqual(
    rows.records,
    made.flatMap((batch) => batch.rows.records)
  )
  assert.deepStrictEqual(
    rows.trades,
    made.flatMap((batch) => batch.rows.trades)
  )
})

it("of what is received by a moment, all is sent by the moment of the exchange that belongs to it, and nothing later", () => {
  const prng = Prng.make(2, 0)
  let before = 0
  for (let micros = fromMicros; micros < fromMicros + 20_000_000; micros += Prng.between(prng, 1, 5_000)) {
    const received = PastClock.receivedMicros(7, micros)
    assert.isAtLeast(received, before)
    before = received
    const at = fromMicros + Prng.below(prng, hourMicros)
    const exchange = PastClock.exchangeMicros(7, at)
    assert.isAtMost(PastClock.receivedMicros(7, exchange), at)
    assert.isAbove(PastClock.receivedMicros(7, exchange + 1), at)
  }
})
