/**
 * From decoded frames to records: checks the numbers of every subscription, hands each message to its market's log, and
 * distrusts exactly the books that a loss may have touched.
 *
 * Deterministic: what comes in is frames with their times, and acts (`RecorderAct`): connections opening and closing, and which
 * markets are followed on which of them. What comes out is records with offsets. It reads no clock and does no IO, so a
 * recording can be derived again from the tape. It asks nobody for anything: what should be done about a loss is told to a
 * listener.
 *
 * What each input does in each state is the table of SPEC-book.md; the promises kept here are I9-I17 and I20.
 */
import type { GapCause, MarketTicker } from "./BookRecord.ts"
import type { ChannelGap } from "./ChannelGap.ts"
import * as ChannelLog from "./ChannelLog.ts"
import type { ConnectionRecord } from "./ConnectionRecord.ts"
import * as ErrorCode from "./kalshi/ErrorCode.ts"
import type { OrderbookDelta, OrderbookSnapshot, ServerMessage, Undecodable } from "./kalshi/ServerMessage.ts"
import * as MarketLog from "./MarketLog.ts"
import * as Outbox from "./Outbox.ts"
import type { PriceGrid } from "./PriceGrid.ts"
import * as PriceGrids from "./PriceGrid.ts"
import * as Proof from "./Proof.ts"
import * as Connection from "./RecorderConnection.ts"
import * as Sequencer from "./Sequencer.ts"

/** Told synchronously, in the middle of a frame: must only take note. */
export interface Listener {
  /** The market's book is exact from now on. */
  readonly trusted: (ticker: MarketTicker) => void
  /** The market's book is not known from now on. */
  readonly distrusted: (ticker: MarketTicker, cause: GapCause) => void
  /** A book frame of a market that is not followed. */
  readonly unannounced: (ticker: MarketTicker) => void
  /** The exchange ended a subscription (errors 10 and 25). */
  readonly subscriptionEnded: (epoch: number, sid: number, channel: string) => void
}

/** Nobody listens: what is derived again was told before. */
export const silentListener: Listener = {
  trusted: () => {},
  distrusted: () => {},
  unannounced: () => {},
  subscriptionEnded: () => {}
}

/** What was counted since the start. */
export interface RecorderCounts {
  frames: number
  framesRepeated: number
  framesUnknown: number
  framesUndecodable: number
  framesWithUnknownFields: number
  /** Book frames of markets that are not recorded, or are followed on another connection: no log takes them. */
  framesStray: number
  /** Changes of size 0: they consume a number and alter nothing. */
  deltasEmpty: number
  sequenceGaps: number
  framesLost: number
}

/** Nothing yet. */
export const noCounts: Readonly<RecorderCounts> = {
  frames: 0,
  framesRepeated: 0,
  framesUnknown: 0,
  framesUndecodable: 0,
  framesWithUnknownFields: 0,
  framesStray: 0,
  deltasEmpty: 0,
  sequenceGaps: 0,
  framesLost: 0
}

export interface Recorder {
  readonly listener: Listener
  readonly outbox: Outbox.Outbox
  /** The markets that are recorded. */
  readonly logs: Map<MarketTicker, MarketLog.MarketLog>
  /** The connections that are open, by epoch. */
  readonly connections: Map<number, Connection.RecorderConnection>
  /** The holes of the whole exchange's channels. */
  readonly channels: ChannelLog.ChannelLogs
  /** The greatest epoch so far, 0 before the first connection. */
  epochLast: number
  /** While the recorder is being restored from a checkpoint some logs are not there yet: what concerns them is in it already. */
  isLoading: boolean
  /** The latest exchange time carried by a book frame since the start, and its receipt: both only ever move forward. */
  tsExchangeMicros: number | null
  tsExchangeReceivedMicros: number | null
  readonly counts: RecorderCounts
}

export const make = (listener: Listener): Recorder => ({
  listener,
  outbox: Outbox.make(),
  logs: new Map(),
  connections: new Map(),
  channels: ChannelLog.make(),
  epochLast: 0,
  isLoading: false,
  tsExchangeMicros: null,
  tsExchangeReceivedMicros: null,
  counts: { ...noCounts }
})

/** The recording of a market begins, or goes on where its log ends. One that is recorded already stays as it is. */
export const begin = (recorder: Recorder, ticker: MarketTicker, end?: MarketLog.LogEnd | undefined): void => {
  if (recorder.isLoading || recorder.logs.has(ticker)) return
  recorder.logs.set(ticker, MarketLog.make(ticker, end))
}

/** The prices that the market allows from now on. */
export const allowPrices = (recorder: Recorder, ticker: MarketTicker, grid: PriceGrid): void => {
  const log = recorder.logs.get(ticker)
  if (log !== undefined) log.grid = grid
}

/** A connection is open. Everything of the one before in its slot is over, also when nobody told of its end. */
export const open = (recorder: Recorder, opened: ConnectionRecord): void => {
  for (const { record } of recorder.connections.values()) {
    if (record.slot === opened.slot) close(recorder, record.epoch, "connection_lost", opened.tsOpenedMicros)
  }
  recorder.epochLast = Math.max(recorder.epochLast, opened.epoch)
  recorder.connections.set(opened.epoch, Connection.make(opened))
  recorder.outbox.connections.push(opened)
}

/** The connection is gone: no book of it is known any more. */
export const close = (recorder: Recorder, epoch: number, cause: GapCause, tsDetectedMicros: number): void => {
  const connection = recorder.connections.get(epoch)
  if (connection === undefined) return
  for (const sid of connection.subscriptions.keys()) loseAll(recorder, connection, sid, cause, tsDetectedMicros)
  for (const ticker of connection.followed) release(recorder, ticker)
  recorder.connections.delete(epoch)
  recorder.outbox.connections.push({ ...connection.record, tsClosedMicros: tsDetectedMicros, closeCause: cause })
}

/**
 * From now on frames of this market are expected on this connection, and on no other. Not before the exchange has acknowledged
 * that it let go of the market, if it was asked to: a snapshot from before that would be believed.
 */
export const follow = (recorder: Recorder, epoch: number, ticker: MarketTicker, tsMicros: number): void => {
  const connection = recorder.connections.get(epoch)
  const log = recorder.logs.get(ticker)
  if (connection === undefined || log === undefined || log.epochFollowed === epoch) return
  if (log.epochFollowed !== 0) unfollow(recorder, ticker, "unsubscribed", tsMicros)
  log.epochFollowed = epoch
  connection.followed.add(ticker)
}

/** From now on nothing would tell of a change of this market. Call it before the exchange is asked to let go of the market. */
export const unfollow = (recorder: Recorder, ticker: MarketTicker, cause: GapCause, tsDetectedMicros: number): void => {
  const log = recorder.logs.get(ticker)
  if (log === undefined) return
  MarketLog.distrust(log, leaveStart(recorder, log, cause, tsDetectedMicros), recorder.outbox)
  recorder.connections.get(log.epochFollowed)?.followed.delete(ticker)
  log.epochFollowed = 0
}

const leaveStart = (
  recorder: Recorder,
  log: MarketLog.MarketLog,
  cause: GapCause,
  tsDetectedMicros: number
): MarketLog.GapStart => {
  const { epoch, sid } = log.replay.last ?? { epoch: 0, sid: 0 }
  const connection = recorder.connections.get(epoch)
  return { ...gapStart(connection, epoch, sid, 0, tsDetectedMicros), cause }
}

/**
 * The recording of this market is over: as `unfollow`, and the last word of its log is a gap, also where changes stand behind an
 * earlier one. Returns where its log ends; `undefined` when it has no record.
 */
export const forget = (
  recorder: Recorder,
  ticker: MarketTicker,
  cause: GapCause,
  tsDetectedMicros: number
): MarketLog.LogEnd | undefined => {
  const log = recorder.logs.get(ticker)
  if (log === undefined) return undefined
  const start = leaveStart(recorder, log, cause, tsDetectedMicros)
  unfollow(recorder, ticker, cause, tsDetectedMicros)
  MarketLog.leave(log, start, recorder.outbox)
  recorder.logs.delete(ticker)
  return MarketLog.end(log)
}

/** Somebody who knows better says that the market's book is wrong. */
export const doubt = (recorder: Recorder, ticker: MarketTicker, cause: GapCause, tsDetectedMicros: number): void => {
  const log = recorder.logs.get(ticker)
  if (log === undefined || !MarketLog.isTrusted(log)) return
  MarketLog.doubt(log, cause, tsDetectedMicros, recorder.outbox)
  recorder.listener.distrusted(ticker, cause)
}

/** No connection follows the market any more; its book is distrusted already. */
const release = (recorder: Recorder, ticker: MarketTicker): void => {
  const log = recorder.logs.get(ticker)
  if (log !== undefined) log.epochFollowed = 0
}

/** One frame of the connection, decoded. A frame of a connection that is not open says nothing. */
export const receive = (recorder: Recorder, epoch: number, message: ServerMessage, tsReceivedMicros: number): void => {
  const { counts } = recorder
  const connection = recorder.connections.get(epoch)
  if (connection === undefined) return
  counts.frames++
  if (message.unknownFields.length > 0) counts.framesWithUnknownFields++
  if (message._tag === "subscribed") {
    Sequencer.begin(connection.sequencer, message.sid)
    subscribe(recorder, connection, message.sid, message.channel, tsReceivedMicros)
    return
  }
  if (message._tag === "undecodable") {
    takeUndecodable(recorder, connection, message, tsReceivedMicros)
    return
  }
  const sid = "sid" in message ? message.sid : null
  const seq = "seq" in message ? message.seq : null
  if (sid !== null && seq !== null) {
    const verdict = Sequencer.accept(connection.sequencer, sid, seq)
    if (verdict === "repeated") {
      counts.framesRepeated++
      // The end of a subscription is the end, whatever its number.
      if (!isEnd(message)) return
    } else if (verdict !== "next") {
      counts.sequenceGaps++
      counts.framesLost += verdict.seqReceived - verdict.seqExpected
      lose(recorder, connection, { sid, seqFrom: verdict.seqExpected, seqTo: seq }, "sequence_hole", tsReceivedMicros)
    }
  }
  take(recorder, connection, message, tsReceivedMicros)
  if (sid !== null && seq !== null) proved(recorder, connection, sid, message, tsReceivedMicros)
}

const take = (
  recorder: Recorder,
  connection: Connection.RecorderConnection,
  message: ServerMessage,
  tsReceivedMicros: number
): void => {
  const { counts, outbox } = recorder
  const { epoch } = connection.record
  switch (message._tag) {
    case "orderbook_delta":
      takeDelta(recorder, connection, message, tsReceivedMicros)
      break
    case "orderbook_snapshot":
      takeSnapshot(recorder, connection, message, tsReceivedMicros)
      break
    case "trade":
      subscribe(recorder, connection, message.sid, "trade", tsReceivedMicros)
      outbox.trades.push({
        tradeId: message.tradeId,
        marketTicker: message.marketTicker,
        epoch,
        sid: message.sid,
        seq: message.seq ?? 0,
        tsExchangeMicros: message.tsExchangeMicros,
        tsReceivedMicros,
        yesPriceE4: message.yesPriceE4,
        sizeE2: message.sizeE2,
        takerSide: message.takerSide,
        isBlockTrade: message.isBlockTrade
      })
      break
    case "market_lifecycle_v2":
      // Until the new prices are read, any may be right.
      if (message.eventType === "price_level_structure_updated") {
        allowPrices(recorder, message.marketTicker, PriceGrids.any)
      }
      takeLifecycle(recorder, connection, message, tsReceivedMicros)
      break
    case "multivariate_market_lifecycle":
    case "event_lifecycle":
    case "event_fee_update":
      takeLifecycle(recorder, connection, message, tsReceivedMicros)
      break
    case "error":
      if (isEnd(message)) endSubscriptions(recorder, connection, message.sid, tsReceivedMicros)
      break
    case "unsubscribed":
      loseAll(recorder, connection, message.sid, "unsubscribed", tsReceivedMicros)
      Sequencer.end(connection.sequencer, message.sid)
      connection.subscriptions.delete(message.sid)
      break
    case "unknown":
      counts.framesUnknown++
      // It belongs to the subscription, so it may have said anything.
      if (message.sid !== null && message.seq !== null) {
        const hole = { sid: message.sid, seqFrom: message.seq, seqTo: message.seq + 1 }
        lose(recorder, connection, hole, "undecodable", tsReceivedMicros)
      }
      break
    default:
      break
  }
}

const isEnd = (message: ServerMessage): boolean =>
  message._tag === "unsubscribed" || (message._tag === "error" && ErrorCode.isTerminal(message.code))

/**
 * Without its numbers nobody can tell what the frame was; the hole that it leaves shows at the next one. Numbers that do not
 * follow may be as broken as the rest: they distrust, but the count goes on from the last frame that could be read.
 */
const takeUndecodable = (
  recorder: Recorder,
  connection: Connection.RecorderConnection,
  message: Undecodable,
  tsReceivedMicros: number
): void => {
  const { sequencer } = connection
  const { seq, sid } = message
  recorder.counts.framesUndecodable++
  if (sid === null || seq === null) return
  const seqExpected = Sequencer.expected(sequencer, sid)
  if (seq < seqExpected) return
  if (seq > seqExpected) {
    // No hole of a channel: the next frame shows how far it goes, if there is one.
    distrustAll(recorder, connection, sid, seqExpected, "undecodable", tsReceivedMicros)
    return
  }
  lose(recorder, connection, { sid, seqFrom: seq, seqTo: seq + 1 }, "undecodable", tsReceivedMicros)
  Sequencer.accept(sequencer, sid, seq)
  proved(recorder, connection, sid, message, tsReceivedMicros)
}

const takeDelta = (
  recorder: Recorder,
  { record: { epoch } }: Connection.RecorderConnection,
  message: OrderbookDelta,
  tsReceivedMicros: number
): void => {
  const { counts, listener } = recorder
  if (message.deltaE2 === 0) {
    counts.deltasEmpty++
    return
  }
  const { marketTicker, seq, sid, tsExchangeMicros } = message
  const log = recorder.logs.get(marketTicker)
  if (log === undefined || (log.epochFollowed !== epoch && log.epochFollowed !== 0)) {
    stray(recorder, marketTicker)
    return
  }
  const head = { epoch, sid, seq, tsExchangeMicros, tsReceivedMicros }
  if (!MarketLog.delta(log, head, message.side, message.priceE4, message.deltaE2, recorder.outbox)) {
    listener.distrusted(marketTicker, "inconsistent")
  }
  if (log.epochFollowed === 0) listener.unannounced(marketTicker)
}

const takeSnapshot = (
  recorder: Recorder,
  connection: Connection.RecorderConnection,
  message: OrderbookSnapshot,
  tsReceivedMicros: number
): void => {
  const { listener, outbox } = recorder
  const { epoch } = connection.record
  const { marketTicker, seq, sid } = message
  subscribe(recorder, connection, sid, "orderbook_delta", tsReceivedMicros)
  const log = recorder.logs.get(marketTicker)
  if (log === undefined || (log.epochFollowed !== epoch && log.epochFollowed !== 0)) {
    stray(recorder, marketTicker)
    return
  }
  const head = { epoch, sid, seq, tsExchangeMicros: null, tsReceivedMicros }
  if (!MarketLog.snapshot(log, head, message.levels, outbox)) {
    listener.distrusted(marketTicker, "inconsistent")
  } else if (log.epochFollowed === epoch) {
    listener.trusted(marketTicker)
  } else {
    // Nothing would tell of its next change.
    MarketLog.distrust(log, { ...head, cause: "unsubscribed", tsDetectedMicros: tsReceivedMicros }, outbox)
    listener.unannounced(marketTicker)
  }
}

/** A book frame that no log takes: a market that nobody asked for, or a connection that the market has left. */
const stray = (recorder: Recorder, ticker: MarketTicker): void => {
  if (recorder.isLoading) return
  recorder.counts.framesStray++
  if (!recorder.logs.has(ticker)) recorder.listener.unannounced(ticker)
}

const takeLifecycle = (
  recorder: Recorder,
  connection: Connection.RecorderConnection,
  message: Extract<ServerMessage, { readonly body: unknown }>,
  tsReceivedMicros: number
): void => {
  if (message._tag !== "multivariate_market_lifecycle") {
    subscribe(recorder, connection, message.sid, "market_lifecycle_v2", tsReceivedMicros)
  }
  recorder.outbox.lifecycle.push({
    ticker: "marketTicker" in message ? message.marketTicker : message.eventTicker,
    eventType: "eventType" in message ? message.eventType : message._tag,
    epoch: connection.record.epoch,
    sid: message.sid,
    seq: message.seq ?? 0,
    tsReceivedMicros,
    body: message.body
  })
}

const subscribe = (
  recorder: Recorder,
  connection: Connection.RecorderConnection,
  sid: number,
  channel: string,
  tsReceivedMicros: number
): void => {
  if (connection.subscriptions.has(sid)) return
  Connection.subscribe(connection, sid, channel, tsReceivedMicros)
  if (ChannelLog.isSideChannel(channel)) {
    note(recorder, ChannelLog.open(recorder.channels, channel, tsReceivedMicros))
  }
}

/** An error that names no subscription may mean any of them: no book is known, but the numbers of those that live go on. */
const endSubscriptions = (
  recorder: Recorder,
  connection: Connection.RecorderConnection,
  sid: number | null,
  tsReceivedMicros: number
): void => {
  if (sid !== null) Sequencer.end(connection.sequencer, sid)
  for (const [each, { channel }] of [...connection.subscriptions]) {
    if (sid !== null && sid !== each) continue
    loseAll(recorder, connection, each, "channel_error", tsReceivedMicros)
    connection.subscriptions.delete(each)
    recorder.listener.subscriptionEnded(connection.record.epoch, each, channel)
  }
}

/** Takes note that nothing of the sid is missing up to this frame. */
const proved = (
  recorder: Recorder,
  { subscriptions }: Connection.RecorderConnection,
  sid: number,
  message: ServerMessage,
  tsReceivedMicros: number
): void => {
  const subscription = subscriptions.get(sid)
  if (subscription === undefined) return
  const tsExchangeMicros = message._tag === "orderbook_delta" ? message.tsExchangeMicros : null
  Proof.extend(subscription.proof, tsReceivedMicros, tsExchangeMicros)
  if (tsExchangeMicros === null || tsExchangeMicros <= (recorder.tsExchangeMicros ?? 0)) return
  recorder.tsExchangeMicros = tsExchangeMicros
  recorder.tsExchangeReceivedMicros = tsReceivedMicros
}

/** Numbers of a subscription that are missing or could not be used: from the first up to the one before `seqTo`. */
interface Hole {
  readonly sid: number
  readonly seqFrom: number
  readonly seqTo: number
}

/** Something of the sid is missing, and it goes on. */
const lose = (
  recorder: Recorder,
  connection: Connection.RecorderConnection,
  { seqFrom, seqTo, sid }: Hole,
  cause: GapCause,
  tsDetectedMicros: number
): void => {
  const channel = connection.subscriptions.get(sid)?.channel
  if (channel !== undefined && ChannelLog.isSideChannel(channel)) {
    note(recorder, ChannelLog.lose(channel, lossOf(connection, sid, seqFrom, cause, tsDetectedMicros), seqTo))
  }
  distrustAll(recorder, connection, sid, seqFrom, cause, tsDetectedMicros)
}

/** Nothing of the sid comes any more. */
const loseAll = (
  recorder: Recorder,
  connection: Connection.RecorderConnection,
  sid: number,
  cause: GapCause,
  tsDetectedMicros: number
): void => {
  const channel = connection.subscriptions.get(sid)?.channel
  if (channel !== undefined && ChannelLog.isSideChannel(channel)) {
    note(recorder, ChannelLog.end(recorder.channels, channel, lossOf(connection, sid, 0, cause, tsDetectedMicros)))
  }
  distrustAll(recorder, connection, sid, 0, cause, tsDetectedMicros)
}

const note = (recorder: Recorder, gap: ChannelGap | undefined): void => {
  if (gap !== undefined) noteChannelGap(recorder, gap)
}

/** Of a hole in the lifecycle messages any may be one about prices: until they are read again, any may be right. O(markets). */
export const noteChannelGap = ({ logs, outbox }: Recorder, gap: ChannelGap): void => {
  outbox.channelGaps.push(gap)
  if (gap.channel === "market_lifecycle_v2") for (const log of logs.values()) log.grid = PriceGrids.any
}

const lossOf = (
  connection: Connection.RecorderConnection,
  sid: number,
  seqFrom: number,
  cause: GapCause,
  tsDetectedMicros: number
): ChannelLog.Loss => ({
  epoch: connection.record.epoch,
  sid,
  seqFrom,
  cause,
  tsFromMicros: Connection.provenEnd(connection, sid, tsDetectedMicros).tsReceivedMicros,
  tsDetectedMicros
})

/** From the first moment of a sid that is not proven. */
const gapStart = (
  connection: Connection.RecorderConnection | undefined,
  epoch: number,
  sid: number,
  seq: number,
  tsDetectedMicros: number
): Omit<MarketLog.GapStart, "cause"> => {
  const proven =
    connection === undefined
      ? { tsReceivedMicros: tsDetectedMicros, tsExchangeMicros: null }
      : Connection.provenEnd(connection, sid, tsDetectedMicros)
  return { epoch, sid, seq, ...proven, tsDetectedMicros }
}

/** Every book that is trusted because of the sid may have missed something (rule 4 of `Sequencer`), and no other (I10). O(markets). */
const distrustAll = (
  recorder: Recorder,
  connection: Connection.RecorderConnection,
  sid: number,
  seq: number,
  cause: GapCause,
  tsDetectedMicros: number
): void => {
  const { epoch } = connection.record
  const start = { ...gapStart(connection, epoch, sid, seq, tsDetectedMicros), cause }
  for (const ticker of connection.followed) {
    const log = recorder.logs.get(ticker)
    if (log === undefined || log.replay.last?.sid !== sid || !MarketLog.isTrusted(log)) continue
    MarketLog.distrust(log, start, recorder.outbox)
    recorder.listener.distrusted(ticker, cause)
  }
}
