/**
 * Goes on where an earlier recorder stopped, however it stopped. The tape is replayed from its last checkpoint: up to the watermark
 * for the state alone, from there on for the records that were never stored. Then every connection of before is closed, which
 * writes the gaps.
 *
 * Without a tape that agrees with what is stored (it was lost, or the logs are another recorder's) the logs go on at their stored
 * ends, each with a gap that begins right after the watermark.
 */
import type { GapCause } from "@kalshibook/core/BookRecord"
import * as ChannelLog from "@kalshibook/core/ChannelLog"
import type { LiveLog } from "@kalshibook/core/FeedMessage"
import * as LiveFold from "@kalshibook/core/LiveFold"
import type { LogEnd } from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import * as Recorder from "@kalshibook/core/Recorder"
import * as RecorderAct from "@kalshibook/core/RecorderAct"
import * as TapeReplay from "@kalshibook/core/TapeReplay"
import * as Trust from "@kalshibook/core/Trust"
import type { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import type { Epochs } from "@kalshibook/store/Epochs"
import type { HotTier, HotTierError, LogHead, Watermark } from "@kalshibook/store/HotTier"
import type { Tape } from "@kalshibook/store/tape/Tape"
import type { TapeError } from "@kalshibook/store/tape/TapeError"
import { Effect, Option, Stream } from "effect"
import type { CollectorSettings } from "./CollectorSettings.ts"
import type { ReceiveClockState } from "./ReceiveClock.ts"

export interface TakeUpParts {
  readonly clock: ReceiveClockState
  readonly epochs: Epochs["Service"]
  readonly channelGaps: ChannelGaps["Service"]
  readonly hotTier: HotTier["Service"]
  readonly tape: Tape["Service"]
  readonly settings: Pick<CollectorSettings, "queueRecordsMax" | "stoppedCause">
  readonly listener: Recorder.Listener
}

/** What a recording begins with. */
export interface TakenUp {
  readonly recorder: Recorder.Recorder
  readonly ends: Map<string, LogEnd>
  readonly epochNext: number
  readonly isSpilled: boolean
  readonly tapeEntryCommitted: number
  readonly tsCommittedMicros: number
  /** Logs that were being written when the recorder before stopped, as they stand with the gap that says so. */
  readonly left: ReadonlyArray<LiveLog>
}

/** Logs in one act: small enough for one entry of the tape. */
const logsPerAct = 200

export const takeUp = Effect.fn("TakeUp.takeUp")(function* (
  parts: TakeUpParts
): Effect.fn.Return<TakenUp, HotTierError | TapeError> {
  const { clock, epochs, hotTier, tape } = parts
  // In one look: what a recorder that was killed had sent may be committed at any moment.
  const { heads, watermark } = yield* hotTier.state
  const stored = Option.getOrUndefined(watermark)
  const epochStored = Math.max(yield* epochs.last, stored?.epoch ?? 0)
  if (stored !== undefined) clock.notBefore(stored.tsReceivedMicros)
  const isKnown = stored !== undefined && stored.tapeId === tape.id
  const replayed: Begun | undefined = isKnown
    ? yield* Effect.catchDefect(replay(parts, stored, heads), (defect) =>
        distrusted(`it cannot be replayed: ${defect}`)
      )
    : undefined
  const taken: Begun = replayed ?? (yield* goOn(parts, stored, heads))
  const left = letGo(parts, taken)
  return { ...taken, left: taken.left ?? left, epochNext: Math.max(epochStored, taken.recorder.epochLast) + 1 }
})

/** Ends the connections of before, which writes the gaps. Which markets are recorded from now on is for discovery to say. */
const letGo = (parts: TakeUpParts, { ends, recorder }: Begun): ReadonlyArray<LiveLog> => {
  const cause = parts.settings.stoppedCause
  for (const [epoch] of recorder.connections) tell(parts, recorder, epoch, { act: "close", cause })
  const logs = [...recorder.logs.values()]
  const tickers = logs.map(({ marketTicker }) => marketTicker)
  for (let at = 0; at < tickers.length; at += logsPerAct) {
    const chunk = tickers.slice(at, at + logsPerAct)
    for (const { end, ticker } of tell(parts, recorder, 0, { act: "forget", tickers: chunk, cause }))
      ends.set(ticker, end)
  }
  return logs.flatMap(({ replay }) => LiveFold.toLog(replay) ?? [])
}

/** `left` where it is known before the connections of before are closed. */
type Begun = Omit<TakenUp, "epochNext" | "left"> & Partial<Pick<TakenUp, "left">>

/** Does to the recorder what the tape must know of. */
const tell = (
  { clock, tape }: TakeUpParts,
  recorder: Recorder.Recorder,
  epoch: number,
  act: RecorderAct.RecorderAct
) => {
  const tsReceivedMicros = clock.nowMicros()
  tape.append({ kind: "act", epoch, tsReceivedMicros, body: RecorderAct.encode(act) })
  return RecorderAct.perform(recorder, epoch, act, tsReceivedMicros)
}

/** From the tape; `undefined`, and said, when it does not agree with what is stored. */
const replay = Effect.fnUntraced(function* (
  { clock, listener, settings, tape }: TakeUpParts,
  stored: Watermark,
  heads: ReadonlyArray<LogHead>
) {
  const from = yield* tape.checkpointBefore(stored.tapeEntry)
  if (Option.isNone(from) && stored.tapeEntry > tape.appended())
    return yield* distrusted("it ends before what is stored")
  // What is derived again was told before, to those who were there then.
  const replaying = TapeReplay.make()
  let isSpilled = false
  let problem = stored.tapeEntry === 0 ? disagreement(replaying.recorder, heads) : undefined
  yield* Stream.runForEach(tape.read(Option.getOrElse(from, () => 1)), (entries) =>
    Effect.sync(() => {
      for (const entry of entries) {
        if (!TapeReplay.isNext(replaying, entry)) problem ??= `it is damaged before entry ${entry.number}`
        TapeReplay.apply(replaying, entry)
        const { outbox } = replaying.recorder
        if (entry.number <= stored.tapeEntry || isSpilled) Outbox.clear(outbox)
        if (entry.number === stored.tapeEntry) problem ??= disagreement(replaying.recorder, heads)
        isSpilled ||= Outbox.entries(outbox) >= settings.queueRecordsMax
      }
    })
  )
  if (replaying.entryLast < stored.tapeEntry) problem = "it ends before what is stored"
  if (problem !== undefined) return yield* distrusted(problem)
  clock.notBefore(replaying.tsReceivedMicros)
  const ends = endsOf(heads)
  for (const [ticker, end] of replaying.ends) ends.set(ticker, end)
  const derived = replaying.entryLast - stored.tapeEntry
  if (derived > 0) yield* Effect.logInfo("derived again from the tape").pipe(Effect.annotateLogs({ entries: derived }))
  return {
    recorder: { ...replaying.recorder, listener },
    ends,
    isSpilled,
    tapeEntryCommitted: stored.tapeEntry,
    tsCommittedMicros: stored.tsReceivedMicros
  } satisfies Begun
})

const distrusted = (problem: string) =>
  Effect.as(
    Effect.logWarning(`the tape does not agree with the database (${problem}): the logs go on with a gap`),
    undefined
  )

/** Why the recorder cannot be the one that wrote what is stored; `undefined` when it is. */
const disagreement = (recorder: Recorder.Recorder, heads: ReadonlyArray<LogHead>): string | undefined => {
  const offsets = new Map(heads.map(({ marketTicker, offset }) => [marketTicker, offset]))
  for (const { marketTicker, offset } of recorder.logs.values()) {
    const stored = offsets.get(marketTicker) ?? 0
    if (stored !== offset) return `${marketTicker} has ${stored} records, and ${offset} by the tape`
    offsets.delete(marketTicker)
  }
  for (const { kind, marketTicker } of heads) {
    if (offsets.has(marketTicker) && kind !== "gap") return `${marketTicker} is stored as being recorded`
  }
  return undefined
}

/** Where the stored logs end, as far as that is enough to go on. */
const endsOf = (heads: ReadonlyArray<LogHead>): Map<string, LogEnd> =>
  new Map(heads.map((head) => [head.marketTicker, endOf(head)]))

const endOf = ({ kind, ...last }: LogHead): LogEnd => ({
  last,
  trust:
    kind === "gap"
      ? Trust.stale({ ...last, kind, cause: "recorder_stopped", tsDetectedMicros: last.tsReceivedMicros })
      : Trust.unknown,
  tsExchangeEffectiveMicros: last.tsExchangeMicros ?? 0
})

/** Logs whose end is told to those who follow when all that is known is what is stored. */
const endsToldMax = 10_000

/** What a follower was told lately may not be stored, of any log. */
const lastEnds = (ends: ReadonlyMap<string, LogEnd>): ReadonlyArray<LiveLog> =>
  [...ends.values()]
    .sort((left, right) => left.last.tsReceivedMicros - right.last.tsReceivedMicros)
    .slice(-endsToldMax)
    .map(LiveFold.fromEnd)

/** From what is stored alone: what happened since the last commit was not seen. */
const goOn = Effect.fnUntraced(function* (
  parts: TakeUpParts,
  stored: Watermark | undefined,
  heads: ReadonlyArray<LogHead>
) {
  const { channelGaps, clock, hotTier, listener, settings, tape } = parts
  const recorder = Recorder.make(listener)
  const ends = endsOf(heads)
  // Before anything is recorded the database knows this tape: one that it does not know is never taken for its own.
  const tapeEntryCommitted = tape.appended()
  const nowMicros = clock.mark()
  const known = {
    tsExchangeMicros: stored?.tsExchangeMicros ?? null,
    tsExchangeReceivedMicros: stored?.tsExchangeReceivedMicros ?? null
  }
  const place = { epoch: stored?.epoch ?? 0, tsReceivedMicros: stored?.tsReceivedMicros ?? nowMicros }
  yield* hotTier.append({
    ...Outbox.make(),
    watermark: { ...place, ...known, tapeId: tape.id, tapeEntry: tapeEntryCommitted }
  })
  const begun = {
    recorder,
    ends,
    isSpilled: false,
    tapeEntryCommitted,
    tsCommittedMicros: place.tsReceivedMicros
  } satisfies Begun
  if (stored === undefined) return begun
  const { epoch, tsReceivedMicros } = stored
  const proven = { epoch, tsReceivedMicros, tsExchangeMicros: known.tsExchangeMicros }
  const cause: GapCause = settings.stoppedCause
  const left = heads.filter(({ kind }) => kind !== "gap")
  for (let at = 0; at < left.length; at += logsPerAct) {
    const chunk = left.slice(at, at + logsPerAct).map((head) => ({ ticker: head.marketTicker, end: endOf(head) }))
    for (const { end, ticker } of tell(parts, recorder, 0, { act: "abandon", ends: chunk, cause, proven })) {
      ends.set(ticker, end)
    }
  }
  const open = yield* channelGaps.open
  const gaps = ChannelLog.resume(cause, epoch, tsReceivedMicros + 1, nowMicros).map(
    (gap) => open.find(({ channel }) => channel === gap.channel) ?? gap
  )
  tell(parts, recorder, 0, { act: "missed", gaps, ...known })
  return { ...begun, left: lastEnds(ends) }
})
