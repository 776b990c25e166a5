/**
 * Begins a new segment of the tape when one is due, with the recorder's whole state, so that after a crash no more than the last
 * segments are replayed. The state goes in part by part, so that no frame waits long for it.
 */
import * as RecorderCheckpoint from "@kalshibook/core/RecorderCheckpoint"
import type { TapeEntryKind } from "@kalshibook/core/TapeEntry"
import { Duration, Effect } from "effect"
import type { CollectorSettings } from "./CollectorSettings.ts"
import type { RecordingState } from "./Recording.ts"

/** How often is looked whether one is due. */
const lookMillis = 250

/** Writes one when the recording begins, and whenever a segment is full or old enough. */
export const run = Effect.fnUntraced(function* (
  recording: RecordingState,
  { checkpointPartMillis }: Pick<CollectorSettings, "checkpointPartMillis">
) {
  for (;;) {
    yield* write(recording, checkpointPartMillis)
    // A checkpoint may be larger than a segment is to be: other things get their turn in between.
    do yield* Effect.sleep(Duration.millis(lookMillis))
    while (!recording.tape.isRotationDue())
    yield* recording.tape.rotate
  }
})

const write = Effect.fn("Checkpoints.write")(function* (recording: RecordingState, partMillis: number) {
  const { clock, recorder, tape } = recording
  const append = (kind: TapeEntryKind, body: Uint8Array): void => {
    tape.append({ kind, epoch: 0, tsReceivedMicros: clock.nowMicros(), body })
  }
  append("checkpoint_begin", RecorderCheckpoint.beginning(recorder))
  const parts = RecorderCheckpoint.parts(recorder)
  for (;;) {
    const part = parts.next()
    append("checkpoint_part", part.value)
    if (part.done === true) break
    yield* Effect.sleep(Duration.millis(partMillis))
  }
  append("checkpoint_end", new Uint8Array())
  recording.sight.checkpoints++
})
