/**
 * What makes the files of an hour or a day, and what proves such files: the archiver's view of the cold tier's writer and reader.
 *
 * Files are a function of what is stored: made again they are the same bytes. A proof trusts nothing but the files themselves.
 */
import type { Manifest, ManifestFile, ManifestMarket, ManifestTape } from "@kalshibook/core/cold/Manifest"
import type { SegmentSpan } from "@kalshibook/core/cold/SegmentKeys"
import type * as SegmentProof from "@kalshibook/store/cold/SegmentProof"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { ObjectStoreError } from "@kalshibook/store/objects/ObjectStoreError"
import { Context, type Effect, Schema } from "effect"
import type { WorkFolderError } from "./WorkFolder.ts"

/** The files cannot be made or read. */
export class SpanError extends Schema.TaggedError<SpanError>()("SpanError", {
  problem: Schema.String,
  isRetryable: Schema.Boolean
}) {
  override get message(): string {
    return this.problem
  }
}

export type MakeError = SpanError | HotTierError | ObjectStoreError | WorkFolderError

/** A file on this disk; its key follows from its content. */
export interface MadeFile extends Omit<ManifestFile, "key"> {
  readonly path: string
}

export interface MadeSpan {
  readonly files: ReadonlyArray<MadeFile>
  readonly markets: ReadonlyArray<ManifestMarket>
  readonly records: number
  readonly tapes: ReadonlyArray<ManifestTape>
}

export interface SpanProof {
  readonly span: SegmentSpan
  /** A manifest, or what will be one. */
  readonly claim: SegmentProof.Claim
  /** Where the files lie that were read back. */
  readonly pathOf: (file: ManifestFile) => string
  /**
   * `itself`: rows, times, offsets without holes, books by their hash, a sample read by a second reader. `hot`: for an hour that is
   * whole in the hot tier, also that it goes on where the hour before ends, and that its books are those of the hot tier's keyframes.
   */
  readonly against: "itself" | "hot"
}

export class SpanMaker extends Context.Service<
  SpanMaker,
  {
    /**
     * Makes the files of an hour in a folder: from the hot tier while the hour is whole there, else from the revision that counts,
     * together with what was stored since.
     */
    readonly hour: (fromMicros: number, folder: string) => Effect.Effect<MadeSpan, MakeError>
    /** Makes the files of a day of those of its hours, whose manifests these are. */
    readonly day: (
      fromMicros: number,
      hours: ReadonlyArray<Manifest>,
      folder: string
    ) => Effect.Effect<MadeSpan, MakeError>
    /** Reads the files and returns what about them is not as it is claimed, as sentences. */
    readonly problems: (proof: SpanProof) => Effect.Effect<ReadonlyArray<string>, MakeError>
  }
>()("@kalshibook/archiver/SpanMaker") {}
