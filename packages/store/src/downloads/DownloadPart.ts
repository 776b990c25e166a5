/** A file of a download: an object, and what whoever loads it must know. */
import { segmentKinds } from "@kalshibook/core/cold/SegmentColumns"
import { Schema } from "effect"

export const DownloadPart = Schema.Struct({
  key: Schema.String,
  /** The name under which it is to be stored; folders with `/`. */
  file_name: Schema.String,
  kind: Schema.Literals(segmentKinds),
  rows: Schema.Int,
  bytes: Schema.Int,
  sha256: Schema.String,
  /** Time that it is about, [from, to), Unix microseconds. */
  from_micros: Schema.Int,
  to_micros: Schema.Int,
  /** Whose it is; `null` where it is about more than one market. */
  market_ticker: Schema.NullOr(Schema.String)
})
export type DownloadPart = typeof DownloadPart.Type
