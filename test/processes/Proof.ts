/**
 * Holds all that is stored to the tape and to the exchange: what was received is stored once, in order, as it came; what was not is
 * a gap with its cause; and wherever no gap is, the book is the exchange's own.
 */
import { assert } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord, GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"
import { Effect } from "effect"
import type { Interval } from "./CollectorProcess.ts"
import * as Derived from "./Derived.ts"
import * as ExchangeBooks from "./ExchangeBooks.ts"
import * as Rows from "./Rows.ts"
import * as Stored from "./Stored.ts"

/** A time at which recording stopped. */
export interface Stop extends Interval {
  readonly cause: GapCause
}

export interface Expectation {
  /** Trading stands still. */
  readonly exchange: RunningExchange
  readonly tapeFolder: string
  /** The collector is stopped. Every gap must have begun in one of these. */
  readonly stops: ReadonlyArray<Stop>
}

export interface ProofCounts {
  readonly entries: number
  readonly frames: number
  readonly records: number
  /** Books that were held to the exchange's own: one after each record outside of gaps. */
  readonly booksCompared: number
  readonly gaps: number
  readonly trades: number
  readonly tradesMissed: number
  readonly connections: number
}

type Logs = ReadonlyMap<MarketTicker, ReadonlyArray<BookRecord>>

export const prove = Effect.fnUntraced(function* ({ exchange, stops, tapeFolder }: Expectation) {
  const derived = yield* Effect.promise(() => Derived.of(tapeFolder))
  const logs = yield* Stored.logs
  const rows = yield* Stored.rows
  const watermark = yield* Stored.watermark
  assert.deepStrictEqual(derived.findings, [], "the tape is whole")
  assert.deepStrictEqual([...derived.tapeIds], [watermark.tapeId], "there is one tape, and the database knows it")
  assert.strictEqual(watermark.tapeEntry, derived.entries, "all of the tape is stored")

  recordsAreDerived(logs, derived.logs)
  sameRows("keyframes", rows.keyframes, derived.keyframes.map(Rows.keyframe))
  sameRows("gaps", rows.gaps, [...derived.logs.values()].flatMap(Rows.gaps))
  sameRows("lifecycle", rows.lifecycle, derived.lifecycle.map(Rows.lifecycle))
  sameRows("connections", rows.connections, [...derived.connections.values()].map(Rows.connection))
  sameRows("channel gaps", rows.channelGaps, [...derived.channelGaps.values()].map(Rows.channelGap))
  const received = rows.trades.filter((row) => !isFilled(row))
  sameRows("trades", received, [...derived.trades.values()].map(Rows.trade))

  return {
    entries: derived.entries,
    frames: derived.framesReceived,
    records: [...logs.values()].reduce((sum, log) => sum + log.length, 0),
    booksCompared: booksAreTrue(logs, ExchangeBooks.make(exchange)),
    gaps: gapsAreExplained(derived, stops),
    trades: rows.trades.length,
    tradesMissed: tradesAreAccountedFor(exchange, rows),
    connections: derived.connections.size
  } satisfies ProofCounts
})

/** Every record as the tape says, in order, with offsets 1, 2, 3 ... and times that never go back. */
const recordsAreDerived = (stored: Logs, derived: Logs): void => {
  assert.deepStrictEqual([...stored.keys()].sort(), [...derived.keys()].sort(), "the logs that there are")
  for (const [ticker, records] of stored) {
    const expected = derived.get(ticker) ?? []
    let tsMicros = 0
    for (const [index, record] of records.entries()) {
      const other = expected[index]
      // A comparison of texts is cheap enough for each; the other one shows what differs.
      if (Rows.textOf(record) !== Rows.textOf(other)) assert.deepStrictEqual(record, other, `${ticker} ${index}`)
      if (record.offset !== index + 1) assert.fail(`${ticker}: offset ${record.offset} in place ${index + 1}`)
      if (record.tsReceivedMicros < tsMicros) assert.fail(`${ticker}: time goes back at offset ${record.offset}`)
      tsMicros = record.tsReceivedMicros
    }
    assert.strictEqual(records.length, expected.length, `${ticker}: as many records as the tape says`)
  }
}

/** The same rows, in any order. */
const sameRows = (what: string, stored: ReadonlyArray<Stored.Row>, expected: ReadonlyArray<Stored.Row>): void => {
  const left = stored.map(Rows.textOf).sort()
  const right = expected.map(Rows.textOf).sort()
  const at = Math.max(left.length, right.length) === 0 ? 0 : left.findIndex((row, index) => row !== right[index])
  if (at >= 0) assert.strictEqual(left[at], right[at], `${what}: stored, and by the tape`)
  assert.strictEqual(left.length, right.length, `${what}: as many as the tape says`)
}

/** Whether it came by REST. */
const isFilled = ({ epoch }: Stored.TradeRow): boolean => epoch === 0

/** For signals to arrive, and for the receive clock, which may be a little ahead of the wall clock. */
const slackMicros = 100_000

/**
 * Every gap begins right after the last frame of its subscription that is on the tape, while recording stopped, and with that cause;
 * a log has at most one gap for each stop. Gives the number of gaps.
 */
const gapsAreExplained = ({ lastFrames, logs }: Derived.Derived, stops: ReadonlyArray<Stop>): number => {
  let count = 0
  for (const [ticker, log] of logs) {
    const stopsUsed = new Set<Stop>()
    for (const [index, gap] of log.entries()) {
      if (gap.kind !== "gap") continue
      count++
      const before = log[index - 1]
      if (before === undefined) return assert.fail(`${ticker} begins with a gap`)
      const where = `${ticker}: gap ${gap.offset} (${gap.cause}) of ${gap.tsReceivedMicros} to ${gap.tsDetectedMicros}`
      const tsProvenMicros = lastFrames.get(`${before.epoch} ${before.sid}`) ?? 0
      const tsFromMicros = Math.max(before.tsReceivedMicros, Math.min(tsProvenMicros + 1, gap.tsDetectedMicros))
      assert.strictEqual(gap.tsReceivedMicros, tsFromMicros, `${where} begins after the last frame that came`)
      const stop = stops.find(
        (one) =>
          !stopsUsed.has(one) &&
          one.cause === gap.cause &&
          gap.tsReceivedMicros <= one.toMicros + slackMicros &&
          gap.tsDetectedMicros >= one.fromMicros - slackMicros
      )
      if (stop === undefined) return assert.fail(`${where} has no reason, of ${JSON.stringify(stops)}`)
      stopsUsed.add(stop)
    }
  }
  return count
}

interface Claim {
  readonly ticker: MarketTicker
  readonly offset: number
  readonly sid: number
  readonly seq: number
  readonly hash: string
}

/**
 * After each record outside of gaps the fold is the book that the exchange had at that frame. Which of the exchange's connections an
 * epoch was is not known (one that opened as its collector was killed left no epoch), so there must be one for which all of it is so.
 * Gives how many books were compared.
 */
const booksAreTrue = (logs: Logs, books: ExchangeBooks.ExchangeBooks): number => {
  const claims = new Map<number, Array<Claim>>()
  for (const [ticker, records] of logs) {
    const replay = Replay.make()
    for (const record of records) {
      Replay.apply(replay, record)
      if (replay.trust._tag !== "trusted") continue
      const { epoch, offset, seq, sid } = record
      const claim = { ticker, offset, sid, seq, hash: Book.hash(replay.book) }
      const known = claims.get(epoch)
      if (known === undefined) claims.set(epoch, [claim])
      else known.push(claim)
    }
  }
  let count = 0
  const left = new Set(books.connections)
  for (const [epoch, claimed] of [...claims].sort(([one], [other]) => one - other)) {
    const wrong = (connection: number): Claim | undefined =>
      claimed.find(({ hash, seq, sid, ticker }) => books.hashAt(ticker, { connection, sid, seq }) !== hash)
    const connection = [...left].find((each) => wrong(each) === undefined)
    if (connection === undefined) {
      const nearest = [...left].map(wrong)
      assert.fail(`epoch ${epoch} is no connection's: the claims that are wrong are ${JSON.stringify(nearest)}`)
    }
    left.delete(connection)
    count += claimed.length
  }
  return count
}

/**
 * Every trade of the exchange is stored, or missing between two that are, with a hole of the channel there that says so. Gives how
 * many are missing.
 */
const tradesAreAccountedFor = (
  { exchange }: RunningExchange,
  { channelGaps, trades }: Effect.Success<typeof Stored.rows>
): number => {
  const filled = new Set(trades.filter(isFilled).map((row) => row.trade_id))
  const received = new Map(trades.map((row) => [row.trade_id, row.ts_received_micros]))
  const holes = channelGaps.filter(({ channel }) => channel === "trade")
  let missed = 0
  let tsBefore = 0
  let isMissing = false
  const explain = (tsAfter: number): void => {
    const isExplained = holes.some(
      ({ ts_from_micros, ts_to_micros }) => ts_from_micros >= tsBefore && (ts_to_micros ?? 0) <= tsAfter
    )
    if (isMissing && tsBefore > 0) assert.isTrue(isExplained, `trades are missing between ${tsBefore} and ${tsAfter}`)
    isMissing = false
  }
  for (const { tradeId } of exchange.trades) {
    if (filled.has(tradeId)) continue
    const tsReceivedMicros = received.get(tradeId)
    if (tsReceivedMicros === undefined) {
      missed++
      isMissing = true
      continue
    }
    explain(tsReceivedMicros)
    tsBefore = tsReceivedMicros
  }
  explain(Number.POSITIVE_INFINITY)
  return missed
}
