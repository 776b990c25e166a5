/**
 * Past days without frames: what the invented exchange does goes into the logs of its markets as it happens. Nothing goes wrong in
 * them, and they are made several times faster than `PastDays`: for benchmarks, which need many records and no proof.
 */
import * as Book from "@kalshibook/core/Book"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import * as Exchange from "../exchange/Exchange.ts"
import { defaultSettings } from "../exchange/ExchangeSettings.ts"
import type { SimMarket } from "../exchange/MarketModel.ts"
import * as Simulation from "../exchange/Simulation.ts"
import * as PastClock from "./PastClock.ts"
import type { PastBatch } from "./PastDays.ts"
import { defaultPastSettings, type PastSettings } from "./PastSettings.ts"
import * as PastSights from "./PastSights.ts"

export type SwiftSettings = Pick<
  PastSettings,
  "seed" | "marketsOpen" | "deltasPerSecond" | "fromMicros" | "untilMicros" | "seriesMark" | "batchRecords"
>

export interface SwiftDays {
  readonly settings: SwiftSettings
  readonly simulation: Simulation.Simulation
  readonly logs: Map<SimMarket, MarketLog.MarketLog>
  readonly outbox: Outbox.Outbox
  readonly sights: PastSights.PastSights
  /** Of the one connection, whose books have sid 1, and trades sid 2. */
  seq: number
  seqTrades: number
  tsExchangeMicros: number
  isOver: boolean
}

const epoch = 1
const sidBooks = 1
const sidTrades = 2
/** How far is simulated between two looks at the size of the batch. */
const strideMicros = 1_000_000

export const make = (given: Partial<SwiftSettings> & Pick<SwiftSettings, "fromMicros" | "untilMicros">): SwiftDays => {
  const settings: SwiftSettings = { ...defaultPastSettings, ...given }
  const { deltasPerSecond, fromMicros, marketsOpen, seed, seriesMark } = settings
  const simulation = Simulation.make({
    ...defaultSettings,
    seed,
    marketsOpen,
    deltasPerSecond,
    seriesMark,
    startMicros: fromMicros,
    truthChangesMax: 10_000,
    tradesMax: 1
  })
  const days: SwiftDays = {
    settings,
    simulation,
    logs: new Map(),
    outbox: Outbox.make(),
    sights: PastSights.make(),
    seq: 0,
    seqTrades: 0,
    tsExchangeMicros: fromMicros,
    isOver: false
  }
  listen(days)
  return days
}

const listen = (days: SwiftDays): void => {
  const { logs, outbox, sights } = days
  const { exchange } = days.simulation
  const received = (): number => PastClock.receivedMicros(days.settings.seed, Exchange.clockMicros(exchange))

  const head = (sid: number, seq: number, tsExchangeMicros: number | null): MarketLog.FrameHead => ({
    epoch,
    sid,
    seq,
    tsExchangeMicros,
    tsReceivedMicros: received()
  })

  const begin = (market: SimMarket): MarketLog.MarketLog => {
    const log = MarketLog.make(market.ticker)
    logs.set(market, log)
    PastSights.seeEvent(sights, market.event, received())
    PastSights.seeMarket(sights, market, received())
    MarketLog.snapshot(log, head(sidBooks, ++days.seq, null), Book.levels(market.book), outbox)
    return log
  }

  exchange.listeners.add({
    levelChanged: (market, { deltaE2, priceE4, side, tsMicros }) => {
      const log = logs.get(market)
      days.tsExchangeMicros = tsMicros
      // Its first snapshot has the change in it.
      if (log === undefined) begin(market)
      else MarketLog.delta(log, head(sidBooks, ++days.seq, tsMicros), side, priceE4, deltaE2, outbox)
    },
    bookReplaced: () => undefined,
    traded: ({ isBlockTrade, market, sizeE2, takerSide, tradeId, tsMicros, yesPriceE4 }) => {
      const { tsReceivedMicros, ...numbers } = head(sidTrades, ++days.seqTrades, Math.floor(tsMicros / 1000) * 1000)
      outbox.trades.push({
        tradeId,
        marketTicker: market.ticker,
        ...numbers,
        tsExchangeMicros: Math.floor(tsMicros / 1000) * 1000,
        tsReceivedMicros,
        yesPriceE4,
        sizeE2,
        takerSide,
        isBlockTrade
      })
    },
    noticed: () => undefined,
    marketForgotten: (market) => void logs.delete(market)
  })
  for (const market of exchange.markets.values()) if (market.status === "active") begin(market)
}

/** The next batch; `undefined` when the days are over. 2 to 5 us a record. */
export const next = (days: SwiftDays): PastBatch | undefined => {
  const { outbox, settings, simulation } = days
  const { exchange } = simulation
  while (!days.isOver && outbox.records.length < settings.batchRecords) {
    Simulation.advanceTo(simulation, exchange.nowMicros + strideMicros)
    days.isOver = PastClock.receivedMicros(settings.seed, exchange.nowMicros + strideMicros) >= settings.untilMicros
  }
  if (Outbox.isEmpty(outbox)) return undefined
  const { tsExchangeMicros } = days
  const tsReceivedMicros = days.isOver
    ? settings.untilMicros - 1
    : PastClock.receivedMicros(settings.seed, Exchange.clockMicros(exchange))
  return {
    rows: Outbox.drain(outbox),
    sights: PastSights.drain(days.sights),
    mark: {
      epoch,
      tsReceivedMicros,
      tsExchangeMicros,
      tsExchangeReceivedMicros: PastClock.receivedMicros(settings.seed, tsExchangeMicros),
      tapeEntry: 0
    }
  }
}
