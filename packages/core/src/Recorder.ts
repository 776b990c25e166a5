/**
 * From decoded frames to records: checks the numbers of every subscription, hands each message to its market's log, and
 * distrusts exactly the books that a loss may have touched.
 *
 * Deterministic: what comes in is frames with their times, connections opening and closing, and which markets are followed;
 * what comes out is records with offsets. It reads no clock and does no IO, so a recording can be derived again from the
 * frames. It asks nobody for anything: what should be done about a loss is told to a listener.
 *
 * What each input does in each state is the table of SPEC-book.md; the promises kept here are I9-I17 and I20.
 */
import type { GapCause, MarketTicker } from "./BookRecord.ts"
import * as ErrorCode from "./kalshi/ErrorCode.ts"
import type { OrderbookDelta, OrderbookSnapshot, ServerMessage, Undecodable } from "./kalshi/ServerMessage.ts"
import * as MarketLog from "./MarketLog.ts"
import * as Outbox from "./Outbox.ts"
import * as Proof from "./Proof.ts"
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
  readonly subscriptionEnded: (sid: number, channel: string) => void
}

/** A subscription of the current connection. */
interface Subscription {
  readonly channel: string
  readonly proof: Proof.Proof
}

/** What was counted since the start. */
export interface RecorderCounts {
  frames: number
  framesRepeated: number
  framesUnknown: number
  framesUndecodable: number
  framesWithUnknownFields: number
  /** Changes of size 0: they consume a number and alter nothing. */
  deltasEmpty: number
  sequenceGaps: number
  framesLost: number
}

export interface Recorder {
  readonly listener: Listener
  readonly outbox: Outbox.Outbox
  readonly logs: Map<MarketTicker, MarketLog.MarketLog>
  /** Markets that are subscribed on the current connection, or are being so. Only their books can be trusted. */
  readonly followed: Set<MarketTicker>
  /** Where the logs end that are not being written: those have no entry in `logs`. */
  readonly ends: Map<MarketTicker, MarketLog.LogEnd>
  /** 0 before the first connection. */
  epoch: number
  sequencer: Sequencer.Sequencer
  subscriptions: Map<number, Subscription>
  /** The latest exchange time carried by a book frame since the start, and its receipt: both only ever move forward. */
  tsExchangeMicros: number | null
  tsExchangeReceivedMicros: number | null
  readonly counts: RecorderCounts
}

export const make = (listener: Listener): Recorder => ({
  listener,
  outbox: Outbox.make(),
  logs: new Map(),
  followed: new Set(),
  ends: new Map(),
  epoch: 0,
  sequencer: Sequencer.make(),
  subscriptions: new Map(),
  tsExchangeMicros: null,
  tsExchangeReceivedMicros: null,
  counts: {
    frames: 0,
    framesRepeated: 0,
    framesUnknown: 0,
    framesUndecodable: 0,
    framesWithUnknownFields: 0,
    deltasEmpty: 0,
    sequenceGaps: 0,
    framesLost: 0
  }
})

/** The market's log, made when there is none. */
export const logOf = (recorder: Recorder, ticker: MarketTicker): MarketLog.MarketLog => {
  let log = recorder.logs.get(ticker)
  if (log === undefined) {
    log = MarketLog.make(ticker, recorder.ends.get(ticker))
    recorder.ends.delete(ticker)
    recorder.logs.set(ticker, log)
  }
  return log
}

/** A connection is open. Everything of the one before is over, also when nobody told of its end. */
export const open = (recorder: Recorder, epoch: number): void => {
  for (const [sid, { proof }] of recorder.subscriptions) {
    distrustAll(recorder, sid, 0, "connection_lost", proof.tsReceivedMicros)
  }
  recorder.epoch = epoch
  recorder.sequencer = Sequencer.make()
  recorder.subscriptions = new Map()
  recorder.followed.clear()
}

/** The connection is gone: no book of it is known any more. */
export const close = (recorder: Recorder, cause: GapCause, tsDetectedMicros: number): void => {
  for (const sid of recorder.subscriptions.keys()) distrustAll(recorder, sid, 0, cause, tsDetectedMicros)
  recorder.subscriptions.clear()
  recorder.followed.clear()
}

/**
 * From now on frames of this market are expected. Not before the exchange has acknowledged that it let go of the market, if it
 * was asked to: a snapshot from before that would be believed.
 */
export const follow = (recorder: Recorder, ticker: MarketTicker): void => {
  recorder.followed.add(ticker)
}

/** From now on nothing would tell of a change of this market. Call it before the exchange is asked to let go of the market. */
export const unfollow = (recorder: Recorder, ticker: MarketTicker, cause: GapCause, tsDetectedMicros: number): void => {
  recorder.followed.delete(ticker)
  const log = recorder.logs.get(ticker)
  if (log === undefined) return
  const { sid = 0 } = log.replay.last ?? {}
  MarketLog.distrust(log, { ...provenEnd(recorder, sid, 0, tsDetectedMicros), cause }, recorder.outbox)
}

/** The recording of this market is over: as `unfollow`, and only the place where its log ends is kept. */
export const forget = (recorder: Recorder, ticker: MarketTicker, cause: GapCause, tsDetectedMicros: number): void => {
  unfollow(recorder, ticker, cause, tsDetectedMicros)
  const log = recorder.logs.get(ticker)
  if (log === undefined) return
  recorder.logs.delete(ticker)
  const end = MarketLog.end(log)
  if (end !== undefined) recorder.ends.set(ticker, end)
}

/** One frame, decoded. */
export const receive = (recorder: Recorder, message: ServerMessage, tsReceivedMicros: number): void => {
  const { counts } = recorder
  counts.frames++
  if (message.unknownFields.length > 0) counts.framesWithUnknownFields++
  if (message._tag === "subscribed") {
    Sequencer.begin(recorder.sequencer, message.sid)
    openSubscription(recorder, message.sid, message.channel, tsReceivedMicros)
    return
  }
  if (message._tag === "undecodable") {
    takeUndecodable(recorder, message, tsReceivedMicros)
    return
  }
  const sid = "sid" in message ? message.sid : null
  const seq = "seq" in message ? message.seq : null
  if (sid !== null && seq !== null) {
    const verdict = Sequencer.accept(recorder.sequencer, sid, seq)
    if (verdict === "repeated") {
      counts.framesRepeated++
      // The end of a subscription is the end, whatever its number.
      if (!isEnd(message)) return
    } else if (verdict !== "next") {
      counts.sequenceGaps++
      counts.framesLost += verdict.seqReceived - verdict.seqExpected
      distrustAll(recorder, sid, verdict.seqExpected, "sequence_hole", tsReceivedMicros)
    }
  }
  take(recorder, message, tsReceivedMicros)
  if (sid !== null && seq !== null) proved(recorder, sid, message, tsReceivedMicros)
}

const take = (recorder: Recorder, message: ServerMessage, tsReceivedMicros: number): void => {
  const { counts, epoch, outbox } = recorder
  switch (message._tag) {
    case "orderbook_delta":
      takeDelta(recorder, message, tsReceivedMicros)
      break
    case "orderbook_snapshot":
      takeSnapshot(recorder, message, tsReceivedMicros)
      break
    case "trade":
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
    case "multivariate_market_lifecycle":
    case "event_lifecycle":
    case "event_fee_update":
      outbox.lifecycle.push({
        ticker: "marketTicker" in message ? message.marketTicker : message.eventTicker,
        eventType: "eventType" in message ? message.eventType : message._tag,
        epoch,
        sid: message.sid,
        seq: message.seq ?? 0,
        tsReceivedMicros,
        body: message.body
      })
      break
    case "error":
      if (isEnd(message)) endSubscriptions(recorder, message.sid, tsReceivedMicros)
      break
    case "unsubscribed":
      distrustAll(recorder, message.sid, 0, "unsubscribed", tsReceivedMicros)
      Sequencer.end(recorder.sequencer, message.sid)
      recorder.subscriptions.delete(message.sid)
      break
    case "unknown":
      counts.framesUnknown++
      // It belongs to the subscription, so it may have said anything of its books.
      if (message.sid !== null && message.seq !== null) {
        distrustAll(recorder, message.sid, message.seq, "undecodable", tsReceivedMicros)
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
const takeUndecodable = (recorder: Recorder, message: Undecodable, tsReceivedMicros: number): void => {
  const { counts, sequencer } = recorder
  const { seq, sid } = message
  counts.framesUndecodable++
  if (sid === null || seq === null) return
  const seqExpected = Sequencer.expected(sequencer, sid)
  if (seq < seqExpected) return
  distrustAll(recorder, sid, seqExpected, "undecodable", tsReceivedMicros)
  if (seq > seqExpected) return
  Sequencer.accept(sequencer, sid, seq)
  proved(recorder, sid, message, tsReceivedMicros)
}

const takeDelta = (recorder: Recorder, message: OrderbookDelta, tsReceivedMicros: number): void => {
  if (message.deltaE2 === 0) {
    recorder.counts.deltasEmpty++
    return
  }
  const { marketTicker, seq, sid, tsExchangeMicros } = message
  const log = logOf(recorder, marketTicker)
  const head = { epoch: recorder.epoch, sid, seq, tsExchangeMicros, tsReceivedMicros }
  if (!MarketLog.delta(log, head, message.side, message.priceE4, message.deltaE2, recorder.outbox)) {
    recorder.listener.distrusted(marketTicker, "inconsistent")
  }
  if (!recorder.followed.has(marketTicker)) recorder.listener.unannounced(marketTicker)
}

const takeSnapshot = (recorder: Recorder, message: OrderbookSnapshot, tsReceivedMicros: number): void => {
  const { listener, outbox } = recorder
  const { marketTicker, seq, sid } = message
  const log = logOf(recorder, marketTicker)
  const head = { epoch: recorder.epoch, sid, seq, tsExchangeMicros: null, tsReceivedMicros }
  // The exchange answers out of order: the snapshot can come before the `subscribed` of its sid.
  openSubscription(recorder, sid, "orderbook_delta", tsReceivedMicros)
  if (!MarketLog.snapshot(log, head, message.levels, outbox)) {
    listener.distrusted(marketTicker, "inconsistent")
  } else if (recorder.followed.has(marketTicker)) {
    listener.trusted(marketTicker)
  } else {
    // Nothing would tell of its next change.
    MarketLog.distrust(log, { ...head, cause: "unsubscribed", tsDetectedMicros: tsReceivedMicros }, outbox)
    listener.unannounced(marketTicker)
  }
}

const openSubscription = (recorder: Recorder, sid: number, channel: string, tsReceivedMicros: number): void => {
  if (recorder.subscriptions.has(sid)) return
  recorder.subscriptions.set(sid, { channel, proof: Proof.make(tsReceivedMicros) })
}

/** An error that names no subscription may mean any of them: no book is known, but the numbers of those that live go on. */
const endSubscriptions = (recorder: Recorder, sid: number | null, tsReceivedMicros: number): void => {
  if (sid !== null) Sequencer.end(recorder.sequencer, sid)
  for (const [each, { channel }] of [...recorder.subscriptions]) {
    if (sid !== null && sid !== each) continue
    distrustAll(recorder, each, 0, "channel_error", tsReceivedMicros)
    recorder.subscriptions.delete(each)
    recorder.listener.subscriptionEnded(each, channel)
  }
}

/** Takes note that nothing of the sid is missing up to this frame. */
const proved = (recorder: Recorder, sid: number, message: ServerMessage, tsReceivedMicros: number): void => {
  const subscription = recorder.subscriptions.get(sid)
  if (subscription === undefined) return
  const tsExchangeMicros = message._tag === "orderbook_delta" ? message.tsExchangeMicros : null
  Proof.extend(subscription.proof, tsReceivedMicros, tsExchangeMicros)
  if (tsExchangeMicros === null || tsExchangeMicros <= (recorder.tsExchangeMicros ?? 0)) return
  recorder.tsExchangeMicros = tsExchangeMicros
  recorder.tsExchangeReceivedMicros = tsReceivedMicros
}

/** The first moment of a sid that is not proven. */
const provenEnd = (
  recorder: Recorder,
  sid: number,
  seq: number,
  tsDetectedMicros: number
): Omit<MarketLog.GapStart, "cause"> => {
  const proof = recorder.subscriptions.get(sid)?.proof
  return {
    epoch: recorder.epoch,
    sid,
    seq,
    tsExchangeMicros: proof === undefined ? null : Proof.exchangeMicros(proof),
    tsReceivedMicros: proof === undefined ? tsDetectedMicros : Math.min(proof.tsReceivedMicros + 1, tsDetectedMicros),
    tsDetectedMicros
  }
}

/** Every book that is trusted because of the sid may have missed something (rule 4 of `Sequencer`), and no other (I10). O(markets). */
const distrustAll = (recorder: Recorder, sid: number, seq: number, cause: GapCause, tsDetectedMicros: number): void => {
  const start = { ...provenEnd(recorder, sid, seq, tsDetectedMicros), cause }
  for (const ticker of recorder.followed) {
    const log = recorder.logs.get(ticker)
    if (log === undefined || log.replay.last?.sid !== sid || !MarketLog.isTrusted(log)) continue
    MarketLog.distrust(log, start, recorder.outbox)
    recorder.listener.distrusted(ticker, cause)
  }
}
