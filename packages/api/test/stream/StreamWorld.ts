/** The API with its stream over stores in memory, and a recorder that does what a test says. */
import type { BookRecord } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import { nothingRecorded } from "@kalshibook/core/FeedMessage"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Layer } from "effect"
import { StreamServer } from "../../src/stream/StreamServer.ts"
import * as ApiTest from "../ApiTest.ts"
import * as Customer from "../Customer.ts"
import { port } from "../Http.ts"
import * as ModelRecorder from "../live/ModelRecorder.ts"
import * as StreamClient from "./StreamClient.ts"

export const layer = ApiTest.layerEmpty().pipe(
  Layer.provideMerge(StreamServer.layerMemory),
  Layer.provideMerge(FeedHub.layer)
)

/** When this exchange began, Unix microseconds: what is not given a time is of the first second of 1970. */
const observedMicros = 1

const entry = (ticker: string, body: Readonly<Record<string, unknown>>) => ({
  ticker,
  body,
  tsObservedMicros: observedMicros
})

/** Ids of trades must not meet: all worlds of a test file share one store. */
let sideSeq = 0

export const make = Effect.gen(function* () {
  const hub = yield* FeedHub
  const hot = yield* HotTier
  const catalog = yield* MarketCatalog
  const recorder = ModelRecorder.make(hub)
  const sides: { trades: Array<TradeRecord>; lifecycle: Array<LifecycleRecord>; channelGaps: Array<ChannelGap> } = {
    trades: [],
    lifecycle: [],
    channelGaps: []
  }
  const stored = new Map<string, number>()

  const all = (): ReadonlyArray<BookRecord> => [...recorder.logs().values()].flat()
  const lastMicros = (): number => Math.max(1_000, ...all().map(({ tsReceivedMicros }) => tsReceivedMicros))

  /** Stores everything until now, as a recorder's commit does. */
  const commit = Effect.suspend(() => {
    const records = [...recorder.logs()].flatMap(([ticker, log]) => log.slice(stored.get(ticker) ?? 0))
    for (const [ticker, log] of recorder.logs()) stored.set(ticker, log.length)
    const tsReceivedMicros = lastMicros()
    return hot.append({
      records,
      keyframes: [],
      connections: [],
      ...sides,
      watermark: {
        epoch: 1,
        tsReceivedMicros,
        tsExchangeMicros: tsReceivedMicros,
        tsExchangeReceivedMicros: tsReceivedMicros,
        tapeId: null,
        tapeEntry: 0
      }
    })
  })

  const trade = (marketTicker: string): TradeRecord => {
    const tsReceivedMicros = lastMicros()
    const seq = ++sideSeq
    const made: TradeRecord = {
      tradeId: `trade-${seq}`,
      marketTicker,
      epoch: 1,
      sid: 2,
      seq,
      tsExchangeMicros: tsReceivedMicros,
      tsReceivedMicros,
      yesPriceE4: 3_400,
      sizeE2: 100,
      takerSide: "yes",
      isBlockTrade: false
    }
    sides.trades.push(made)
    hub.publish(tsReceivedMicros, { ...nothingRecorded, trades: [made] })
    return made
  }

  const say = (ticker: string, eventType: string): LifecycleRecord => {
    const tsReceivedMicros = lastMicros()
    const made = {
      ticker,
      eventType,
      epoch: 1,
      sid: 3,
      seq: ++sideSeq,
      tsReceivedMicros,
      body: { event_type: eventType }
    }
    sides.lifecycle.push(made)
    hub.publish(tsReceivedMicros, { ...nothingRecorded, lifecycle: [made] })
    return made
  }

  const loseTrades = (): ChannelGap => {
    const tsFromMicros = lastMicros()
    const gap: ChannelGap = {
      channel: "trade",
      epoch: 1,
      sid: 2,
      seqFrom: ++sideSeq,
      seqTo: sideSeq + 1,
      cause: "sequence_hole",
      tsFromMicros,
      tsDetectedMicros: tsFromMicros,
      tsToMicros: tsFromMicros
    }
    sides.channelGaps.push(gap)
    hub.publish(tsFromMicros, { ...nothingRecorded, channelGaps: [gap] })
    return gap
  }

  /** A series with an event of these markets, `SERIES-EVENT-MARKET`. */
  const list = (tickers: ReadonlyArray<string>) => {
    const eventOf = (ticker: string) => ticker.slice(0, ticker.lastIndexOf("-"))
    const events = [...new Set(tickers.map(eventOf))]
    const series = [...new Set(tickers.map((ticker) => ticker.split("-", 1)[0] ?? ""))]
    return catalog.observe({
      series: series.map((ticker) => entry(ticker, { ticker })),
      events: events.map((ticker) => entry(ticker, { event_ticker: ticker, series_ticker: ticker.split("-", 1)[0] })),
      markets: tickers.map((ticker) => entry(ticker, { ticker, event_ticker: eventOf(ticker), status: "active" }))
    })
  }

  const number = yield* port
  const connect = (query = "", options: Partial<StreamClient.ClientOptions> = {}) =>
    StreamClient.connect({ port: number, query, headers: { authorization: `Bearer ${Customer.key()}` }, ...options })

  const server = yield* StreamServer
  /** Bytes that wait for each reader, in the process and in its socket. */
  const waiting = server.waitingBytes

  return { waiting, hub, recorder, commit, trade, say, loseTrades, list, connect, port: number, lastMicros }
})
