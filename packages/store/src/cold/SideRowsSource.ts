/**
 * Rows of the small kinds, readable by DuckDB as a table function.
 *
 * adapter: the driver's table functions
 */
import {
  BIGINT,
  BOOLEAN,
  DECIMAL,
  type DuckDBDataChunk,
  DuckDBTableFunction,
  type DuckDBType,
  INTEGER,
  TIMESTAMPTZ,
  VARCHAR
} from "@duckdb/node-api"
import duckdb from "@duckdb/node-bindings"
import { type SegmentColumn, segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import type { SideKind, SideRow } from "./HourSideRows.ts"

const chunkRows = 2_048

const types: Record<SegmentColumn["type"], DuckDBType> = {
  VARCHAR,
  INTEGER,
  BIGINT,
  BOOLEAN,
  TIMESTAMPTZ,
  "DECIMAL(9,4)": DECIMAL(9, 4),
  "DECIMAL(18,2)": DECIMAL(18, 2)
}

export interface SideRowsSource {
  /** What DuckDB reads next. */
  readonly give: (rows: ReadonlyArray<SideRow>) => void
  readonly tableFunction: DuckDBTableFunction
}

export const make = (name: string, kind: SideKind): SideRowsSource => {
  const columns = segmentColumns[kind]
  let rows: ReadonlyArray<SideRow> = []
  let next = 0

  const fill = (chunk: DuckDBDataChunk): void => {
    const count = Math.min(chunkRows, rows.length - next)
    chunk.rowCount = count
    for (const [index, column] of columns.entries()) {
      if (count > 0) fillColumn(duckdb.data_chunk_get_vector(chunk.chunk, index), column, index, rows, next, count)
    }
    next += count
  }

  return {
    give: (given) => {
      rows = given
      next = 0
    },
    tableFunction: DuckDBTableFunction.create({
      name,
      bindFunction: (info) => {
        for (const { name, type } of columns) info.addResultColumn(name, types[type])
      },
      initFunction: (info) => info.setMaxThreads(1),
      mainFunction: (_, chunk) => fill(chunk)
    })
  }
}

const fillColumn = (
  vector: duckdb.Vector,
  { isNullable, type }: SegmentColumn,
  column: number,
  rows: ReadonlyArray<SideRow>,
  from: number,
  count: number
): void => {
  const values = Array.from({ length: count }, (_, row) => (rows[from + row] as SideRow)[column] ?? null)
  if (type === "VARCHAR") {
    for (const [row, value] of values.entries()) {
      if (value !== null) duckdb.vector_assign_string_element(vector, row, String(value))
    }
  } else {
    const numbers = values.map(Number)
    const array =
      type === "BOOLEAN"
        ? Uint8Array.from(numbers)
        : type === "INTEGER" || type === "DECIMAL(9,4)"
          ? Int32Array.from(numbers)
          : BigInt64Array.from(numbers, BigInt)
    duckdb.copy_data_to_vector(vector, 0, array.buffer as ArrayBuffer, 0, array.byteLength)
  }
  if (!isNullable) return
  const validity = new BigUint64Array(Math.ceil(count / 64))
  for (const [row, value] of values.entries()) {
    if (value !== null) validity[row >>> 6] = (validity[row >>> 6] as bigint) | (1n << BigInt(row & 63))
  }
  duckdb.vector_ensure_validity_writable(vector)
  duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer, 0, validity.byteLength)
}
