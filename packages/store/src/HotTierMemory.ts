/** The hot tier in memory: the same contract as in Postgres, by the plainest means, for tests. */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { Effect, Option } from "effect"
import * as Endings from "./Endings.ts"
import type { HotBatch, HotTier, RecordQuery, TradeQuery, Watermark } from "./HotTier.ts"
import type { HotTierState } from "./HotTierState.ts"
import { continuationOf, logsOf, OtherWriter, repeatedOf } from "./LogHeads.ts"

export const make = (state: HotTierState["Service"]): HotTier["Service"] => {
  const { channelGaps, connections, keyframes, lifecycle, logs, trades } = state

  const logOf = (ticker: MarketTicker): ReadonlyArray<BookRecord> => logs.get(ticker) ?? []

  const append = (batch: HotBatch) => {
    const continuations = [...logsOf(batch.records)].map(([ticker, records]) => {
      const log = logOf(ticker)
      const last = repeatedOf(records, log.length)
      // impossible: a log has one writer, so a second one is a defect of whoever started it.
      if (last !== undefined && !isSame(last, log[last.offset - 1])) throw new OtherWriter(ticker)
      return [ticker, continuationOf(records, log.length)] as const
    })
    for (const [ticker, records] of continuations) {
      const log = entryOf(logs, ticker, () => [])
      for (const record of records) log.push(record)
    }
    for (const keyframe of batch.keyframes) {
      entryOf(
        entryOf(keyframes, keyframe.marketTicker, () => new Map()),
        keyframe.offset,
        () => keyframe
      )
    }
    // What the exchange sent takes the place of what REST told (`TradeRows`).
    for (const trade of batch.trades) {
      const before = trades.get(trade.tradeId)
      if (before === undefined || (before.epoch === 0 && trade.epoch !== 0)) trades.set(trade.tradeId, trade)
    }
    for (const message of batch.lifecycle)
      entryOf(lifecycle, `${message.epoch} ${message.sid} ${message.seq}`, () => message)
    Endings.tellConnections(connections, batch.connections)
    Endings.tellChannelGaps(channelGaps, batch.channelGaps, (gap) => ({
      ...gap,
      tsFilledMicros: null,
      entriesFilled: null
    }))
    state.watermark = state.watermark === undefined ? batch.watermark : later(state.watermark, batch.watermark)
  }

  const recordsOf = (query: RecordQuery) =>
    logOf(query.marketTicker)
      .filter(
        (record) =>
          record.offset > query.afterOffset &&
          record.tsReceivedMicros >= query.fromMicros &&
          record.tsReceivedMicros < query.toMicros
      )
      .slice(0, query.recordsMax)

  const tradesOf = ({ marketTicker, fromMicros, toMicros, after, tradesMax }: TradeQuery) =>
    [...trades.values()]
      .filter((trade) => trade.marketTicker === marketTicker)
      .filter((trade) => trade.tsExchangeMicros >= fromMicros && trade.tsExchangeMicros < toMicros)
      .filter((trade) => Option.isNone(after) || compareTrades(trade, after.value) > 0)
      .sort(compareTrades)
      .slice(0, tradesMax)

  const watermark = () => Option.fromNullishOr(state.watermark)
  const heads = () => [...logs.values()].flatMap((log) => log.slice(-1).map(headOf))

  return {
    append: (batch) => Effect.sync(() => append(batch)),
    watermark: Effect.sync(watermark),
    heads: Effect.sync(heads),
    state: Effect.sync(() => ({ watermark: watermark(), heads: heads() })),
    keyframeAt: (ticker, atMicros, clock) =>
      Effect.sync(() => {
        const microsOf = (keyframe: Keyframe) =>
          clock === "received" ? keyframe.tsReceivedMicros : keyframe.tsExchangeEffectiveMicros
        const passed = [...(keyframes.get(ticker)?.values() ?? [])].filter((keyframe) => microsOf(keyframe) <= atMicros)
        passed.sort((left, right) => microsOf(left) - microsOf(right) || left.offset - right.offset)
        return Option.fromNullishOr(passed.at(-1))
      }),
    records: (query) => Effect.sync(() => recordsOf(query)),
    gapEnds: (ticker, gapOffsets) =>
      Effect.sync(() => {
        const log = logOf(ticker)
        const ends = new Map<number, number>()
        for (const offset of gapOffsets) {
          if (log[offset - 1]?.kind !== "gap") continue
          const end = log.find((record) => record.kind === "snapshot" && record.offset > offset)
          if (end !== undefined) ends.set(offset, end.tsReceivedMicros)
        }
        return ends
      }),
    trades: (query) => Effect.sync(() => tradesOf(query))
  }
}

const isSame = (one: BookRecord, other: BookRecord | undefined): boolean =>
  one.tsReceivedMicros === other?.tsReceivedMicros &&
  one.epoch === other.epoch &&
  one.sid === other.sid &&
  one.seq === other.seq

const entryOf = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

/** Each part moves forward only; the exchange's time and its receipt move together. */
const later = (stored: Watermark, next: Watermark): Watermark => {
  const exchange = (next.tsExchangeMicros ?? -1) > (stored.tsExchangeMicros ?? -1) ? next : stored
  return {
    epoch: Math.max(stored.epoch, next.epoch),
    tsReceivedMicros: Math.max(stored.tsReceivedMicros, next.tsReceivedMicros),
    tsExchangeMicros: exchange.tsExchangeMicros,
    tsExchangeReceivedMicros: exchange.tsExchangeReceivedMicros,
    ...laterTape(stored, next)
  }
}

/** On one tape forward only; another tape takes its place, and no tape says nothing. */
const laterTape = (stored: Watermark, next: Watermark): Pick<Watermark, "tapeId" | "tapeEntry"> => {
  if (next.tapeId === null) return { tapeId: stored.tapeId, tapeEntry: stored.tapeEntry }
  const tapeEntry = next.tapeId === stored.tapeId ? Math.max(stored.tapeEntry, next.tapeEntry) : next.tapeEntry
  return { tapeId: next.tapeId, tapeEntry }
}

const headOf = ({ kind, marketTicker, offset, epoch, sid, seq, tsExchangeMicros, tsReceivedMicros }: BookRecord) => ({
  kind,
  marketTicker,
  offset,
  epoch,
  sid,
  seq,
  tsExchangeMicros,
  tsReceivedMicros
})

type TradePlace = Pick<TradeRecord, "tsExchangeMicros" | "tradeId">

const compareTrades = (left: TradePlace, right: TradePlace): number =>
  left.tsExchangeMicros - right.tsExchangeMicros ||
  (left.tradeId < right.tradeId ? -1 : left.tradeId > right.tradeId ? 1 : 0)
