/**
 * The lanes of a replay beside the books: holes of channels, trades, lifecycle messages. Of a sealed hour they come from its files, else
 * from Postgres, some minutes at a time; of one that waits to be sealed again from both.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { sideChannels } from "@kalshibook/core/ChannelGap"
import type { ChannelGapEntry, LifecycleEntry, ReplayEntry, TradeEntry } from "@kalshibook/core/ReplayEntry"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { Effect, Option } from "effect"
import type { ChannelGaps, StoredChannelGap } from "../ChannelGaps.ts"
import type { ColdTier } from "../cold/ColdTier.ts"
import type { FoundHour } from "../cold/SealedHours.ts"
import type { LifecycleLog, LifecyclePlace } from "../LifecycleLog.ts"
import { byReceipt, type ReceivedTrades } from "../ReceivedTrades.ts"
import type { LogError } from "../TieredLog.ts"
import * as ReplayMerge from "./ReplayMerge.ts"

export interface SideSources {
  readonly cold: ColdTier["Service"]
  readonly receivedTrades: ReceivedTrades["Service"]
  readonly lifecycleLog: LifecycleLog["Service"]
  readonly channelGaps: ChannelGaps["Service"]
}

export interface SideQuery {
  /** `undefined`: trades of all markets. */
  readonly trades: ReadonlyArray<MarketTicker> | undefined
  readonly lifecycle: boolean
  readonly fromMicros: number
  readonly toMicros: number
  /** The lanes' first rank: behind all books. */
  readonly rank: number
}

export interface SideSpan {
  readonly _tag: "hour" | "logs"
  readonly hour: FoundHour | undefined
  readonly fromMicros: number
  readonly toMicros: number
}

export interface SideLane {
  readonly lane: ReplayMerge.Lane
  /** Reads what follows; `undefined` where nothing does. */
  readonly filling: Effect.Effect<void, LogError> | undefined
}

/** Of the whole exchange some twenty thousand trades, and a thousand lifecycle messages. */
const sliceMicros = 300_000_000
const messagesMax = 1_000

export const make = Effect.fnUntraced(function* (sources: SideSources, query: SideQuery) {
  const { channelGaps, cold, lifecycleLog, receivedTrades } = sources
  const hasTrades = query.trades === undefined || query.trades.length > 0
  const told = sideChannels.filter((channel) => (channel === "trade" ? hasTrades : query.lifecycle))
  const holes = (yield* Effect.forEach(told, (channel) =>
    channelGaps.overlapping(channel, query.fromMicros, query.toMicros)
  ))
    .flat()
    .filter((gap) => gap.tsFromMicros >= query.fromMicros)
    .sort((left, right) => left.tsFromMicros - right.tsFromMicros)
    .map(holeEntry)

  /** Asks for one slice of time after the other. */
  const sliced = (rank: number, span: SideSpan, read: (from: number, to: number) => Effect.Effect<Entries, LogError>) =>
    Effect.gen(function* () {
      let from = span.fromMicros
      const some = Effect.gen(function* () {
        while (from < span.toMicros) {
          const to = Math.min(span.toMicros, from + sliceMicros)
          const entries = yield* read(from, to)
          from = to
          if (entries.length > 0) return entries
        }
        return []
      })
      const lane = ReplayMerge.laneOfEntries(rank, yield* some, from >= span.toMicros)
      const filling = Effect.map(some, (entries) => ReplayMerge.fill(lane, entries, from >= span.toMicros))
      return { lane, filling } satisfies SideLane
    })

  const hotTrades = (fromMicros: number, toMicros: number) =>
    receivedTrades.trades({ tickers: query.trades, fromMicros, toMicros })

  const tradesOf = Effect.fnUntraced(function* (rank: number, span: SideSpan) {
    const { fromMicros, hour, toMicros } = span
    if (hour === undefined) {
      return yield* sliced(rank, span, (from, to) => Effect.map(hotTrades(from, to), (found) => found.map(tradeEntry)))
    }
    const sealed = yield* cold.tradesReceived({ hour, tickers: query.trades, fromMicros, toMicros })
    const also = span._tag === "hour" ? [] : yield* hotTrades(fromMicros, toMicros)
    const entries = (also.length === 0 ? sealed : united(sealed, also)).map(tradeEntry)
    return { lane: ReplayMerge.laneOfEntries(rank, entries), filling: undefined } satisfies SideLane
  })

  const hotLifecycle = Effect.fnUntraced(function* (fromMicros: number, toMicros: number) {
    const found: Array<LifecycleRecord> = []
    while (true) {
      const after = Option.fromUndefinedOr<LifecyclePlace | undefined>(found.at(-1))
      const messages = yield* lifecycleLog.messages({ fromMicros, toMicros, after, messagesMax })
      for (const message of messages) found.push(message)
      if (messages.length < messagesMax) return found.map(lifecycleEntry)
    }
  })

  const lifecycleOf = Effect.fnUntraced(function* (rank: number, span: SideSpan) {
    const { fromMicros, hour, toMicros } = span
    const sealed = hour === undefined ? [] : yield* cold.lifecycleReceived({ hour, fromMicros, toMicros })
    // The messages of an hour are all there when it is sealed: what is stored late of it are gaps.
    if (sealed.length === 0) return yield* sliced(rank, span, hotLifecycle)
    return {
      lane: ReplayMerge.laneOfEntries(rank, sealed.map(lifecycleEntry)),
      filling: undefined
    } satisfies SideLane
  })

  const lanes = Effect.fnUntraced(function* (span: SideSpan) {
    const { fromMicros, toMicros } = span
    const within = holes.filter((hole) => hole.tsReceivedMicros >= fromMicros && hole.tsReceivedMicros < toMicros)
    const found: Array<SideLane> = [{ lane: ReplayMerge.laneOfEntries(query.rank, within), filling: undefined }]
    if (hasTrades) found.push(yield* tradesOf(query.rank + 1, span))
    if (query.lifecycle) found.push(yield* lifecycleOf(query.rank + 2, span))
    return found
  })

  return { lanes }
})

type Entries = ReadonlyArray<ReplayEntry>

const holeEntry = (gap: StoredChannelGap): ChannelGapEntry => ({
  kind: "channel_gap",
  tsReceivedMicros: gap.tsFromMicros,
  gap
})

const tradeEntry = (trade: TradeRecord): TradeEntry => ({
  kind: "trade",
  tsReceivedMicros: trade.tsReceivedMicros,
  trade
})

const lifecycleEntry = (message: LifecycleRecord): LifecycleEntry => ({
  kind: "lifecycle",
  tsReceivedMicros: message.tsReceivedMicros,
  message
})

/** Each trade once. */
const united = (sealed: ReadonlyArray<TradeRecord>, hot: ReadonlyArray<TradeRecord>): ReadonlyArray<TradeRecord> => {
  const byId = new Map([...hot, ...sealed].map((trade) => [trade.tradeId, trade]))
  return [...byId.values()].sort(byReceipt)
}
