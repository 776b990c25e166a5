/** parquetjs-lite writing the same rows: the Parquet writer that a JavaScript project would reach for. */
import { createRequire } from "node:module"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import * as SecondReader from "@kalshibook/store/cold/SecondReader"

/** What of it is used; it comes without types. */
interface ParquetJs {
  readonly ParquetSchema: new (fields: Record<string, unknown>) => unknown
  readonly ParquetWriter: {
    readonly openFile: (
      schema: unknown,
      path: string
    ) => Promise<{
      readonly appendRow: (row: Record<string, unknown>) => Promise<void>
      readonly close: () => Promise<void>
    }>
  }
}

/** Writes so many rows; the processor seconds that it took. */
export const secondsOf = async (batches: Iterable<LogRows.LogRows>, rowsMax: number, path: string): Promise<number> => {
  const require = createRequire(import.meta.url)
  const { ParquetSchema, ParquetWriter }: ParquetJs = require("parquetjs-lite")
  const fields = segmentColumns.records.map(({ isNullable, name, type }) => [
    name,
    { type: type === "VARCHAR" ? "UTF8" : "INT64", optional: isNullable, compression: "GZIP" }
  ])
  const rows: Array<Record<string, unknown>> = []
  for (const batch of batches) {
    for (let row = 0; row < batch.rows && rows.length < rowsMax; row++) {
      const values = SecondReader.plainRow(batch, row)
      const entries = segmentColumns.records.map(({ name }, column) => [name, values[column] ?? undefined] as const)
      rows.push(Object.fromEntries(entries.filter(([, value]) => value !== undefined)))
    }
    if (rows.length >= rowsMax) break
  }
  const started = process.cpuUsage()
  const writer = await ParquetWriter.openFile(new ParquetSchema(Object.fromEntries(fields)), path)
  for (const row of rows) await writer.appendRow(row)
  await writer.close()
  const { system, user } = process.cpuUsage(started)
  return (user + system) / 1e6
}
