/**
 * Up to 2,048 rows that DuckDB answered, looked at in place: each column as a typed array over DuckDB's own memory.
 *
 * How DuckDB lays values down: INTEGER and DECIMAL up to 9 digits are int32; BIGINT, TIMESTAMPTZ (Unix microseconds) and DECIMAL up
 * to 18 digits int64; VARCHAR 16 bytes, the length and, up to 12 bytes, the text itself, else a pointer to it. A bit of the
 * validity is set where there is a value; without any empty one there is no validity.
 */
import type { DuckDBDataChunk } from "@duckdb/node-api"
import duckdb from "@duckdb/node-bindings"

export interface DuckChunk {
  readonly rows: number
  /** Of INTEGER and small DECIMAL columns. */
  readonly int32s: (column: number) => Int32Array
  /** Of BIGINT, TIMESTAMPTZ and large DECIMAL columns: two words a value, the lower one first; see `int64At`. */
  readonly int64Words: (column: number) => Int32Array
  /** Of BOOLEAN columns. */
  readonly bytes: (column: number) => Uint8Array
  readonly doubles: (column: number) => Float64Array
  /** Of VARCHAR columns: four words a value, the first its length. Equal words say equal texts, other words nothing. */
  readonly textWords: (column: number) => Int32Array
  /** A text, decoded. */
  readonly text: (column: number, row: number) => string
  /** 32 rows a word, the lowest bit for the first; `undefined` where no row is empty. */
  readonly validity: (column: number) => Int32Array | undefined
}

const int64Bytes = 8
const textBytes = 16
const inlineBytesMax = 12
const twoTo32 = 4_294_967_296
const utf8 = new TextDecoder()

/** The value of two words; exact within 2^53. */
export const int64At = (words: Int32Array, row: number): number =>
  (words[2 * row + 1] as number) * twoTo32 + ((words[2 * row] as number) >>> 0)

/** Whether the row has a value. */
export const isThere = (validity: Int32Array | undefined, row: number): boolean =>
  validity === undefined || (((validity[row >>> 5] as number) >>> (row & 31)) & 1) === 1

export const make = (chunk: DuckDBDataChunk): DuckChunk => {
  const rows = chunk.rowCount
  const data = (column: number, width: number): Uint8Array =>
    duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, column), rows * width)
  const words = (column: number, width: number): Int32Array => {
    const bytes = data(column, width)
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  }
  return {
    rows,
    int32s: (column) => words(column, 4),
    int64Words: (column) => words(column, int64Bytes),
    bytes: (column) => data(column, 1),
    doubles: (column) => {
      const bytes = data(column, int64Bytes)
      return new Float64Array(bytes.buffer, bytes.byteOffset, rows)
    },
    textWords: (column) => words(column, textBytes),
    text: (column, row) => {
      const bytes = data(column, textBytes).subarray(row * textBytes, (row + 1) * textBytes)
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
      return utf8.decode(
        length <= inlineBytesMax
          ? bytes.subarray(4, 4 + length)
          : duckdb.get_data_from_pointer(bytes.buffer as ArrayBuffer, bytes.byteOffset + 8, length)
      )
    },
    validity: (column) => {
      const count = Math.ceil(rows / 64) * int64Bytes
      const bytes: Uint8Array | null = duckdb.vector_get_validity(
        duckdb.data_chunk_get_vector(chunk.chunk, column),
        count
      )
      return bytes === null ? undefined : new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    }
  }
}
