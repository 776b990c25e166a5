// adapter: a defect within a frame must not keep the connection from being closed
/**
 * The one way into the recorder: what goes in stands on the tape first. Synchronous, so that the order of the tape is the order
 * in which things were done.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as Recorder from "@kalshibook/core/Recorder"
import * as RecorderAct from "@kalshibook/core/RecorderAct"
import * as Faults from "./Faults.ts"
import * as FeedTap from "./FeedTap.ts"
import { entriesWaiting, finishFrame, type RecordingState } from "./Recording.ts"
import * as Sight from "./Sight.ts"

/** Records a frame of the connection. What it means for fibers is noted: `finishFrame` does it. */
export const receive = (
  recording: RecordingState,
  epoch: number,
  frame: Uint8Array,
  tsReceivedMicros: number
): ServerMessage => {
  recording.tape.append({ kind: "received", epoch, tsReceivedMicros, body: frame })
  const message = Wire.decode(frame)
  recording.isInFrame = true
  try {
    Recorder.receive(recording.recorder, epoch, message, tsReceivedMicros)
  } finally {
    recording.isInFrame = false
  }
  const { sight } = recording
  Sight.received(sight, message, tsReceivedMicros)
  if (sight.lost.size > 0) {
    Sight.tellLost(sight, tsReceivedMicros, { epoch, sid: "sid" in message ? (message.sid ?? undefined) : undefined })
  }
  keepWithinBounds(recording)
  return message
}

const encoder = new TextEncoder()

/** Keeps what was said to the exchange, as evidence. */
export const sent = ({ clock, tape }: RecordingState, epoch: number, text: string): void => {
  tape.append({ kind: "sent", epoch, tsReceivedMicros: clock.nowMicros(), body: encoder.encode(text) })
}

/**
 * Does something to the recorder, and wakes whom it concerns. Not within a frame: what a frame leads to is put off until it is over
 * (`afterFrame`).
 */
export const act = (
  recording: RecordingState,
  epoch: number,
  what: RecorderAct.RecorderAct,
  tsMicros = recording.clock.nowMicros()
): void => {
  const { ends, isInFrame, recorder, sight, tape } = recording
  // impossible: the tape would tell another order than the one in which things were done
  if (isInFrame) throw new Error(`${what.act} within a frame`)
  tape.append({ kind: "act", epoch, tsReceivedMicros: tsMicros, body: RecorderAct.encode(what) })
  const logs = what.act === "forget" ? what.tickers.map((ticker) => recorder.logs.get(ticker)) : []
  for (const { end, ticker } of RecorderAct.perform(recorder, epoch, what, tsMicros)) ends.set(ticker, end)
  for (const log of logs) if (log !== undefined) FeedTap.over(recording, log)
  if (what.act === "begin" && what.end !== null) FeedTap.begun(recording, what.end)
  if (sight.lost.size > 0) Sight.tellLost(sight, tsMicros, { epoch })
  keepWithinBounds(recording)
  finishFrame(recording)
}

/** From now on frames of these markets are expected on the connection. */
export const follow = (recording: RecordingState, epoch: number, tickers: ReadonlyArray<MarketTicker>): void => {
  const { recorder } = recording
  const fresh = tickers.filter((ticker) => {
    const log = recorder.logs.get(ticker)
    return log !== undefined && log.epochFollowed !== epoch
  })
  if (fresh.length > 0) act(recording, epoch, { act: "follow", tickers: fresh })
}

/** Lets go of the outbox when it has more than may wait in memory: what is on the tape can be derived again. */
const keepWithinBounds = (recording: RecordingState): void => {
  if (!recording.isSpilled && entriesWaiting(recording) >= recording.queueRecordsMax) {
    recording.isSpilled = true
    Faults.note(recording.sight.faults, recording.clock.nowMicros(), {
      kind: "store",
      cause: "more waits to be stored than memory may hold",
      action: "what waits is let go of, and stored from the tape later"
    })
  }
  if (recording.isSpilled) FeedTap.clear(recording)
}
