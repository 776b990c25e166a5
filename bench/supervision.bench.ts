/**
 * What it costs to watch over every market: `Recorder.receive`, with the numbers of the subscription, the trust in each market, its
 * records and its proof, against a plain loop over the same books.
 *
 * The loop is the least that keeps the same history: it finds the market's log by its name and appends the change to it. It knows
 * no connection, misses no number and could not tell which books a loss has touched. Both get the same decoded frames of one
 * subscription, in turns in one process, and must end with the same books.
 */
import { Buffer } from "node:buffer"
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, MarketTicker } from "@kalshibook/core/BookRecord"
import type { OrderbookDelta } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import * as Recorder from "@kalshibook/core/Recorder"
import * as Simulation from "@kalshibook/simulator/exchange/Simulation"
import * as FrameTail from "@kalshibook/simulator/session/FrameTail"
import { type BenchRow, median, rate } from "./BenchTable.ts"
import { exchangeSettings } from "./ingest/Hose.ts"

const marketCount = 3_000
const deltaCount = 200_000
/** Deltas after which what was made is let go, as a commit does. */
const commitDeltas = 2_000
const roundCount = 9
const ratioPromised = 2

const sid = 1
const epoch = 1
const tsOpenedMicros = 1_795_345_200_000_000

interface Workload {
  readonly openings: ReadonlyMap<MarketTicker, BookLevels>
  readonly deltas: ReadonlyArray<OrderbookDelta>
}

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const workload = prepare()
  const ours: Array<number> = []
  const plain: Array<number> = []
  const booksOnly: Array<number> = []
  for (let round = -1; round < roundCount; round++) {
    const supervised = receiveAll(workload)
    const looped = appendAll(workload)
    const applied = applyAll(workload)
    assertSameBooks(supervised.books, looped.books)
    assertSameBooks(supervised.books, applied.books)
    // The first round is for the compiler.
    if (round < 0) continue
    ours.push(supervised.seconds)
    plain.push(looped.seconds)
    booksOnly.push(applied.seconds)
  }
  const what = `${deltaCount / 1_000} k deltas of ${marketCount.toLocaleString("en")} markets`
  const cost = median(ours) / median(plain)
  const row = { what: `supervised, against a plain loop over the logs, ${what}`, ours: rate(deltaCount / median(ours)) }
  return [
    {
      ...row,
      baseline: rate(deltaCount / median(plain)),
      ratio: `${cost.toFixed(2)}x the cost`,
      promised: `at most ${ratioPromised}x`,
      passed: cost <= ratioPromised
    },
    {
      ...row,
      what: `the same, against books alone that keep no history`,
      baseline: rate(deltaCount / median(booksOnly)),
      ratio: `${(median(ours) / median(booksOnly)).toFixed(2)}x the cost`,
      promised: "",
      passed: true
    }
  ]
}

/** The deltas of a busy exchange as they come off the wire, and the books before the first. */
const prepare = (): Workload => {
  const simulation = Simulation.make(exchangeSettings(marketCount))
  const markets = [...simulation.exchange.markets.values()].filter(({ status }) => status === "active")
  const openings = new Map(markets.map(({ book, ticker }) => [ticker, Book.levels(book)]))
  const deltas: Array<OrderbookDelta> = []
  simulation.exchange.listeners.add({
    levelChanged: (market, change) => {
      if (!openings.has(market.ticker) || deltas.length >= deltaCount) return
      const seq = openings.size + deltas.length + 1
      const frame = FrameTail.numbered(FrameTail.ofDelta(market, change, false), sid, seq)
      const message = Wire.decode(Buffer.from(frame))
      if (message._tag !== "orderbook_delta") throw new Error(`not a delta: ${frame}`)
      deltas.push(message)
    },
    bookReplaced: () => undefined,
    traded: () => undefined,
    noticed: () => undefined,
    marketForgotten: () => undefined
  })
  while (deltas.length < deltaCount) Simulation.step(simulation, 100)
  return { openings, deltas }
}

interface Round {
  readonly seconds: number
  readonly books: ReadonlyMap<MarketTicker, Book.Book>
}

const receiveAll = ({ deltas, openings }: Workload): Round => {
  const recorder = Recorder.make(Recorder.silentListener)
  Recorder.open(recorder, {
    epoch,
    slot: 0,
    url: "ws://exchange",
    source: "simulator",
    tsOpenedMicros,
    tsClosedMicros: null,
    closeCause: null
  })
  let seq = 0
  for (const [marketTicker, levels] of openings) {
    Recorder.begin(recorder, marketTicker)
    Recorder.follow(recorder, epoch, marketTicker, tsOpenedMicros)
    const head = { sid, seq: ++seq, id: null, marketTicker, marketId: null, unknownFields: [] }
    Recorder.receive(recorder, epoch, { _tag: "orderbook_snapshot", ...head, levels }, tsOpenedMicros)
  }
  Outbox.drain(recorder.outbox)
  const seconds = timed(deltas, (delta, index) => {
    Recorder.receive(recorder, epoch, delta, tsOpenedMicros + index)
    if (index % commitDeltas === 0) Outbox.drain(recorder.outbox)
  })
  const { framesLost, framesRepeated, framesStray } = recorder.counts
  if (framesLost + framesRepeated + framesStray > 0) throw new Error("frames were not taken")
  return { seconds, books: booksOf(recorder.logs) }
}

const appendAll = ({ deltas, openings }: Workload): Round => {
  const outbox = Outbox.make()
  const logs = new Map<MarketTicker, MarketLog.MarketLog>()
  let seq = 0
  for (const [marketTicker, levels] of openings) {
    const log = MarketLog.make(marketTicker)
    logs.set(marketTicker, log)
    const head = { epoch, sid, seq: ++seq, tsExchangeMicros: null, tsReceivedMicros: tsOpenedMicros }
    MarketLog.snapshot(log, head, levels, outbox)
  }
  Outbox.drain(outbox)
  const seconds = timed(deltas, (delta, index) => {
    const log = logs.get(delta.marketTicker) as MarketLog.MarketLog
    const head = {
      epoch,
      sid,
      seq: delta.seq,
      tsExchangeMicros: delta.tsExchangeMicros,
      tsReceivedMicros: tsOpenedMicros + index
    }
    MarketLog.delta(log, head, delta.side, delta.priceE4, delta.deltaE2, outbox)
    if (index % commitDeltas === 0) Outbox.drain(outbox)
  })
  return { seconds, books: booksOf(logs) }
}

const applyAll = ({ deltas, openings }: Workload): Round => {
  const books = new Map([...openings].map(([ticker, levels]) => [ticker, Book.fromLevels(levels)]))
  const seconds = timed(deltas, (delta) => {
    Book.apply(books.get(delta.marketTicker) as Book.Book, delta.side, delta.priceE4, delta.deltaE2)
  })
  return { seconds, books }
}

/** Seconds for taking every delta. */
const timed = (deltas: ReadonlyArray<OrderbookDelta>, take: (delta: OrderbookDelta, index: number) => void): number => {
  const startMillis = performance.now()
  for (let index = 0; index < deltas.length; index++) take(deltas[index] as OrderbookDelta, index)
  return (performance.now() - startMillis) / 1_000
}

const booksOf = (logs: ReadonlyMap<MarketTicker, MarketLog.MarketLog>): ReadonlyMap<MarketTicker, Book.Book> =>
  new Map([...logs].map(([ticker, log]) => [ticker, log.replay.book]))

const assertSameBooks = (
  ours: ReadonlyMap<MarketTicker, Book.Book>,
  theirs: ReadonlyMap<MarketTicker, Book.Book>
): void => {
  for (const [ticker, book] of ours) {
    const other = theirs.get(ticker)
    if (other === undefined || Book.hash(other) !== Book.hash(book)) throw new Error(`the books of ${ticker} differ`)
  }
}
