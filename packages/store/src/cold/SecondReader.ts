/**
 * Rows of a `records` file as an independent reader sees them, hyparquet, which shares no code with DuckDB: what both read alike, a
 * customer's reader reads, too. Slow; for samples.
 *
 * adapter: hyparquet's promises
 */
import { open } from "node:fs/promises"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import { Effect } from "effect"
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from "hyparquet"
import { compressors } from "hyparquet-compressors"
import type { DuckDbError } from "./DuckDb.ts"
import { duckDbErrorOf } from "./DuckDbError.ts"

/** A row in whole units, in the order of the columns. */
export type PlainRow = ReadonlyArray<string | number | null>

/** Rows [from, to) of a file. Times are read as integers: by itself this reader would cut them to milliseconds. */
export const read = (path: string, from: number, to: number): Effect.Effect<ReadonlyArray<PlainRow>, DuckDbError> =>
  withFile(path, async (file) => {
    const parsers = { timestampFromMicroseconds: Number }
    const rows = await parquetReadObjects({ file, compressors, parsers, rowStart: from, rowEnd: to })
    return rows.map((row) => segmentColumns.records.map(({ name, type }) => plainOf(type, row[name])))
  })

/** How many rows a file of any kind says that it has. */
export const rowCount = (path: string): Effect.Effect<number, DuckDbError> =>
  withFile(path, async (file) => Number((await parquetMetadataAsync(file)).num_rows))

const withFile = <A>(path: string, use: (file: AsyncBuffer) => Promise<A>): Effect.Effect<A, DuckDbError> =>
  Effect.tryPromise({
    try: async () => {
      const handle = await open(path)
      try {
        const { size } = await handle.stat()
        return await use({
          byteLength: size,
          slice: async (start, end = size) => {
            const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start))
            await handle.read(bytes, 0, bytes.length, start)
            return bytes.buffer
          }
        })
      } finally {
        await handle.close()
      }
    },
    catch: (cause) => duckDbErrorOf("read with a second reader", new Error(`IO Error: ${String(cause)}`))
  })

/** Decimals come as the nearest floating-point number, which tells the unit as long as there are 15 digits. */
const plainOf = (type: string, value: unknown): string | number | null => {
  if (value === null || value === undefined) return null
  if (type === "VARCHAR") return String(value)
  if (type === "DECIMAL(9,4)") return Math.round(Number(value) * 10_000)
  if (type === "DECIMAL(18,2)") return Math.round(Number(value) * 100)
  return Number(value)
}

/** A row as our own reader gave it, in the same form. */
export const plainRow = (rows: LogRows.LogRows, row: number): PlainRow => {
  const isDelta = rows.kind[row] === LogRows.kindDelta
  const hasSide = rows.side[row] !== LogRows.sideNone
  const number = (values: Float64Array): number | null => {
    const value = values[row] as number
    return Number.isNaN(value) ? null : value
  }
  return [
    LogRows.tickerAt(rows, row),
    number(rows.offset),
    LogRows.rowKinds[rows.kind[row] as number] ?? null,
    number(rows.tsReceivedMicros),
    number(rows.tsExchangeMicros),
    rows.epoch[row] as number,
    rows.sid[row] as number,
    number(rows.seq),
    hasSide ? LogRows.sideOf(rows.side[row] as number) : null,
    hasSide ? (rows.priceE4[row] as number) : null,
    isDelta ? number(rows.sizeE2) : null,
    isDelta ? null : number(rows.sizeE2),
    LogRows.causeOf(rows.cause[row] as number) ?? null,
    number(rows.tsDetectedMicros),
    number(rows.sinceOffset),
    number(rows.tsExchangeEffectiveMicros),
    number(rows.tsExchangeProvenMicros)
  ]
}
