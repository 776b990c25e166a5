/**
 * A Parquet file as bytes that come row group by row group, so that it can be sent while it is made. Without its end nobody can read
 * it, which is how a half one shows.
 *
 * DuckDB writes the cold tier's own files; this is for what it cannot write: bytes of a fixed length, and a stream.
 */
import type { TableColumn } from "@kalshibook/core/export/TableColumns"
import type { SchemaElement } from "hyparquet"
import { ByteWriter, ParquetWriter } from "hyparquet-writer"

/** Columns of a row group, in the order of the schema; all of one length. `null` where a value is missing. */
export type ColumnValues = ReadonlyArray<{
  readonly name: string
  readonly data: ArrayLike<unknown>
}>

export interface ParquetBytes {
  /** The bytes of a row group, with those of the file's beginning at first. */
  readonly rowGroup: (columns: ColumnValues) => Uint8Array
  /** The end of the file. Nothing follows it. */
  readonly end: () => Uint8Array
}

/** Hands over what was written since the last time; offsets in the file go on. */
class TakenWriter extends ByteWriter {
  take(): Uint8Array {
    const bytes = this.getBytes().slice()
    this.index = 0
    return bytes
  }
}

export const make = (
  schema: ReadonlyArray<SchemaElement>,
  metadata: Readonly<Record<string, string>> = {}
): ParquetBytes => {
  const writer = new TakenWriter()
  const file = new ParquetWriter({
    writer,
    schema: [{ name: "root", num_children: schema.length }, ...schema],
    codec: "SNAPPY",
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: "KalshiBook"
  })
  return {
    rowGroup: (columns) => {
      const [first] = columns
      if (first === undefined || first.data.length === 0) return writer.take()
      file.write({
        columnData: columns.map(({ data, name }) => ({ name, data: data as Array<unknown> })),
        rowGroupSize: first.data.length
      })
      return writer.take()
    },
    end: () => {
      file.finish()
      return writer.take()
    }
  }
}

const types: Readonly<Record<TableColumn["type"], Partial<SchemaElement>>> = {
  VARCHAR: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  INTEGER: { type: "INT32" },
  BIGINT: { type: "INT64" },
  BOOLEAN: { type: "BOOLEAN" },
  TIMESTAMPTZ: {
    type: "INT64",
    converted_type: "TIMESTAMP_MICROS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" }
  },
  "DECIMAL(9,4)": {
    type: "INT32",
    converted_type: "DECIMAL",
    logical_type: { type: "DECIMAL", precision: 9, scale: 4 },
    precision: 9,
    scale: 4
  },
  "DECIMAL(9,5)": {
    type: "INT32",
    converted_type: "DECIMAL",
    logical_type: { type: "DECIMAL", precision: 9, scale: 5 },
    precision: 9,
    scale: 5
  },
  DOUBLE: { type: "DOUBLE" },
  "DECIMAL(18,2)": {
    type: "INT64",
    converted_type: "DECIMAL",
    logical_type: { type: "DECIMAL", precision: 18, scale: 2 },
    precision: 18,
    scale: 2
  }
}

/** The schema of columns as docs/data-format.md has them. Whole numbers of 64 bits and decimals are given as `bigint`. */
export const schemaOf = (columns: ReadonlyArray<TableColumn>): ReadonlyArray<SchemaElement> =>
  columns.map(
    ({ isNullable, name, type }): SchemaElement => ({
      name,
      repetition_type: isNullable ? "OPTIONAL" : "REQUIRED",
      ...types[type]
    })
  )
