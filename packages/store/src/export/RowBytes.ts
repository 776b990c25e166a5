/** Tables as bytes that can be sent while they come: CSV, Parquet or an Arrow stream, all with the same columns. */
import type { TableColumn } from "@kalshibook/core/export/TableColumns"
import { csvText } from "@kalshibook/core/export/TardisCsv"
import { isoFromMicros, unitsToDecimal } from "@kalshibook/core/Units"
import * as ArrowBytes from "./ArrowBytes.ts"
import * as ParquetBytes from "./ParquetBytes.ts"
import { joined, length, type RowColumn, type RowColumns } from "./RowColumns.ts"

export const rowFormats = ["csv", "parquet", "arrow"] as const
export type RowFormat = (typeof rowFormats)[number]

export interface RowBytes {
  /** What can be sent so far; empty while rows are collected. */
  readonly rows: (columns: RowColumns) => Uint8Array
  /** The rest. Call it when all rows have come: what is sent before it is visibly not whole, but for CSV, whose end only HTTP tells. */
  readonly end: () => Uint8Array
}

export const contentTypes: Readonly<Record<RowFormat, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  parquet: "application/vnd.apache.parquet",
  arrow: "application/vnd.apache.arrow.stream"
}

/** Rows of a Parquet row group at most, and values: small enough to hold, large enough to read fast. */
const rowsPerGroupMax = 20_000
const valuesPerGroupMax = 400_000

/** A writer for tables of these columns. */
export const make = (format: RowFormat, columns: ReadonlyArray<TableColumn>): RowBytes => makers[format](columns)

const empty = (columns: ReadonlyArray<TableColumn>): RowColumns => columns.map((column) => ({ column, values: [] }))

const makers: Readonly<Record<RowFormat, (columns: ReadonlyArray<TableColumn>) => RowBytes>> = {
  csv: (columns) => {
    const utf8 = new TextEncoder()
    let head = `${columns.map(({ name }) => name).join(",")}\n`
    const taken = (text: string): Uint8Array => {
      const bytes = utf8.encode(head + text)
      head = ""
      return bytes
    }
    return {
      rows: (table) => {
        const texts = table.map((column) => column.values.map((_, row) => csvField(column, row)))
        let text = ""
        for (let row = 0; row < length(table); row++) text += `${texts.map((column) => column[row]).join(",")}\n`
        return taken(text)
      },
      end: () => taken("")
    }
  },
  parquet: (columns) => {
    const file = ParquetBytes.make(ParquetBytes.schemaOf(columns))
    const rowsPerGroup = Math.min(rowsPerGroupMax, Math.floor(valuesPerGroupMax / columns.length))
    let waiting: Array<RowColumns> = []
    let rows = 0
    const group = (): Uint8Array => {
      const table = joined(waiting)
      waiting = []
      rows = 0
      return file.rowGroup(table.map(({ column, values }) => ({ name: column.name, data: values })))
    }
    return {
      rows: (table) => {
        waiting.push(table)
        rows += length(table)
        return rows < rowsPerGroup ? new Uint8Array() : group()
      },
      end: () => Buffer.concat([group(), file.end()])
    }
  },
  arrow: (columns) => {
    const stream = ArrowBytes.make()
    let hasBegun = false
    const batch = (table: RowColumns): Uint8Array => {
      hasBegun = true
      return stream.batch(table)
    }
    return {
      rows: (table) => (length(table) === 0 ? new Uint8Array() : batch(table)),
      end: () => (hasBegun ? stream.end() : Buffer.concat([batch(empty(columns)), stream.end()]))
    }
  }
}

const csvField = ({ column, values }: RowColumn, row: number): string => {
  const value = values[row]
  if (value === null || value === undefined) return ""
  switch (column.type) {
    case "TIMESTAMPTZ":
      return isoFromMicros(Number(value))
    case "DECIMAL(9,4)":
      return unitsToDecimal(Number(value), 4)
    case "DECIMAL(9,5)":
      return unitsToDecimal(Number(value), 5)
    case "DECIMAL(18,2)":
      return unitsToDecimal(Number(value), 2)
    case "VARCHAR":
      return csvText(String(value))
    default:
      return String(value)
  }
}
