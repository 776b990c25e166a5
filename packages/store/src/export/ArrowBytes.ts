/**
 * Tables as an Arrow IPC stream, batch by batch: the schema first, then record batches, then the mark of the end. Without that mark a
 * stream is not whole.
 */
import type { TableColumn } from "@kalshibook/core/export/TableColumns"
import {
  Bool,
  type Data,
  type DataType,
  Decimal,
  Field,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimestampMicrosecond,
  tableToIPC,
  Utf8,
  vectorFromArray
} from "apache-arrow"
import type { RowColumn, RowColumns, Value } from "./RowColumns.ts"
import { length } from "./RowColumns.ts"

const decimalBits = 128

const types: Readonly<Record<TableColumn["type"], () => DataType>> = {
  VARCHAR: () => new Utf8(),
  INTEGER: () => new Int32(),
  BIGINT: () => new Int64(),
  BOOLEAN: () => new Bool(),
  TIMESTAMPTZ: () => new TimestampMicrosecond("UTC"),
  "DECIMAL(9,4)": () => new Decimal(4, 9, decimalBits),
  "DECIMAL(9,5)": () => new Decimal(5, 9, decimalBits),
  "DECIMAL(18,2)": () => new Decimal(2, 18, decimalBits),
  DOUBLE: () => new Float64()
}

/** A bit for each value, the lowest first: set where there is one. */
const bitsOf = (values: ReadonlyArray<Value>, isSet: (value: Value) => boolean): Uint8Array => {
  const bits = new Uint8Array(Math.ceil(values.length / 64) * 8)
  for (const [at, value] of values.entries())
    if (isSet(value)) bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7))
  return bits
}

const wide = (value: Value): bigint => (typeof value === "bigint" ? value : 0n)

const dataOf = ({ column, values }: RowColumn): Data => {
  const type = types[column.type]()
  if (column.type === "VARCHAR") return vectorFromArray(values as Array<string | null>, new Utf8()).data[0] as Data
  const nulls = {
    length: values.length,
    nullCount: values.reduce<number>((count, value) => count + Number(value === null), 0),
    nullBitmap: bitsOf(values, (value) => value !== null)
  }
  if (column.type === "BOOLEAN")
    return makeData({ ...nulls, type: new Bool(), data: bitsOf(values, (value) => value === true) })
  if (column.type === "INTEGER") {
    return makeData({ ...nulls, type: new Int32(), data: Int32Array.from(values, Number) })
  }
  if (column.type === "DOUBLE") {
    return makeData({ ...nulls, type: new Float64(), data: Float64Array.from(values, Number) })
  }
  if (column.type === "BIGINT" || column.type === "TIMESTAMPTZ") {
    return makeData({ ...nulls, type: type as Int64, data: BigInt64Array.from(values, wide) })
  }
  const words = new BigInt64Array(values.length * 2)
  for (const [at, value] of values.entries()) {
    words[at * 2] = wide(value)
    words[at * 2 + 1] = wide(value) < 0n ? -1n : 0n
  }
  return makeData({ ...nulls, type: type as Decimal, data: new Uint32Array(words.buffer) })
}

/** One table as a whole stream. */
const wholeOf = (columns: RowColumns): Uint8Array => {
  const schema = new Schema(
    columns.map(({ column }) => new Field(column.name, types[column.type](), column.isNullable))
  )
  const children = columns.map(dataOf)
  const data = makeData({ type: new Struct(schema.fields), length: length(columns), children })
  return tableToIPC(new Table(schema, [new RecordBatch(schema, data)]), "stream")
}

const markerBytes = 8

/** A stream begins with its schema: a marker, the length of the message, the message, and no body. */
const schemaBytes = (whole: Uint8Array): number =>
  markerBytes + new DataView(whole.buffer, whole.byteOffset).getInt32(4, true)

export interface ArrowBytes {
  /** The bytes of a batch; the first time with the schema in front. */
  readonly batch: (columns: RowColumns) => Uint8Array
  readonly end: () => Uint8Array
}

export const make = (): ArrowBytes => {
  let hasBegun = false
  return {
    batch: (columns) => {
      const whole = wholeOf(columns)
      const from = hasBegun ? schemaBytes(whole) : 0
      hasBegun = true
      return whole.subarray(from, whole.length - markerBytes)
    },
    end: () => Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0)
  }
}
