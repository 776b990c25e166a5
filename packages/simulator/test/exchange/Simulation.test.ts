import * as Book from "@kalshibook/core/Book"
import { assert, describe, it } from "vitest"
import type { ExchangeListener } from "../../src/exchange/Exchange.ts"
import { defaultSettings, type ExchangeSettings, problemOf } from "../../src/exchange/ExchangeSettings.ts"
import type { LifecycleNotice, SimMarket, SimTrade } from "../../src/exchange/MarketModel.ts"
import * as Simulation from "../../src/exchange/Simulation.ts"
import type { LevelChange } from "../../src/exchange/Truth.ts"

const startMicros = 1_795_000_000_000_000

const settings = (changed: Partial<ExchangeSettings> = {}): ExchangeSettings => ({
  ...defaultSettings,
  startMicros,
  ...changed
})

/** Lives that pass in seconds. */
const quick = { quickLifeSeconds: 5, lifecycleSpeed: 2_000, marketsOpen: 40, deltasPerSecond: 2_000 }

const quiet: ExchangeListener = {
  levelChanged: () => {},
  bookReplaced: () => {},
  traded: () => {},
  noticed: () => {},
  marketForgotten: () => {}
}

const listen = (simulation: Simulation.Simulation, listener: Partial<ExchangeListener>): void => {
  simulation.exchange.listeners.add({ ...quiet, ...listener })
}

describe("Simulation", () => {
  it("gives the same exchange for the same seed, whatever the pieces in which time passes", () => {
    const run = (seed: number, pieceMicros: number): string => {
      const simulation = Simulation.make(settings({ ...quick, seed }))
      const log: Array<string> = []
      listen(simulation, {
        levelChanged: (market, change) =>
          log.push(`${market.ticker} ${change.side} ${change.priceE4} ${change.deltaE2} ${change.tsMicros}`),
        traded: (trade) => log.push(trade.tradeId),
        noticed: (notice) => log.push(JSON.stringify(notice.body))
      })
      for (let at = startMicros; at < startMicros + 6_000_000; at += pieceMicros) {
        Simulation.advanceTo(simulation, at + pieceMicros)
      }
      return log.join("\n")
    }
    assert.strictEqual(run(3, 6_000_000), run(3, 5_000))
    assert.notStrictEqual(run(3, 6_000_000), run(4, 6_000_000))
  })

  it("never crosses a book, leaves no grid, and makes no level negative, after any single change", () => {
    const simulation = Simulation.make(settings({ ...quick, seed: 11 }))
    let changes = 0
    const faults: Array<string> = []
    const check = (market: SimMarket, change: LevelChange): void => {
      changes++
      const { indexAtOrBelow, pricesE4 } = market.structure
      const onGrid = pricesE4[indexAtOrBelow[change.priceE4] ?? -1] === change.priceE4
      // After a move to a finer grid all old prices stay on it; nothing else may change the grid.
      if (Book.isCrossed(market.book) || !onGrid || change.deltaE2 === 0 || market.status === "finalized") {
        faults.push(`${market.ticker} ${JSON.stringify(change)}`)
      }
    }
    listen(simulation, { levelChanged: check })
    Simulation.advanceTo(simulation, startMicros + 25_000_000)
    assert.isAbove(changes, 50_000)
    assert.deepStrictEqual(faults, [])
  })

  it("stamps in microseconds that never go back and that no two engine events share", () => {
    const simulation = Simulation.make(settings({ deltasPerSecond: 50_000, marketsOpen: 200 }))
    let last: { readonly tsMicros: number; readonly market: SimMarket } | undefined
    const wrong: Array<LevelChange> = []
    listen(simulation, {
      levelChanged: (market, change) => {
        // Changes with one stamp belong to one event, which is always in one market.
        const goesBack = last !== undefined && change.tsMicros < last.tsMicros
        if (goesBack || (last?.tsMicros === change.tsMicros && last.market !== market)) wrong.push(change)
        last = { tsMicros: change.tsMicros, market }
      }
    })
    Simulation.advanceTo(simulation, startMicros + 1_000_000)
    assert.deepStrictEqual(wrong, [])
  })

  it("amends orders as two changes with one stamp, after which a level may have vanished", () => {
    const simulation = Simulation.make(settings({ seed: 5 }))
    const byStamp = new Map<number, Array<LevelChange>>()
    let vanished = 0
    listen(simulation, {
      levelChanged: (market, change) => {
        byStamp.set(change.tsMicros, [...(byStamp.get(change.tsMicros) ?? []), change])
        if (Book.sizeE2(market.book, change.side, change.priceE4) === 0) vanished++
      }
    })
    Simulation.step(simulation, 5_000)
    const amends = [...byStamp.values()].filter(
      ([one, other, more]) =>
        more === undefined && one !== undefined && other !== undefined && one.deltaE2 * other.deltaE2 < 0
    )
    assert.isAbove(amends.length, 300)
    assert.isAbove(vanished, 300)
    assert.isTrue(amends.some(([one]) => (one?.deltaE2 ?? 0) > 0) && amends.some(([one]) => (one?.deltaE2 ?? 0) < 0))
  })

  it("takes what is traded off the book, at one price that was the best", () => {
    const simulation = Simulation.make(settings({ seed: 9 }))
    const changes = new Map<number, Array<LevelChange>>()
    const trades: Array<SimTrade> = []
    listen(simulation, {
      levelChanged: (_, change) => changes.set(change.tsMicros, [...(changes.get(change.tsMicros) ?? []), change]),
      traded: (trade) => trades.push(trade)
    })
    Simulation.step(simulation, 5_000)
    assert.isAbove(trades.length, 300)
    for (const trade of trades) {
      const makerSide = trade.takerSide === "yes" ? "no" : "yes"
      const priceE4 = makerSide === "yes" ? trade.yesPriceE4 : 10_000 - trade.yesPriceE4
      const taken = changes
        .get(trade.tsMicros)
        ?.filter((change) => change.side === makerSide && change.priceE4 === priceE4)
      assert.isTrue(taken?.some((change) => change.deltaE2 === -trade.sizeE2))
    }
  })

  it("lets markets live whole lives and never dries up", () => {
    const simulation = Simulation.make(settings(quick))
    const notices: Array<LifecycleNotice> = []
    listen(simulation, { noticed: (notice) => notices.push(notice) })
    for (let second = 1; second <= 30; second++) {
      Simulation.advanceTo(simulation, startMicros + second * 1_000_000)
      const open = [...simulation.exchange.markets.values()].filter((market) => market.status === "active").length
      assert.isAtLeast(open, quick.marketsOpen * 0.6)
    }
    const kinds = new Set(notices.map((notice) => notice.eventType))
    for (const kind of [
      "event_lifecycle",
      "created",
      "determined",
      "settled",
      "deactivated",
      "activated",
      "close_date_updated"
    ]) {
      assert.isTrue(kinds.has(kind), kind)
    }
    const ofMarket = (ticker: string) =>
      notices.filter((notice) => notice.ticker === ticker).map((notice) => notice.eventType)
    const settled = notices.filter((notice) => notice.eventType === "settled").map((notice) => notice.ticker)
    assert.isAbove(settled.length, 10)
    for (const ticker of settled) {
      const told = ofMarket(ticker)
      assert.isBelow(told.indexOf("determined"), told.indexOf("settled"))
      assert.lengthOf(
        told.filter((kind) => kind === "settled"),
        1
      )
    }
  })

  it("does by itself, rarely, everything that may happen to a market", () => {
    const simulation = Simulation.make(settings({ ...quick, deltasPerSecond: 50 }))
    const happened = new Set<string>()
    const closes = new Map<string, number>()
    listen(simulation, {
      traded: ({ isBlockTrade }) => happened.add(isBlockTrade ? "block trade" : "trade"),
      noticed: ({ body, eventType, ticker }) => {
        happened.add(eventType)
        if (eventType === "created") closes.set(ticker, Number(body.close_ts))
        if (eventType === "close_date_updated" && closes.has(ticker)) {
          happened.add(Number(body.close_ts) > (closes.get(ticker) ?? 0) ? "closes later" : "closes earlier")
        }
      }
    })
    const states = new Map<SimMarket, string>()
    for (let at = startMicros; at < startMicros + 120_000_000; at += 2_000) {
      Simulation.advanceTo(simulation, at)
      for (const market of simulation.exchange.markets.values()) {
        if (states.get(market) === "closed" && market.status === "active") happened.add("reopened")
        states.set(market, market.status)
        happened.add(market.status)
      }
    }
    assert.includeMembers(
      [...happened],
      [
        ...["trade", "block trade", "event_lifecycle", "created", "event_fee_update", "metadata_updated"],
        ...["activated", "deactivated", "close_date_updated", "closes later", "closes earlier", "reopened"],
        ...["price_level_structure_updated", "determined", "disputed", "amended", "settled", "finalized"]
      ]
    )
  })

  it("empties the book of a market that is reactivated or closed", () => {
    const simulation = Simulation.make(settings({ ...quick, seed: 2 }))
    const emptied = new Map<string, number>()
    const counts = new Map<string, number>()
    listen(simulation, {
      levelChanged: (market) => {
        const levels = market.book.yes.count + market.book.no.count
        counts.set(market.ticker, levels)
        if (levels === 0) emptied.set(market.ticker, simulation.exchange.stampMicros)
      },
      noticed: (notice) => {
        if (notice.eventType === "activated" || notice.eventType === "settled") {
          assert.strictEqual(counts.get(notice.ticker) ?? 0, 0, `${notice.ticker} ${notice.eventType}`)
        }
      }
    })
    Simulation.advanceTo(simulation, startMicros + 20_000_000)
    assert.isAbove(emptied.size, 10)
  })

  it("forgets finalized markets beyond the limit, with their events and their truth", () => {
    const simulation = Simulation.make(settings({ ...quick, finalizedMarketsMax: 10 }))
    const forgotten: Array<string> = []
    listen(simulation, { marketForgotten: (market) => forgotten.push(market.ticker) })
    Simulation.advanceTo(simulation, startMicros + 30_000_000)
    const { events, markets, truth } = simulation.exchange
    assert.isAbove(forgotten.length, 5)
    assert.isAtMost([...markets.values()].filter((market) => market.status === "finalized").length, 10)
    assert.isFalse(forgotten.some((ticker) => markets.has(ticker) || truth.markets.has(ticker)))
    assert.isTrue([...events.values()].every((event) => event.markets.length > 0))
  })

  it("keeps to the rate that is asked for, with few hot markets and many quiet ones", () => {
    const simulation = Simulation.make(settings({ marketsOpen: 2_000, deltasPerSecond: 20_000 }))
    const counts = new Map<string, number>()
    listen(simulation, { levelChanged: (market) => counts.set(market.ticker, (counts.get(market.ticker) ?? 0) + 1) })
    Simulation.advanceTo(simulation, startMicros + 3_000_000)
    assert.closeTo(simulation.exchange.changeNumber, 60_000, 4_000)
    const sorted = [...counts.values()].sort((one, other) => other - one)
    const top = sorted.slice(0, 20).reduce((sum, one) => sum + one, 0)
    assert.isAbove(top / simulation.exchange.changeNumber, 0.3)
    assert.isBelow(sorted[1_000] ?? 0, 20)
  })

  it("makes exchanges from 5 to 10,000 markets, each with the number of open markets that was asked for", () => {
    for (const marketsOpen of [5, 60, 10_000]) {
      const { exchange } = Simulation.make(settings({ marketsOpen }))
      const active = [...exchange.markets.values()].filter((market) => market.status === "active")
      assert.lengthOf(active, marketsOpen)
      assert.strictEqual(new Set(active.map((market) => market.ticker)).size, marketsOpen)
    }
  })

  it("lists tickers as Kalshi writes them, some with dots, and grids of several kinds", () => {
    const { exchange } = Simulation.make(settings({ marketsOpen: 500 }))
    const tickers = [...exchange.markets.keys()]
    assert.deepStrictEqual(
      tickers.filter((ticker) => !/^KX[A-Z0-9]+-\d{2}[A-Z]{3}\d{2}[A-Z0-9]*-[A-Z0-9.]+$/.test(ticker)),
      []
    )
    assert.isTrue(tickers.some((ticker) => ticker.includes(".")))
    assert.isAtLeast(new Set([...exchange.markets.values()].map((market) => market.structure.label)).size, 5)
  })

  it("lets its traders rest rather than live in the past when the machine cannot keep up, and counts it", () => {
    const simulation = Simulation.make(settings())
    Simulation.skipTo(simulation, startMicros + 5_000_000)
    Simulation.advanceTo(simulation, startMicros + 6_000_000)
    assert.strictEqual(simulation.skippedMicros, 5_000_000)
    assert.isBelow(simulation.exchange.changeNumber, 400)
    assert.isAtLeast(simulation.exchange.stampMicros, startMicros + 5_000_000)
  })

  it("keeps stamps in order when the clock is set back and forth", () => {
    const simulation = Simulation.make(settings())
    const stamps: Array<number> = []
    listen(simulation, { levelChanged: (_, change) => stamps.push(change.tsMicros) })
    Simulation.advanceTo(simulation, startMicros + 1_000_000)
    simulation.exchange.clockOffsetMicros = 5_000_000
    Simulation.advanceTo(simulation, startMicros + 2_000_000)
    assert.isAbove(stamps.at(-1) ?? 0, startMicros + 6_000_000)
    simulation.exchange.clockOffsetMicros = -5_000_000
    Simulation.advanceTo(simulation, startMicros + 4_000_000)
    assert.isTrue(stamps.every((stamp, index) => index === 0 || stamp >= (stamps[index - 1] ?? 0)))
  })
})

describe("ExchangeSettings", () => {
  it("names the setting that is out of bounds", () => {
    assert.isUndefined(problemOf(settings()))
    for (const [name, value] of [
      ["marketsOpen", 4],
      ["marketsOpen", 10_001],
      ["deltasPerSecond", 50_001],
      ["seed", 1.5],
      ["quickLifeSeconds", Number.NaN]
    ] as const) {
      assert.include(problemOf(settings({ [name]: value })) ?? "", name)
    }
  })
})
