/**
 * A recorder's state as tape entries, so that a tape can be replayed from the middle: one entry with the connections, then the
 * logs in parts, then an end. The parts are written a few at a time while recording goes on: a log is as it is when its part
 * is written, and what the tape says of it between the beginning and its part is in it already.
 *
 * Books are in it only while they are trusted: the levels of others have no say in what is recorded next. The bodies are JSON, our
 * own writing under a checksum, so they are not checked again.
 */
import * as Book from "./Book.ts"
import type { Level, MarketTicker, RecordHead } from "./BookRecord.ts"
import type { ChannelGap, SideChannel } from "./ChannelGap.ts"
import type { ConnectionRecord } from "./ConnectionRecord.ts"
import * as MarketLog from "./MarketLog.ts"
import type { PriceBand } from "./PriceGrid.ts"
import * as PriceGrid from "./PriceGrid.ts"
import type { Proof } from "./Proof.ts"
import * as Recorder from "./Recorder.ts"
import * as Connection from "./RecorderConnection.ts"
import type * as Trust from "./Trust.ts"

/** Logs in one part: small enough to be written between two frames. */
const logsPerPart = 100

interface ConnectionState {
  readonly record: ConnectionRecord
  /** By sid the last number seen, `null` of a sid that has ended. */
  readonly sequences: ReadonlyArray<readonly [sid: number, seqLast: number | null]>
  readonly subscriptions: ReadonlyArray<{ readonly sid: number; readonly channel: string; readonly proof: Proof }>
}

interface Beginning {
  readonly epochLast: number
  readonly tsExchangeMicros: number | null
  readonly tsExchangeReceivedMicros: number | null
  readonly connections: ReadonlyArray<ConnectionState>
  readonly channels: ReadonlyArray<readonly [SideChannel, ChannelGap | null]>
}

interface LogState {
  readonly ticker: MarketTicker
  readonly offset: number
  readonly last: RecordHead | null
  readonly trust: Trust.Trust
  readonly tsExchangeEffectiveMicros: number
  readonly tsExchangeProvenMicros: number
  readonly recordsSinceKeyframe: number
  readonly epochFollowed: number
  /** `null`: any price. */
  readonly bands: ReadonlyArray<PriceBand> | null
  /** Prices and sizes in turn; absent when the book is not trusted. */
  readonly yes?: ReadonlyArray<number>
  readonly no?: ReadonlyArray<number>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const encode = (body: unknown): Uint8Array => encoder.encode(JSON.stringify(body))
const decode = <A>(body: Uint8Array): A => JSON.parse(decoder.decode(body)) as A

/** Everything but the logs. */
export const beginning = (recorder: Recorder.Recorder): Uint8Array => {
  const { epochLast, tsExchangeMicros, tsExchangeReceivedMicros } = recorder
  const connections = [...recorder.connections.values()].map(connectionState)
  const body: Beginning = {
    epochLast,
    tsExchangeMicros,
    tsExchangeReceivedMicros,
    connections,
    channels: [...recorder.channels]
  }
  return encode(body)
}

const connectionState = ({ record, sequencer, subscriptions }: Connection.RecorderConnection): ConnectionState => ({
  record,
  sequences: [...sequencer.seqLast].map(([sid, seq]) => [sid, Number.isFinite(seq) ? seq : null]),
  subscriptions: [...subscriptions].map(([sid, { channel, proof }]) => ({ sid, channel, proof }))
})

/**
 * The logs, part by part, each as it is when its part is taken. The part that is returned is the last: whoever writes it must
 * write the end of the checkpoint at once, because of logs that come to be later it knows nothing.
 */
export function* parts(recorder: Recorder.Recorder, logsMax = logsPerPart): Generator<Uint8Array, Uint8Array> {
  let logs: Array<LogState> = []
  for (const log of recorder.logs.values()) {
    logs.push(logState(log))
    if (logs.length < logsMax) continue
    yield encode(logs)
    logs = []
  }
  return encode(logs)
}

const logState = (log: MarketLog.MarketLog): LogState => {
  const { replay } = log
  const levels = MarketLog.isTrusted(log) ? Book.levels(replay.book) : undefined
  return {
    ticker: log.marketTicker,
    offset: log.offset,
    last: replay.last === undefined ? null : headOf(replay.last),
    trust: replay.trust,
    tsExchangeEffectiveMicros: replay.tsExchangeEffectiveMicros,
    tsExchangeProvenMicros: replay.tsExchangeProvenMicros,
    recordsSinceKeyframe: log.recordsSinceKeyframe,
    epochFollowed: log.epochFollowed,
    bands: log.grid === PriceGrid.any ? null : log.grid.bands,
    ...(levels === undefined ? {} : { yes: flat(levels.yes), no: flat(levels.no) })
  }
}

/** The last record is more than its head: its levels or its change must not be written once more. */
const headOf = ({
  epoch,
  marketTicker,
  offset,
  seq,
  sid,
  tsExchangeMicros,
  tsReceivedMicros
}: RecordHead): RecordHead => ({
  marketTicker,
  offset,
  epoch,
  sid,
  seq,
  tsExchangeMicros,
  tsReceivedMicros
})

const flat = (levels: ReadonlyArray<Level>): ReadonlyArray<number> =>
  levels.flatMap(({ priceE4, sizeE2 }) => [priceE4, sizeE2])

const ladder = (numbers: ReadonlyArray<number>): ReadonlyArray<Level> => {
  const levels: Array<Level> = []
  for (let at = 0; at < numbers.length; at += 2) {
    levels.push({ priceE4: numbers[at] as number, sizeE2: numbers[at + 1] as number })
  }
  return levels
}

/** A recorder as it was, save its logs, which `restoreLogs` brings; `finish` ends its loading. */
export const restore = (body: Uint8Array, listener: Recorder.Listener): Recorder.Recorder => {
  const state = decode<Beginning>(body)
  const recorder = Recorder.make(listener)
  recorder.isLoading = true
  recorder.epochLast = state.epochLast
  recorder.tsExchangeMicros = state.tsExchangeMicros
  recorder.tsExchangeReceivedMicros = state.tsExchangeReceivedMicros
  for (const { record, sequences, subscriptions } of state.connections) {
    const connection = Connection.make(record)
    for (const [sid, seq] of sequences) connection.sequencer.seqLast.set(sid, seq ?? Number.POSITIVE_INFINITY)
    for (const { sid, ...subscription } of subscriptions) connection.subscriptions.set(sid, subscription)
    recorder.connections.set(record.epoch, connection)
  }
  for (const [channel, gap] of state.channels) recorder.channels.set(channel, gap)
  return recorder
}

/** Adds the logs of a part. */
export const restoreLogs = (recorder: Recorder.Recorder, body: Uint8Array): void => {
  for (const state of decode<ReadonlyArray<LogState>>(body)) {
    recorder.logs.set(state.ticker, logOf(state))
    recorder.connections.get(state.epochFollowed)?.followed.add(state.ticker)
  }
}

const logOf = (state: LogState): MarketLog.MarketLog => {
  const log = MarketLog.make(state.ticker)
  log.offset = state.offset
  log.recordsSinceKeyframe = state.recordsSinceKeyframe
  log.epochFollowed = state.epochFollowed
  if (state.bands !== null) log.grid = { bands: state.bands }
  const { replay } = log
  replay.last = state.last ?? undefined
  replay.trust = state.trust
  replay.tsExchangeEffectiveMicros = state.tsExchangeEffectiveMicros
  replay.tsExchangeProvenMicros = state.tsExchangeProvenMicros
  if (state.yes !== undefined && state.no !== undefined) {
    Book.replace(replay.book, { yes: ladder(state.yes), no: ladder(state.no) })
  }
  return log
}

/** All logs are there. */
export const finish = (recorder: Recorder.Recorder): void => {
  recorder.isLoading = false
}
