/** Why a download cannot be answered or made, told apart by what the asker can do about it. */
import { Schema } from "effect"

/** The question is too large; asking for less helps. */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  /** What there is too much of, for people. */
  problem: Schema.String
}) {
  readonly isRetryable = false
}

/** Nothing that is asked for is sealed. */
export class NothingSealed extends Schema.TaggedError<NothingSealed>()("NothingSealed", {
  problem: Schema.String
}) {
  readonly isRetryable = false
}

/** A sealed object is missing, or is not what its manifest says: nothing is made of it. */
export class SealedDataWrong extends Schema.TaggedError<SealedDataWrong>()("SealedDataWrong", {
  problem: Schema.String
}) {
  readonly isRetryable = false
}

/** The object store, or this machine's disk, failed for now. */
export class StorageAway extends Schema.TaggedError<StorageAway>()("StorageAway", {
  problem: Schema.String
}) {
  readonly isRetryable = true
}

/** There is no download of this id, or not any more. */
export class UnknownDownload extends Schema.TaggedError<UnknownDownload>()("UnknownDownload", {
  id: Schema.String
}) {
  readonly isRetryable = false
  readonly problem = "There is no download of this id any more."
}

export class DownloadError extends Schema.TaggedError<DownloadError>()("DownloadError", {
  operation: Schema.String,
  reason: Schema.Union([TooLarge, NothingSealed, SealedDataWrong, StorageAway, UnknownDownload])
}) {
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }

  override get message(): string {
    return `${this.operation}: ${this.reason.problem}`
  }
}
