/**
 * From a question and the manifests of what is sealed to the files that answer it: which objects are signed as they are, and which
 * files have to be made of which objects, day by day. Pure: knows neither Postgres nor the bucket.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { Manifest, ManifestFile } from "@kalshibook/core/cold/Manifest"
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import { dateText, dayMicros, dayOf, spanEndMicros } from "@kalshibook/core/cold/SegmentKeys"
import type { DownloadPart } from "./DownloadPart.ts"
import type { DownloadFormat, DownloadRequest, DownloadSource } from "./DownloadRequest.ts"

/** A sealed span as far as the question is about it. */
export interface PlannedSpan {
  readonly source: DownloadSource
  /** The files of the kinds that are asked for, but for those of records without one of the markets. */
  readonly files: ReadonlyArray<ManifestFile>
  /** The markets that are asked for and that have records in it. */
  readonly tickers: ReadonlyArray<MarketTicker>
  /** Rows of records of these markets. */
  readonly rowsOfRecords: number
}

/** All of a UTC day that is asked for. */
export interface PlannedDay {
  readonly dayMicros: number
  /** [from, to) of the question within the day. */
  readonly fromMicros: number
  readonly toMicros: number
  readonly spans: ReadonlyArray<PlannedSpan>
}

export interface Quote {
  readonly files: number
  readonly rows: number
  readonly bytes: number
  /** Whether rows and bytes are of files that are there; else they are what is expected, and rows an upper bound. */
  readonly isExact: boolean
}

/** What of a manifest the question is about. */
export const span = (request: DownloadRequest, source: DownloadSource, manifest: Manifest): PlannedSpan => {
  const wanted = request.tickers === undefined ? undefined : new Set(request.tickers)
  const markets = manifest.markets.filter((market) => wanted === undefined || wanted.has(market.market_ticker))
  const parts = new Set(markets.map((market) => market.part))
  return {
    source,
    files: manifest.files.filter(
      ({ kind, part }) =>
        request.kinds.includes(kind) && (kind !== "records" || wanted === undefined || parts.has(part))
    ),
    tickers: markets.map((market) => market.market_ticker),
    rowsOfRecords: markets.reduce((sum, market) => sum + market.rows, 0)
  }
}

/** The spans by their days, in order. */
export const days = (request: DownloadRequest, spans: ReadonlyArray<PlannedSpan>): ReadonlyArray<PlannedDay> => {
  const byDay = Map.groupBy(spans, ({ source }) => dayOf(source.span.fromMicros))
  return [...byDay].map(([day, ofDay]) => ({
    dayMicros: day,
    fromMicros: Math.max(day, request.fromMicros),
    toMicros: Math.min(day + dayMicros, request.toMicros),
    spans: ofDay
  }))
}

/** Whether the sealed files are the answer. */
export const isSigned = ({ format, tickers }: DownloadRequest): boolean => format === "parquet" && tickers === undefined

/** The sealed files, as parts of the answer. */
export const signedParts = (spans: ReadonlyArray<PlannedSpan>): ReadonlyArray<DownloadPart> =>
  spans.flatMap(({ files, source }) =>
    files.map((file) => ({
      key: file.key,
      file_name: file.key.replace(/^v\d+\//, ""),
      kind: file.kind,
      rows: file.rows,
      bytes: file.bytes,
      sha256: file.sha256,
      from_micros: source.span.fromMicros,
      to_micros: spanEndMicros(source.span),
      market_ticker: null
    }))
  )

/** All markets of a day that get files of their own, ascending. */
export const tickersOf = (day: PlannedDay): ReadonlyArray<MarketTicker> =>
  [...new Set(day.spans.flatMap(({ tickers }) => tickers))].sort()

/** Bytes of a row in each format, packed, by experience: from half to twice as much. */
const bytesPerRow: Readonly<Record<DownloadFormat, number>> = {
  parquet: 14,
  csv: 22,
  ndjson: 30,
  nautilus: 30,
  hftbacktest: 22,
  tardis: 16
}

const filesPerMarket: Readonly<Record<string, (kinds: number) => number>> = {
  nautilus: (kinds) => kinds + 1,
  hftbacktest: () => 1,
  tardis: (kinds) => kinds
}

export const quote = (request: DownloadRequest, planned: ReadonlyArray<PlannedDay>): Quote => {
  if (isSigned(request)) {
    const parts = signedParts(planned.flatMap(({ spans }) => spans))
    const sum = (of: (part: DownloadPart) => number) => parts.reduce((total, part) => total + of(part), 0)
    return { files: parts.length, rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes), isExact: true }
  }
  const rows = planned.reduce((sum, day) => sum + rowsOf(request.kinds, day), 0)
  const perMarket = filesPerMarket[request.format]
  const files = planned.reduce(
    (sum, day) =>
      sum + (perMarket === undefined ? kindsOf(day).length : tickersOf(day).length * perMarket(request.kinds.length)),
    0
  )
  return { files, rows, bytes: rows * bytesPerRow[request.format], isExact: false }
}

/** The kinds that have files in the day, in the question's order. */
export const kindsOf = (day: PlannedDay): ReadonlyArray<SegmentKind> => [
  ...new Set(day.spans.flatMap(({ files }) => files.map(({ kind }) => kind)))
]

/** Of records those of the markets, of other kinds all. */
const rowsOf = (kinds: ReadonlyArray<SegmentKind>, { spans }: PlannedDay): number =>
  spans.reduce((sum, { files, rowsOfRecords }) => {
    const others = files.reduce((rows, file) => rows + (file.kind === "records" ? 0 : file.rows), 0)
    return sum + others + (kinds.includes("records") ? rowsOfRecords : 0)
  }, 0)

/** The name of a table's file: `records_2026-11-26.csv.gz`, with the hours when it is not of the whole day. */
export const tableFileName = (format: DownloadFormat, kind: SegmentKind, day: PlannedDay): string => {
  const hour = (micros: number) => String((micros - day.dayMicros) / (dayMicros / 24)).padStart(2, "0")
  const isWhole = day.toMicros - day.fromMicros === dayMicros
  const hours = isWhole ? "" : `T${hour(day.fromMicros)}-${hour(day.toMicros)}`
  const ending = { parquet: "parquet", csv: "csv.gz", ndjson: "ndjson.gz" }[format as string] ?? ""
  return `${kind}_${dateText(day.dayMicros)}${hours}.${ending}`
}
