/**
 * Lets DuckDB write the rows of sealed files into one file of a table format, all or those of the wanted markets, in the order in
 * which they stand there.
 *
 * adapter: SQL over Parquet
 */
import { type SegmentKind, segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import { Effect } from "effect"
import { type Connection, quoted } from "../cold/DuckDb.ts"
import type { TableFormat } from "./DownloadRequest.ts"
import * as SealedRows from "./SealedRows.ts"

/** Of which rows. */
export interface CopyFrom {
  readonly kind: SegmentKind
  /** In the order of their spans. */
  readonly paths: ReadonlyArray<string>
  /** Whether only markets of the table `wanted` are. */
  readonly isOfSome: boolean
}

const options: Readonly<Record<TableFormat, string>> = {
  parquet: "format parquet, compression zstd, parquet_version v2, row_group_size 65536",
  csv: "format csv, header, compression gzip",
  ndjson: "format json, compression gzip"
}

/** Which column says whose a row is; `undefined` for rows of all markets. */
const ownerOf = (kind: SegmentKind): string | undefined =>
  segmentColumns[kind].find(({ name }) => name === "market_ticker" || (kind === "lifecycle" && name === "ticker"))?.name

/** Rows that were written. */
export const copy = Effect.fnUntraced(function* (
  connection: Connection,
  format: TableFormat,
  from: CopyFrom,
  path: string,
  workMillisMax: number
) {
  const owner = from.isOfSome ? ownerOf(from.kind) : undefined
  const columns = segmentColumns[from.kind].map(({ name, type }) => (format === "parquet" ? name : textOf(name, type)))
  // A span after the other, each in its order: what belongs to the first hour comes first.
  const files = SealedRows.fileList(from.paths)
  const select =
    owner === undefined
      ? `select ${columns.join(", ")} from read_parquet(${files})`
      : // Gotcha: rows that pass a filter come in the order of the file only where it is asked for (see `LogRowsReader`).
        `select ${columns.join(", ")} from read_parquet(${files}, filename = true, file_row_number = true)
         where ${owner} in (select ticker from wanted) order by list_position(${files}, filename), file_row_number`
  let rows = 0
  yield* connection.forEachChunk(
    `copy (${select}) to ${quoted(path)} (${options[format]})`,
    (chunk) => {
      rows += Number(chunk.int64Words(0)[0])
    },
    { operation: `write ${from.kind} as ${format}`, workMillisMax }
  )
  return rows
})

/** Times as ISO 8601 in UTC, decimals with all their digits, as the API writes them. */
const textOf = (name: string, type: string): string => {
  if (type === "TIMESTAMPTZ") return `strftime(${name} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') as ${name}`
  return type.startsWith("DECIMAL") ? `${name}::varchar as ${name}` : name
}
