/**
 * What is measured and counted of the recording while it runs, for whoever looks at it. It outlives one recording: after the disk
 * gave out another one begins, and the counts go on.
 *
 * Measured where it happens, for next to nothing: the exchange's lag at each frame, by one increment; the lag of commits at up to
 * `lagSamplesMax` records of each batch, each of which stands for its neighbours. The tape measures its own.
 */
import { type BookRecord, type GapCause, gapCauses, type MarketTicker } from "@kalshibook/core/BookRecord"
import { type ChannelGap, type SideChannel, sideChannels } from "@kalshibook/core/ChannelGap"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as LagHistogram from "@kalshibook/core/LagHistogram"
import { noCounts, type RecorderCounts } from "@kalshibook/core/Recorder"
import { Context } from "effect"
import * as Faults from "./Faults.ts"

/** Books that were lost within one frame or act, until it is over. */
interface Lost {
  readonly ticker: MarketTicker
  markets: number
}

export interface SightState {
  readonly faults: Faults.Faults
  /** From the exchange's own time of a change or trade to its receipt: the way, and the difference of the clocks. */
  readonly exchangeLag: LagHistogram.LagHistogram
  /** From the receipt of a record to its commit. */
  readonly commitLag: LagHistogram.LagHistogram
  /** Gaps that are stored, by cause, and holes of the channels of the whole exchange. */
  readonly gaps: Record<GapCause, number>
  readonly channelGaps: Record<SideChannel, number>
  /** Connections that were opened, and that ended, by cause. */
  connectionsOpened: number
  readonly connectionEnds: Record<GapCause, number>
  checkpoints: number
  /** Recordings since the start of the process; the receive clock when the one that runs began, Unix microseconds. */
  sessions: number
  tsSessionMicros: number
  readonly lost: Map<GapCause, Lost>
  /** What recordings that are over have counted, and what the one that runs had counted when it began, from an older tape. */
  ended: SessionCounts
  base: SessionCounts
}

/** What one recording counts. */
export interface SessionCounts {
  readonly counts: Readonly<RecorderCounts>
  /** How often a market's fiber had to start again. */
  readonly restarts: number
  readonly recordsCommitted: number
}

/** Shared by the recordings of one collector. */
export class Sight extends Context.Service<Sight, SightState>()("@kalshibook/collector/Sight") {}

const nothing: SessionCounts = { counts: noCounts, restarts: 0, recordsCommitted: 0 }

const zeros = <Key extends string>(keys: ReadonlyArray<Key>): Record<Key, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>

export const make = (): SightState => ({
  faults: Faults.make(),
  exchangeLag: LagHistogram.make(),
  commitLag: LagHistogram.make(),
  gaps: zeros(gapCauses),
  channelGaps: zeros(sideChannels),
  connectionsOpened: 0,
  connectionEnds: zeros(gapCauses),
  checkpoints: 0,
  sessions: 0,
  tsSessionMicros: 0,
  lost: new Map(),
  ended: nothing,
  base: nothing
})

interface Counting {
  readonly recorder: { readonly counts: Readonly<RecorderCounts> }
  readonly restarts: number
  readonly recordsCommitted: number
}

/** A recording begins. What it has derived from the tape so far was counted when it was received. */
export const begin = (sight: SightState, recording: Counting, nowMicros: number): void => {
  sight.sessions++
  sight.tsSessionMicros = nowMicros
  sight.base = countsOf(recording)
}

/** A recording is over. */
export const end = (sight: SightState, recording: Counting): void => {
  sight.ended = totals(sight, recording)
  sight.base = countsOf(recording)
}

const countsOf = ({ recorder, recordsCommitted, restarts }: Counting): SessionCounts => ({
  counts: { ...recorder.counts },
  restarts,
  recordsCommitted
})

/** What was counted since the start of the process. */
export const totals = ({ base, ended }: SightState, recording: Counting): SessionCounts => {
  const counts = { ...ended.counts }
  for (const key of Object.keys(counts) as ReadonlyArray<keyof RecorderCounts>) {
    counts[key] += recording.recorder.counts[key] - base.counts[key]
  }
  return {
    counts,
    restarts: ended.restarts + recording.restarts - base.restarts,
    recordsCommitted: ended.recordsCommitted + recording.recordsCommitted - base.recordsCommitted
  }
}

/** Measures a frame. On the hot path. */
export const received = ({ exchangeLag }: SightState, message: ServerMessage, tsReceivedMicros: number): void => {
  if (message._tag !== "orderbook_delta" && message._tag !== "trade") return
  const { tsExchangeMicros } = message
  if (tsExchangeMicros !== null) LagHistogram.record(exchangeLag, tsReceivedMicros - tsExchangeMicros)
}

/** Takes note that a market's book is not known any more, within a frame or an act. */
export const lose = ({ lost }: SightState, ticker: MarketTicker, cause: GapCause): void => {
  const known = lost.get(cause)
  if (known === undefined) lost.set(cause, { ticker, markets: 1 })
  else known.markets++
}

/** What is done about books that are not known. */
const actions: Readonly<Record<GapCause, string>> = {
  connection_lost: "gaps are written; connecting again",
  silence: "the connection is cut and gaps are written; connecting again",
  sequence_hole: "gaps are written; snapshots are asked for",
  channel_error: "gaps are written; subscribing again",
  undecodable: "gaps are written; snapshots are asked for",
  inconsistent: "a gap is written; a snapshot is asked for",
  recorder_stopped: "gaps are written",
  market_closed: "the recording of the market ends",
  unsubscribed: "a gap is written; subscribing again",
  storage: "gaps are written",
  audit: "a gap is written; a snapshot is asked for",
  maintenance: "gaps are written; waiting for the exchange to open"
}

/** The frame or act is over: what was lost in it becomes one fault for each cause. */
export const tellLost = (
  { faults, lost }: SightState,
  tsMicros: number,
  place: { readonly epoch: number; readonly sid?: number | undefined }
): void => {
  for (const [cause, { markets, ticker }] of lost) {
    Faults.note(faults, tsMicros, { kind: "gap", cause, action: actions[cause], ...place, ticker, markets })
  }
  lost.clear()
}

/** Records of a batch whose lag is measured. */
const lagSamplesMax = 64

interface Stored {
  readonly records: ReadonlyArray<BookRecord>
  readonly channelGaps: ReadonlyArray<ChannelGap>
}

/** Measures and counts a batch that is committed now. */
export const stored = (sight: SightState, { channelGaps, records }: Stored, nowMicros: number): void => {
  const stride = Math.ceil(records.length / lagSamplesMax)
  let index = 0
  for (const record of records) {
    // A gap begins before it was noticed, so its time says nothing about the way of a record.
    if (record.kind === "gap") sight.gaps[record.cause]++
    else if (index++ % stride === 0) LagHistogram.record(sight.commitLag, nowMicros - record.tsReceivedMicros, stride)
  }
  for (const { channel, tsDetectedMicros, tsToMicros } of channelGaps) {
    // One that was open is stored once more when it ends.
    if (tsToMicros === null || tsToMicros === tsDetectedMicros) sight.channelGaps[channel]++
  }
}
