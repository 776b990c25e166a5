/**
 * The tape: everything that goes into the recorder is on it first, as a numbered entry, in order, and on the disk before anything
 * that follows from it is stored. After a crash at any moment the records are derived again from it.
 *
 * One writer to a folder. Entries are taken synchronously into memory, written within milliseconds and synced in groups. Where the
 * disk gives out, the tape fails and stays failed: whoever records stops, waits, and opens it again.
 */
import type { LagHistogram } from "@kalshibook/core/LagHistogram"
import type { TapeEntry, TapeEntryKind } from "@kalshibook/core/TapeEntry"
import { Context, type Effect, Layer, type Option, type Stream } from "effect"
import * as TapeDisk from "./TapeDisk.ts"
import type { TapeError } from "./TapeError.ts"
import * as TapeMemory from "./TapeMemory.ts"
import type { TapeSettings } from "./TapeSettings.ts"

export { TapeError } from "./TapeError.ts"

/** What is appended; the tape adds the number and its monotonic clock. The body is copied. */
export interface TapeAppend {
  readonly kind: TapeEntryKind
  readonly epoch: number
  readonly tsReceivedMicros: number
  readonly body: Uint8Array
}

export interface TapeStatus {
  readonly id: string
  /** Where it lies; `memory` for one that does not. */
  readonly folder: string
  /** Segments, in both forms, and their bytes on the disk. */
  readonly segments: number
  readonly bytes: number
  /** Number of the segment that is being written; 0 before the first entry. */
  readonly segment: number
  readonly entriesAppended: number
  readonly entriesSynced: number
  /** Waiting in memory to be written. */
  readonly bytesWaiting: number
  /** How long the oldest entry that is not synced has waited; 0 when all are. How long the last sync took. */
  readonly syncLagMicros: number
  readonly syncMicros: number
  /** Room on the disk for this user; `null` where there is no disk. Low: below `freeBytesAlarm`. */
  readonly freeBytes: number | null
  readonly isFreeLow: boolean
  /** Bytes that were cut off when it was opened, because they had not been written to their end. */
  readonly tailBytesCut: number
  /** Closed segments that are not compressed yet; why the last compression failed, for people. */
  readonly segmentsUncompressed: number
  readonly compressionProblem: string | null
  /** Why it takes nothing any more; `null` while it does. */
  readonly failure: TapeError | null
}

export class Tape extends Context.Service<
  Tape,
  {
    /** Uuid of this tape, the same whenever it is opened. */
    readonly id: string
    /**
     * Takes an entry in memory, synchronously, and gives it the next number. Never fails: on a tape that has failed it counts on
     * and drops the entry, which is then never synced.
     */
    readonly append: (entry: TapeAppend) => number
    /** Number of the last entry taken; when opened, of the last one on the tape; 0 on a new one. */
    readonly appended: () => number
    /** All entries up to this one are on the disk. */
    readonly synced: () => number
    /** Waits until this entry, which may be yet to come, is synced. Hastens the sync of those already appended. */
    readonly untilSynced: (entryNumber: number) => Effect.Effect<void, TapeError>
    /** Whether the segment is so large or so old that it should be closed. */
    readonly isRotationDue: () => boolean
    /** The next entry begins a new segment; then the old one is closed, and compressed in the background. */
    readonly rotate: Effect.Effect<void>
    /**
     * Entries from this number on, in order, in groups, up to the last that is synced now; ends there. A number that is missing
     * was lost by the disk (a warning is logged), or is older than the oldest segment: compare the numbers.
     */
    readonly read: (fromEntry: number) => Stream.Stream<ReadonlyArray<TapeEntry>, TapeError>
    /**
     * Number of the `checkpoint_begin` of the newest checkpoint that is synced and whole and whose end is at or before the entry.
     * Reads from the last segment back: a fraction of a second for each.
     */
    readonly checkpointBefore: (entryNumber: number) => Effect.Effect<Option.Option<number>, TapeError>
    /** Never succeeds; fails when the tape takes nothing any more. */
    readonly failed: Effect.Effect<never, TapeError>
    readonly status: Effect.Effect<TapeStatus>
    /**
     * How long entries took from being appended to being synced. Each counts as long as the oldest one that was written with it, so
     * up to `writeMillisMax` too long.
     */
    readonly syncLag: LagHistogram
  }
>()("@kalshibook/store/tape/Tape") {
  /**
   * In a folder, which is made where it is missing. Fails as `locked` while another process writes there, and as `disk_full` where
   * there is less room than `freeBytesMin`.
   */
  static readonly layer = (folder: string, settings: Partial<TapeSettings> = {}): Layer.Layer<Tape, TapeError> =>
    Layer.effect(Tape, TapeDisk.open(folder, settings))

  /** The same contract without a disk, by the Effect clock. What `memory` holds survives the layer, and what a crash leaves of it. */
  static readonly layerMemory = (
    memory: TapeMemory.TapeMemory,
    settings: Partial<TapeSettings> = {}
  ): Layer.Layer<Tape, TapeError> => Layer.effect(Tape, TapeMemory.open(memory, settings))
}
