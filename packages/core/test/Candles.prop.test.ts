import * as Book from "@kalshibook/core/Book"
import { type BookRecord, gapCauses } from "@kalshibook/core/BookRecord"
import * as Candles from "@kalshibook/core/Candles"
import * as Replay from "@kalshibook/core/Replay"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as LogArbitrary from "./LogArbitrary.ts"
import { propertyRuns } from "./PropertyRuns.ts"

const startMicros = 960
const endMicros = 1_800

const trade = (tsExchangeMicros: number, yesPriceE4: number, sizeE2: number): TradeRecord => ({
  tradeId: "",
  marketTicker: "KXTEST-26NOV22-T1.5",
  epoch: 1,
  sid: 2,
  seq: 1,
  tsExchangeMicros,
  tsReceivedMicros: tsExchangeMicros,
  yesPriceE4,
  sizeE2,
  takerSide: "yes",
  isBlockTrade: false
})

const trades = fc
  .array(
    fc.tuple(
      fc.integer({ min: startMicros, max: endMicros - 1 }),
      fc.integer({ min: 1, max: 9_999 }),
      fc.integer({ min: 1, max: 900 })
    ),
    { maxLength: 30 }
  )
  .map((drawn) =>
    drawn.toSorted(([left], [right]) => left - right).map(([micros, price, size]) => trade(micros, price, size))
  )

/** The records in pieces, of which each but the last ends before it is known what follows. */
const reader = (records: ReadonlyArray<BookRecord>, pieceRecords: number) => {
  const replay = Replay.make()
  let at = 0
  let known = 0
  return {
    replay,
    readOn: () => {
      known += pieceRecords
    },
    foldUntil: (atMicros: number): number | undefined => {
      while (true) {
        const record = records[at]
        if (record === undefined) return Number.POSITIVE_INFINITY
        if (at >= known) return undefined
        if (record.tsReceivedMicros > atMicros) return record.tsReceivedMicros
        Replay.apply(replay, record)
        at++
      }
    }
  }
}

const candlesOf = (
  records: ReadonlyArray<BookRecord>,
  traded: ReadonlyArray<TradeRecord>,
  interval: number,
  pieceRecords = 1_000
): ReadonlyArray<Candles.Candle> => {
  const log = reader(records, pieceRecords)
  return Array.from({ length: Math.ceil((endMicros - startMicros) / interval) }, (_, at) => {
    const candle = Candles.make(startMicros + at * interval, startMicros + (at + 1) * interval)
    let reached = candle.startMicros
    while (reached < candle.endMicros) {
      const from = reached
      reached = Candles.addBook(candle, log.replay, from, candle.endMicros, log.foldUntil)
      if (reached < candle.endMicros) log.readOn()
    }
    for (const one of traded) {
      if (one.tsExchangeMicros >= candle.startMicros && one.tsExchangeMicros < candle.endMicros) {
        Candles.addTrade(candle, one)
      }
    }
    return candle
  })
}

const pricesOf = (prices: ReadonlyArray<number>): Candles.Prices | undefined =>
  prices.length === 0
    ? undefined
    : {
        openE4: prices[0] as number,
        highE4: Math.max(...prices),
        lowE4: Math.min(...prices),
        closeE4: prices.at(-1) as number
      }

/** Each candle from the book at every microsecond of it. */
const plain = (
  records: ReadonlyArray<BookRecord>,
  traded: ReadonlyArray<TradeRecord>,
  from: number,
  to: number
): Candles.Candle => {
  const bids: Array<number> = []
  const asks: Array<number> = []
  const causes = new Set<number>()
  let trustedMicros = 0
  const replay = Replay.make()
  for (let micros = from; micros < to; micros++) {
    const unfolded = records.filter(({ offset }) => offset > (replay.last?.offset ?? 0))
    Replay.applyUntil(replay, unfolded, micros, "received")
    if (replay.trust._tag === "stale") causes.add(gapCauses.indexOf(replay.trust.gap.cause))
    if (replay.trust._tag !== "trusted") continue
    trustedMicros++
    const levels = Book.levels(replay.book)
    const [bid, no] = [levels.yes.at(-1), levels.no.at(-1)]
    if (bid !== undefined) bids.push(bid.priceE4)
    if (no !== undefined) asks.push(10_000 - no.priceE4)
  }
  const within = traded.filter((one) => one.tsExchangeMicros >= from && one.tsExchangeMicros < to)
  return {
    startMicros: from,
    endMicros: to,
    price: pricesOf(within.map(({ yesPriceE4 }) => yesPriceE4)),
    tradeCount: within.length,
    volumeE2: within.reduce((sum, { sizeE2 }) => sum + sizeE2, 0),
    yesBid: pricesOf(bids),
    yesAsk: pricesOf(asks),
    bookRecords: records.filter((one) => one.tsReceivedMicros >= from && one.tsReceivedMicros < to).length,
    trustedMicros,
    causes: [...causes].reduce((bits, bit) => bits | (1 << bit), 0)
  }
}

describe("candles", () => {
  it("are what the book at every single moment and the list of trades say, however the log is read", () => {
    fc.assert(
      fc.property(
        LogArbitrary.log,
        trades,
        fc.constantFrom(20, 60, 120),
        fc.integer({ min: 1, max: 9 }),
        (log, traded, interval, pieceRecords) => {
          const found = candlesOf(log, traded, interval, pieceRecords)
          assert.deepStrictEqual(
            found,
            found.map((one) => plain(log, traded, one.startMicros, one.endMicros))
          )
        }
      ),
      propertyRuns(25)
    )
  })

  it("of a long span are those of its parts merged", () => {
    fc.assert(
      fc.property(
        LogArbitrary.log,
        trades,
        fc.constantFrom([12, 5], [20, 3], [60, 14]),
        (log, traded, [short = 1, factor = 1]) => {
          const parts = candlesOf(log, traded, short)
          const whole = candlesOf(log, traded, short * factor)
          const merged = Array.from({ length: whole.length }, (_, at) =>
            parts.slice(at * factor, (at + 1) * factor).reduce(Candles.merge)
          )
          assert.deepStrictEqual(merged, whole)
        }
      ),
      propertyRuns(100)
    )
  })

  it("say whether the book is known in them, and why not", () => {
    const trusts = (candle: Partial<Candles.Candle>, known: number) => {
      const one = { ...Candles.make(0, 60), ...candle }
      return [Candles.trustOf(one, known), Candles.causesOf(one)]
    }
    assert.deepStrictEqual(trusts({ trustedMicros: 60 }, 60), ["trusted", []])
    assert.deepStrictEqual(trusts({ trustedMicros: 10 }, 10), ["trusted", []])
    assert.deepStrictEqual(trusts({ trustedMicros: 59, causes: 2 }, 60), ["partial", ["silence"]])
    assert.deepStrictEqual(trusts({ causes: 0b1000_0000_0001 }, 60), ["stale", ["connection_lost", "maintenance"]])
    assert.deepStrictEqual(trusts({}, 60), ["unknown", []])
  })
})
