/**
 * The keys of the cold tier's objects, hive-style, so that DuckDB, Spark, Athena and others see `date` and `hour` as columns. Each
 * ends in the beginning of its content's sha256: the same content has the same key, and another never replaces it.
 *
 *     v1/records/date=2026-11-21/hour=13/part-0000-<hash>.parquet      a sealed hour, cut at market boundaries
 *     v1/records/date=2026-11-21/day-0000-<hash>.parquet               the same of a whole day, for bulk use
 *     v1/manifests/date=2026-11-21/hour=13/r1-<hash>.json              what belongs to the hour, in its first revision
 *     v1/manifests/date=2026-11-21/day-r1-<hash>.json
 *     raw/<tape id>/000000000001-000000004711/<segment file name>      the tapes, as recorded: entries [first, last]
 *     downloads/<download id>/<file name>                              carved for one customer, removed after a while
 */
import type { SegmentKind } from "./SegmentColumns.ts"

export const hourMicros = 3_600_000_000
export const dayMicros = 24 * hourMicros

/** Beginning of the UTC hour of a moment, Unix microseconds. */
export const hourOf = (micros: number): number => micros - (micros % hourMicros)
/** Beginning of the UTC day of a moment, Unix microseconds. */
export const dayOf = (micros: number): number => micros - (micros % dayMicros)

/** What a file or a manifest is about: an hour or a day, by its beginning, Unix microseconds. */
export type SegmentSpan =
  | { readonly _tag: "hour"; readonly fromMicros: number }
  | { readonly _tag: "day"; readonly fromMicros: number }

/** End of the span, Unix microseconds, exclusive. */
export const spanEndMicros = ({ _tag, fromMicros }: SegmentSpan): number =>
  fromMicros + (_tag === "hour" ? hourMicros : dayMicros)

const hashDigits = 16

/** `2026-11-21` of a moment, UTC. */
export const dateText = (micros: number): string => new Date(micros / 1000).toISOString().slice(0, 10)

const folder = (name: string, { _tag, fromMicros }: SegmentSpan): string => {
  const date = `v1/${name}/date=${dateText(fromMicros)}/`
  if (_tag === "day") return `${date}day-`
  const hour = Math.floor((fromMicros % dayMicros) / hourMicros)
  return `${date}hour=${String(hour).padStart(2, "0")}/`
}

/** Key of a Parquet file; `part` is 0, 1, 2 ... in the order of the rows, `sha256` of the file in hexadecimal. */
export const fileKey = (kind: SegmentKind, span: SegmentSpan, part: number, sha256: string): string =>
  `${folder(kind, span)}${span._tag === "hour" ? "part-" : ""}${String(part).padStart(4, "0")}-${sha256.slice(0, hashDigits)}.parquet`

/** Key of a manifest. */
export const manifestKey = (span: SegmentSpan, revision: number, sha256: string): string =>
  `${folder("manifests", span)}r${revision}-${sha256.slice(0, hashDigits)}.json`

/** Whether a key is one of a manifest of this span. */
export const isManifestOf = (key: string, span: SegmentSpan): boolean => key.startsWith(`${folder("manifests", span)}r`)

const entryDigits = 12

/** What a closed segment of a tape holds. */
export interface TapeSegment {
  readonly tapeId: string
  /** As on the recorder's disk. */
  readonly fileName: string
  /** Numbers of its first and last entry. */
  readonly entryFirst: number
  readonly entryLast: number
}

/** Key of a closed segment of a tape. */
export const tapeKey = ({ entryFirst, entryLast, fileName, tapeId }: TapeSegment): string =>
  `raw/${tapeId}/${entryText(entryFirst)}-${entryText(entryLast)}/${fileName}`

const entryText = (entry: number): string => String(entry).padStart(entryDigits, "0")

/** Key of a file that was made for one download. */
export const downloadKey = (downloadId: string, fileName: string): string => `downloads/${downloadId}/${fileName}`
