/**
 * From a tape to records again: the same pure code as while recording, so the same records with the same offsets. Begins at the
 * beginning of a tape, or at any of its checkpoints.
 */

import type { MarketTicker } from "./BookRecord.ts"
import * as Wire from "./kalshi/Wire.ts"
import type { LogEnd } from "./MarketLog.ts"
import * as Recorder from "./Recorder.ts"
import * as RecorderAct from "./RecorderAct.ts"
import * as RecorderCheckpoint from "./RecorderCheckpoint.ts"
import type { TapeEntry } from "./TapeEntry.ts"

export interface TapeReplay {
  /** Its outbox grows with every entry: whoever replays drains it. */
  recorder: Recorder.Recorder
  /** Where the logs end that were let go of on the way. */
  readonly ends: Map<MarketTicker, LogEnd>
  /** Number of the last entry applied, 0 before the first. */
  entryLast: number
  /** Its receive time, Unix microseconds; 0 before the first. */
  tsReceivedMicros: number
}

export const make = (listener: Recorder.Listener = Recorder.silentListener): TapeReplay => ({
  recorder: Recorder.make(listener),
  ends: new Map(),
  entryLast: 0,
  tsReceivedMicros: 0
})

/** Whether the entry is the next one: when it is not, something of the tape is lost, and what follows would be guessed. */
export const isNext = ({ entryLast }: TapeReplay, { number }: TapeEntry): boolean =>
  entryLast === 0 || number === entryLast + 1

/** Applies the next entry of the tape. The first may be the beginning of a checkpoint; later checkpoints say nothing new. */
export const apply = (replay: TapeReplay, entry: TapeEntry): void => {
  const { recorder } = replay
  switch (entry.kind) {
    case "received":
      Recorder.receive(recorder, entry.epoch, Wire.decode(entry.body), entry.tsReceivedMicros)
      break
    case "act": {
      const act = RecorderAct.decode(entry.body)
      if (act.act === "begin") replay.ends.delete(act.ticker)
      for (const { end, ticker } of RecorderAct.perform(recorder, entry.epoch, act, entry.tsReceivedMicros)) {
        replay.ends.set(ticker, end)
      }
      break
    }
    case "checkpoint_begin":
      if (replay.entryLast === 0) replay.recorder = RecorderCheckpoint.restore(entry.body, recorder.listener)
      break
    case "checkpoint_part":
      if (recorder.isLoading) RecorderCheckpoint.restoreLogs(recorder, entry.body)
      break
    case "checkpoint_end":
      RecorderCheckpoint.finish(recorder)
      break
    case "sent":
      break
  }
  replay.entryLast = entry.number
  replay.tsReceivedMicros = Math.max(replay.tsReceivedMicros, entry.tsReceivedMicros)
}
