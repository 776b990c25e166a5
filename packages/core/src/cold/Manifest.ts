/**
 * The manifest of a sealed hour or day: which files belong to it, with what they must be, and where each market's rows are. A JSON
 * object in the bucket, immutable like the files; a row in Postgres says which revision counts.
 *
 * Times are Unix microseconds, whole numbers. Offsets and rows count from what their descriptions say.
 */
import * as Schema from "effect/Schema"
import { gapCauses } from "../BookRecord.ts"
import { segmentKinds } from "./SegmentColumns.ts"

const Micros = Schema.Int
const Sha256 = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

export const ManifestFile = Schema.Struct({
  kind: Schema.Literals(segmentKinds),
  /** 0, 1, 2 ... within the kind, in the order of the rows. */
  part: Count,
  key: Schema.String,
  bytes: Count,
  /** Of the whole file, hexadecimal. */
  sha256: Sha256,
  rows: Count,
  /** Least and greatest times in it; `null` where it has none. */
  ts_received_micros_min: Schema.NullOr(Micros),
  ts_received_micros_max: Schema.NullOr(Micros),
  ts_exchange_micros_min: Schema.NullOr(Micros),
  ts_exchange_micros_max: Schema.NullOr(Micros)
})
export type ManifestFile = typeof ManifestFile.Type

/** One market's part of the records. */
export const ManifestMarket = Schema.Struct({
  market_ticker: Schema.String,
  /** `part` of the one file of records that holds all of its rows. */
  part: Count,
  /** Place of its first row in that file, from 0, and how many there are, a keyframe's among them. */
  row_first: Count,
  rows: Count,
  /** Whether its rows begin with the state before the span; otherwise its log begins, or begins again, within it. */
  has_keyframe: Schema.Boolean,
  /** Receipt of its first record in the span that is no keyframe, and of its last; `null` where it has only a keyframe. */
  ts_first_micros: Schema.NullOr(Micros),
  ts_last_micros: Schema.NullOr(Micros),
  /** Records (not rows) that are no keyframe, of which gaps. */
  records: Count,
  gaps: Count,
  /** Of its first and last record that is no keyframe; of the keyframe where there is none. Without holes in between. */
  offset_first: Count,
  offset_last: Count,
  /** Digest of the book after its last record (the last good one when it is not trusted), 16 hexadecimal digits. */
  book_hash: Schema.String,
  /** Why the book is not trusted after its last record; `null` when it is. */
  gap_cause: Schema.NullOr(Schema.Literals(gapCauses))
})
export type ManifestMarket = typeof ManifestMarket.Type

/**
 * Entries of a tape that the span was made from: all of its records, trades and lifecycle messages came from entries [first, last], but
 * for trades that were filled by REST. Entries are numbered for ever over all files of a tape, and the keys of uploaded files say which
 * ones they hold, so the files are found by their numbers, also those that were still being written when the span was sealed.
 */
export const ManifestTape = Schema.Struct({
  tape_id: Schema.String,
  entry_first: Count,
  entry_last: Count
})
export type ManifestTape = typeof ManifestTape.Type

export const Manifest = Schema.Struct({
  schema_version: Schema.Int,
  span: Schema.Literals(["hour", "day"]),
  from_micros: Micros,
  /** Exclusive. */
  to_micros: Micros,
  /** 1, 2, 3 ...: a correction is a new one. */
  revision: Schema.Int,
  /** What this revision takes the place of, and why; `null` for the first. */
  replaces: Schema.NullOr(Schema.Struct({ revision: Schema.Int, sha256: Sha256, reason: Schema.String })),
  files: Schema.Array(ManifestFile),
  /** Ascending by ticker, bytewise: the order of the rows. */
  markets: Schema.Array(ManifestMarket),
  /** Records (not rows) of all markets that are no keyframes. */
  records: Count,
  /** None where it is not known: recorded without a tape, or before this was noted. */
  tapes: Schema.Array(ManifestTape),
  code_revision: Schema.String,
  sealed_by: Schema.String,
  ts_sealed_micros: Micros
})
export type Manifest = typeof Manifest.Type
