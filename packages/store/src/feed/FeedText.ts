// adapter: JSON.parse throws, and so does whatever here finds that a text is not one of ours
/**
 * The messages of the feed as texts: JSON, in arrays by position, because there are thousands a second, with the markets of a batch
 * named once. Between programs of one version: the greeting (`FeedGreeting`) names it. Reading is total: a text is a message, whole
 * and of the right kinds, or it is nothing.
 */
import {
  type BookLevels,
  type BookRecord,
  type GapRecord,
  gapCauses,
  type Level,
  type RecordHead
} from "@kalshibook/core/BookRecord"
import { type ChannelGap, sideChannels } from "@kalshibook/core/ChannelGap"
import type { FeedBatch, FeedLog, FeedMessage, FeedState, LiveLog } from "@kalshibook/core/FeedMessage"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import * as Trust from "@kalshibook/core/Trust"
import { Option } from "effect"

export const encode = (message: FeedMessage): string => {
  switch (message._tag) {
    case "batch":
      return JSON.stringify(ofBatch(message))
    case "state": {
      const { ended, feedId, logs, number, tsReceivedMicros } = message
      return JSON.stringify(["state", feedId, number, tsReceivedMicros, logs.map(ofFeedLog), ended.map(ofFeedLog)])
    }
    case "lost":
      return JSON.stringify(["lost", message.cause])
  }
}

/** `None` for what is no message. */
export const decode = (text: string): Option.Option<FeedMessage> => {
  try {
    return Option.some(toMessage(JSON.parse(text)))
  } catch {
    return Option.none()
  }
}

const ofBatch = (batch: FeedBatch): ReadonlyArray<unknown> => {
  const tickers: Array<string> = []
  const places = new Map<string, number>()
  const placeOf = (ticker: string): number => {
    const known = places.get(ticker)
    if (known !== undefined) return known
    places.set(ticker, tickers.length)
    return tickers.push(ticker) - 1
  }
  const records = batch.records.map((record) => ofRecord(record, placeOf(record.marketTicker)))
  return [
    "batch",
    batch.number,
    batch.tsReceivedMicros,
    tickers,
    records,
    batch.begun.map(ofLog),
    batch.ended,
    batch.trades.map(ofTrade),
    batch.lifecycle.map(ofLifecycle),
    batch.channelGaps.map(ofChannelGap)
  ]
}

const ofRecord = (record: BookRecord, market: number | string): ReadonlyArray<unknown> => {
  const { epoch, kind, offset, seq, sid, tsExchangeMicros, tsReceivedMicros } = record
  const head = [kind, market, offset, epoch, sid, seq, tsExchangeMicros, tsReceivedMicros]
  switch (kind) {
    case "delta":
      head.push(record.side, record.priceE4, record.deltaE2)
      return head
    case "snapshot":
      return [...head, ofLevels(record.levels.yes), ofLevels(record.levels.no)]
    case "gap":
      head.push(record.cause, record.tsDetectedMicros)
      return head
  }
}

const ofLevels = (levels: ReadonlyArray<Level>): ReadonlyArray<number> => {
  const flat: Array<number> = []
  for (const { priceE4, sizeE2 } of levels) flat.push(priceE4, sizeE2)
  return flat
}

const ofHead = ({ epoch, marketTicker, offset, seq, sid, tsExchangeMicros, tsReceivedMicros }: RecordHead) => [
  marketTicker,
  offset,
  epoch,
  sid,
  seq,
  tsExchangeMicros,
  tsReceivedMicros
]

const ofLog = ({ last, levels, trust, tsExchangeEffectiveMicros, tsExchangeProvenMicros }: LiveLog) => [
  ofHead(last),
  trust._tag === "unknown"
    ? null
    : trust._tag === "trusted"
      ? trust.sinceOffset
      : ofRecord(trust.gap, trust.gap.marketTicker),
  tsExchangeEffectiveMicros,
  tsExchangeProvenMicros,
  ofLevels(levels.yes),
  ofLevels(levels.no)
]

const ofFeedLog = (log: FeedLog) => [...ofLog(log), log.taken === null ? null : ofHead(log.taken)]

const ofTrade = (trade: TradeRecord): ReadonlyArray<unknown> => [
  trade.tradeId,
  trade.marketTicker,
  trade.epoch,
  trade.sid,
  trade.seq,
  trade.tsExchangeMicros,
  trade.tsReceivedMicros,
  trade.yesPriceE4,
  trade.sizeE2,
  trade.takerSide,
  trade.isBlockTrade
]

const ofLifecycle = ({ body, epoch, eventType, seq, sid, ticker, tsReceivedMicros }: LifecycleRecord) => [
  ticker,
  eventType,
  epoch,
  sid,
  seq,
  tsReceivedMicros,
  body
]

const ofChannelGap = (gap: ChannelGap): ReadonlyArray<unknown> => [
  gap.channel,
  gap.epoch,
  gap.sid,
  gap.seqFrom,
  gap.seqTo,
  gap.cause,
  gap.tsFromMicros,
  gap.tsDetectedMicros,
  gap.tsToMicros
]

/** Whatever throws within `decode` makes the text no message. */
const refuse = (what: string): never => {
  throw new TypeError(what)
}

const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : refuse("a list"))

const int = (value: unknown): number =>
  typeof value === "number" && Number.isSafeInteger(value) ? value : refuse("a whole number")

const intOrNull = (value: unknown): number | null => (value === null ? null : int(value))

const text = (value: unknown): string => (typeof value === "string" ? value : refuse("a text"))

const flag = (value: unknown): boolean => (typeof value === "boolean" ? value : refuse("a truth"))

const oneOf = <A extends string>(values: ReadonlyArray<A>, value: unknown): A =>
  values.find((each) => each === value) ?? refuse("one of the words")

const sides = ["yes", "no"] as const

const toMessage = (value: unknown): FeedMessage => {
  const parts = list(value)
  switch (parts[0]) {
    case "batch":
      return toBatch(parts)
    case "state": {
      const [, feedId, number, tsReceivedMicros, logs, ended] = parts
      return {
        _tag: "state",
        feedId: text(feedId),
        number: int(number),
        tsReceivedMicros: int(tsReceivedMicros),
        logs: list(logs).map(toFeedLog),
        ended: list(ended).map(toFeedLog)
      } satisfies FeedState
    }
    case "lost":
      return { _tag: "lost", cause: text(parts[1]) }
    default:
      return refuse("a message")
  }
}

const toBatch = (parts: ReadonlyArray<unknown>): FeedBatch => {
  const [, number, tsReceivedMicros, tickers, records, begun, ended, trades, lifecycle, channelGaps] = parts
  const markets = list(tickers).map(text)
  return {
    _tag: "batch",
    number: int(number),
    tsReceivedMicros: int(tsReceivedMicros),
    begun: list(begun).map(toLog),
    records: list(records).map((record) => {
      const fields = list(record)
      return toRecord(fields, text(markets[int(fields[1])]))
    }),
    ended: list(ended).map(text),
    trades: list(trades).map(toTrade),
    lifecycle: list(lifecycle).map(toLifecycle),
    channelGaps: list(channelGaps).map(toChannelGap)
  }
}

const toRecord = (fields: ReadonlyArray<unknown>, marketTicker: string): BookRecord => {
  const [kind, , offset, epoch, sid, seq, tsExchangeMicros, tsReceivedMicros, first, second, third] = fields
  const head = {
    marketTicker,
    offset: int(offset),
    epoch: int(epoch),
    sid: int(sid),
    seq: int(seq),
    tsExchangeMicros: intOrNull(tsExchangeMicros),
    tsReceivedMicros: int(tsReceivedMicros)
  }
  switch (kind) {
    case "delta":
      return { kind, ...head, side: oneOf(sides, first), priceE4: int(second), deltaE2: int(third) }
    case "snapshot":
      return { kind, ...head, levels: toLevels(first, second) }
    case "gap":
      return { kind, ...head, cause: oneOf(gapCauses, first), tsDetectedMicros: int(second) }
    default:
      return refuse("a record")
  }
}

const toLevels = (yes: unknown, no: unknown): BookLevels => ({ yes: toLadder(yes), no: toLadder(no) })

const toLadder = (value: unknown): ReadonlyArray<Level> => {
  const flat = list(value)
  const levels: Array<Level> = []
  for (let at = 0; at < flat.length; at += 2) levels.push({ priceE4: int(flat[at]), sizeE2: int(flat[at + 1]) })
  return levels
}

const toHead = (value: unknown): RecordHead => {
  const [marketTicker, offset, epoch, sid, seq, tsExchangeMicros, tsReceivedMicros] = list(value)
  return {
    marketTicker: text(marketTicker),
    offset: int(offset),
    epoch: int(epoch),
    sid: int(sid),
    seq: int(seq),
    tsExchangeMicros: intOrNull(tsExchangeMicros),
    tsReceivedMicros: int(tsReceivedMicros)
  }
}

const toLog = (value: unknown): LiveLog => {
  const [last, trust, tsExchangeEffectiveMicros, tsExchangeProvenMicros, yes, no] = list(value)
  const head = toHead(last)
  return {
    marketTicker: head.marketTicker,
    last: head,
    trust: toTrust(trust),
    tsExchangeEffectiveMicros: int(tsExchangeEffectiveMicros),
    tsExchangeProvenMicros: int(tsExchangeProvenMicros),
    levels: toLevels(yes, no)
  }
}

const toTrust = (value: unknown): Trust.Trust => {
  if (value === null) return Trust.unknown
  return typeof value === "number" ? Trust.trusted(int(value)) : Trust.stale(toGap(list(value)))
}

const toGap = (fields: ReadonlyArray<unknown>): GapRecord => {
  const record = toRecord(fields, text(fields[1]))
  return record.kind === "gap" ? record : refuse("a gap")
}

const toFeedLog = (value: unknown): FeedLog => {
  const taken = list(value)[6]
  return { ...toLog(value), taken: taken === null ? null : toHead(taken) }
}

const toTrade = (value: unknown): TradeRecord => {
  const fields = list(value)
  return {
    tradeId: text(fields[0]),
    marketTicker: text(fields[1]),
    epoch: int(fields[2]),
    sid: int(fields[3]),
    seq: int(fields[4]),
    tsExchangeMicros: int(fields[5]),
    tsReceivedMicros: int(fields[6]),
    yesPriceE4: int(fields[7]),
    sizeE2: int(fields[8]),
    takerSide: oneOf(sides, fields[9]),
    isBlockTrade: flag(fields[10])
  }
}

const toLifecycle = (value: unknown): LifecycleRecord => {
  const [ticker, eventType, epoch, sid, seq, tsReceivedMicros, body] = list(value)
  if (typeof body !== "object" || body === null || Array.isArray(body)) return refuse("an object")
  return {
    ticker: text(ticker),
    eventType: text(eventType),
    epoch: int(epoch),
    sid: int(sid),
    seq: int(seq),
    tsReceivedMicros: int(tsReceivedMicros),
    body: body as Readonly<Record<string, unknown>>
  }
}

const toChannelGap = (value: unknown): ChannelGap => {
  const [channel, epoch, sid, seqFrom, seqTo, cause, tsFromMicros, tsDetectedMicros, tsToMicros] = list(value)
  return {
    channel: oneOf(sideChannels, channel),
    epoch: int(epoch),
    sid: int(sid),
    seqFrom: int(seqFrom),
    seqTo: intOrNull(seqTo),
    cause: oneOf(gapCauses, cause),
    tsFromMicros: int(tsFromMicros),
    tsDetectedMicros: int(tsDetectedMicros),
    tsToMicros: intOrNull(tsToMicros)
  }
}
