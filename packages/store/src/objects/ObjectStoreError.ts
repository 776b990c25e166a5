/** The one error of the object store, with a reason that callers can tell apart. Never carries a secret. */
import { Schema } from "effect"

/** There is no object of this key. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  problem: Schema.String
}) {
  readonly isRetryable = false
}

/** The store knows who asks and does not let them, or does not know them. */
export class AccessDenied extends Schema.TaggedError<AccessDenied>()("AccessDenied", {
  problem: Schema.String
}) {
  readonly isRetryable = false
}

/** The store or the way to it failed for now (5xx, throttled, timeout, connection cut, disk full), also after several attempts. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  problem: Schema.String
}) {
  readonly isRetryable = true
}

/** What arrived is not what was stored, or what is stored is not what was given, also after another attempt. */
export class Corrupt extends Schema.TaggedError<Corrupt>()("Corrupt", {
  bytesExpected: Schema.Int,
  bytesFound: Schema.Int,
  /** Hexadecimal; empty when the lengths alone tell that it is not the same. */
  sha256Expected: Schema.String,
  sha256Found: Schema.String
}) {
  readonly isRetryable = false

  get problem(): string {
    const text = (bytes: number, sha256: string) => `${bytes} bytes${sha256 === "" ? "" : ` with sha256 ${sha256}`}`
    return `expected ${text(this.bytesExpected, this.sha256Expected)}, found ${text(this.bytesFound, this.sha256Found)}`
  }
}

/** Another object has this key. It is left as it is: objects are never overwritten. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", {
  /** Of the object that is there. */
  bytes: Schema.Int,
  /** Hexadecimal; of the object that is there. */
  sha256: Schema.String
}) {
  readonly isRetryable = false

  get problem(): string {
    return `another object has this key, of ${this.bytes} bytes with sha256 ${this.sha256}`
  }
}

/** The call asks for what cannot be: a key of a wrong form, a range beyond the end, too many bytes, a bucket that is not there. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  problem: Schema.String
}) {
  readonly isRetryable = false
}

/** What the system says when there is no room, or too much is open: that may change. */
const passing = new Set(["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EAGAIN"])

/** A file on this machine could not be read or written: the caller's, or one of the folder that takes a bucket's place. */
export class LocalFileFailed extends Schema.TaggedError<LocalFileFailed>()("LocalFileFailed", {
  /** The system's (`ENOENT`, `ENOSPC`); empty when it gave none. */
  code: Schema.String,
  problem: Schema.String
}) {
  get isRetryable(): boolean {
    return passing.has(this.code)
  }
}

export type ObjectStoreReason = NotFound | AccessDenied | Unavailable | Corrupt | Conflict | Refused | LocalFileFailed

/** `open`: the store itself could not be set up; `answer`: a signed URL was asked for. */
const operations = [
  "open",
  "put",
  "putFile",
  "get",
  "getToFile",
  "head",
  "list",
  "remove",
  "signedUrl",
  "answer"
] as const

export type ObjectOperation = (typeof operations)[number]

/** An operation on one object did not succeed; no half object and no half file is left where somebody would look for a whole one. */
export class ObjectStoreError extends Schema.TaggedError<ObjectStoreError>()("ObjectStoreError", {
  operation: Schema.Literals(operations),
  /** The key, or the prefix of a list; empty when the store could not be opened. */
  key: Schema.String,
  reason: Schema.Union([NotFound, AccessDenied, Unavailable, Corrupt, Conflict, Refused, LocalFileFailed])
}) {
  /** Whether the same call may succeed later without anybody's doing. The store has made several attempts already. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }

  override get message(): string {
    return `${this.operation} ${this.key}: ${this.reason.problem}`
  }
}
