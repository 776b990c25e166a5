import { assert, describe, it } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import { Effect } from "effect"
import * as Lies from "./Lies.ts"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"
import * as Wiretap from "./Wiretap.ts"

/** Everything recorded, then this lie about one market, and everything recorded again. */
const lieTo = Effect.fnUntraced(function* (change: (book: Book.Book) => Omit<Lies.Change, "marketTicker">) {
  const exchange = yield* Station.startExchange()
  const heard = Wiretap.listen(exchange)
  const station = yield* Station.record(exchange, yield* Station.memory)
  yield* Station.untilAllLive(station)
  const marketTicker = Station.live(station)[5] ?? ""
  const market = exchange.exchange.markets.get(marketTicker)
  if (market === undefined) return yield* Effect.die("the market is there")
  Lies.sendChange(exchange, { marketTicker, ...change(market.book) })
  yield* Station.until("it is distrusted", () => !Station.live(station).includes(marketTicker))
  yield* Station.untilAllLive(station)
  const asked = heard.filter(({ params }) => params.action === "get_snapshot")
  return { station, marketTicker, asked: asked.map(({ params }) => params.market_tickers) }
})

const absurdE2 = 1_000_000_000_000

describe("a fault of one market", () => {
  const lies = {
    "takes more from a level than there is": () => ({ side: "yes", priceE4: 100, deltaE2: -absurdE2 }) as const,
    "crosses the book": () => ({ side: "yes", priceE4: 9_900, deltaE2: 100 }) as const,
    "has a price off the market's grid": () => ({ side: "no", priceE4: 101, deltaE2: 100 }) as const
  }
  for (const [what, lie] of Object.entries(lies)) {
    it.live(`a change that ${what} restarts that market alone: the others keep their books without a gap`, () =>
      Effect.gen(function* () {
        const { asked, marketTicker, station } = yield* lieTo(lie)
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual(yield* Verdict.gapCauses(station), { [marketTicker]: ["inconsistent"] })
        assert.deepStrictEqual(asked, [[marketTicker]])
      }).pipe(Effect.scoped)
    )
  }

  it.live("a change that the exchange never made is found by the next snapshot, and disowned", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      const settings = { dataSilenceMillisMax: 400 }
      const station = yield* Station.record(exchange, yield* Station.memory, { settings })
      yield* Station.untilAllLive(station)
      const [marketTicker = ""] = Station.live(station)
      const market = exchange.exchange.markets.get(marketTicker)
      const priceE4 = market === undefined ? 0 : (Book.best(market.book, "yes")?.priceE4 ?? 0)
      yield* Station.inflict(exchange, { fault: "pause_trading" })
      Lies.sendChange(exchange, { marketTicker, side: "yes", priceE4, deltaE2: 500 })
      const isRight = (): boolean => {
        const log = station.recording.recorder.logs.get(marketTicker)
        return log !== undefined && market !== undefined && Book.hash(log.replay.book) === Book.hash(market.book)
      }
      yield* Station.until("it is believed", () => !isRight())
      // A quiet exchange is asked for snapshots.
      yield* Station.until("it is found", isRight)
      yield* Verdict.untilStored(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), { [marketTicker]: ["inconsistent"] })
      assert.strictEqual(station.recording.recorder.epochLast, 1)
    }).pipe(Effect.scoped)
  )

  it.live("a market that breaks again and again does not keep the others from being recorded", () =>
    Effect.gen(function* () {
      const station = yield* Station.start()
      yield* Station.untilAllLive(station)
      const [marketTicker = "", ...others] = Station.live(station)
      const lie = { marketTicker, side: "yes", priceE4: 100, deltaE2: -absurdE2 } as const
      const { logs } = station.recording.recorder
      const sinceOffset = (): number => {
        const { trust } = logs.get(marketTicker)?.replay ?? {}
        return trust?._tag === "trusted" ? trust.sinceOffset : 0
      }
      for (let time = 0; time < 5; time++) {
        const before = sinceOffset()
        Lies.sendChange(station.exchange, lie)
        yield* Station.until("it has another book", () => sinceOffset() > before)
        assert.includeMembers([...Station.live(station)], others)
      }
      yield* Verdict.isTrue(station)
      const causes = yield* Verdict.gapCauses(station)
      assert.deepStrictEqual(causes, { [marketTicker]: Array.from({ length: 5 }, () => "inconsistent") })
      assert.isAtLeast((yield* station.collector.status).restarts, 4)
    }).pipe(Effect.scoped)
  )
})
