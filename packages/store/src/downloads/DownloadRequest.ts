/**
 * What a download is about, and the id that follows from it: the same question about the same sealed revisions has the same id, so
 * that what was made once is used again.
 */
import { createHash } from "node:crypto"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { type SegmentKind, segmentKinds } from "@kalshibook/core/cold/SegmentColumns"
import type { SegmentSpan } from "@kalshibook/core/cold/SegmentKeys"
import { Schema } from "effect"
import { type EngineFormat, engineFormats } from "../export/EngineFiles.ts"

export const tableFormats = ["parquet", "csv", "ndjson"] as const
export type TableFormat = (typeof tableFormats)[number]
const downloadFormats = [...tableFormats, ...engineFormats] as const
export type DownloadFormat = TableFormat | EngineFormat

export const isEngineFormat = (format: DownloadFormat): format is EngineFormat =>
  engineFormats.some((one) => one === format)

export interface DownloadRequest {
  readonly format: DownloadFormat
  /** Engines have books and trades alone. */
  readonly kinds: ReadonlyArray<SegmentKind>
  /** Beginnings of UTC hours, [from, to). */
  readonly fromMicros: number
  readonly toMicros: number
  /** `undefined`: all. */
  readonly tickers: ReadonlyArray<MarketTicker> | undefined
}

/** A sealed span that answers a part of the question. */
export interface DownloadSource {
  readonly span: SegmentSpan
  readonly revision: number
  readonly manifestKey: string
  readonly manifestSha256: string
}

const Micros = Schema.Int
const Source = Schema.Struct({
  span: Schema.Literals(["hour", "day"]),
  from_micros: Micros,
  revision: Schema.Int,
  manifest_key: Schema.String,
  manifest_sha256: Schema.String
})

/** The question as it is stored. Its text is what the id is made of. */
export const StoredRequest = Schema.Struct({
  format: Schema.Literals(downloadFormats),
  kinds: Schema.Array(Schema.Literals(segmentKinds)),
  from_micros: Micros,
  to_micros: Micros,
  tickers: Schema.NullOr(Schema.Array(Schema.String)),
  sources: Schema.Array(Source)
})
export type StoredRequest = typeof StoredRequest.Type

/** Raised when the same question gives other files: a format's layout changed. */
const layoutVersion = 1

export const store = (request: DownloadRequest, sources: ReadonlyArray<DownloadSource>): StoredRequest => ({
  format: request.format,
  kinds: segmentKinds.filter((kind) => request.kinds.includes(kind)),
  from_micros: request.fromMicros,
  to_micros: request.toMicros,
  tickers: request.tickers === undefined ? null : [...new Set(request.tickers)].sort(),
  sources: sources.map(({ manifestKey, manifestSha256, revision, span }) => ({
    span: span._tag,
    from_micros: span.fromMicros,
    revision,
    manifest_key: manifestKey,
    manifest_sha256: manifestSha256
  }))
})

export const requestOf = (stored: StoredRequest): DownloadRequest => ({
  format: stored.format,
  kinds: stored.kinds,
  fromMicros: stored.from_micros,
  toMicros: stored.to_micros,
  tickers: stored.tickers ?? undefined
})

export const sourcesOf = (stored: StoredRequest): ReadonlyArray<DownloadSource> =>
  stored.sources.map((source) => ({
    span: { _tag: source.span, fromMicros: source.from_micros },
    revision: source.revision,
    manifestKey: source.manifest_key,
    manifestSha256: source.manifest_sha256
  }))

export const idOf = (stored: StoredRequest): string =>
  `dl_${createHash("sha256")
    .update(`${layoutVersion} ${JSON.stringify(stored)}`)
    .digest("hex")
    .slice(0, 32)}`
