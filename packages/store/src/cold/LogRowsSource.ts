/**
 * Rows that wait in memory to be written, readable by DuckDB as a table function: column by column straight into its vectors, in
 * the layout that `DuckChunk` describes.
 *
 * Waiting rows are kept in packs, ready to be copied. A column that does not vary within a pack is kept as one value, and most do
 * not, so a row takes some 40 bytes.
 *
 * adapter: the driver's table functions
 */
import {
  BIGINT,
  DECIMAL,
  type DuckDBDataChunk,
  DuckDBTableFunction,
  type DuckDBType,
  INTEGER,
  TIMESTAMPTZ,
  VARCHAR
} from "@duckdb/node-api"
import duckdb from "@duckdb/node-bindings"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import { type SegmentColumn, segmentColumns } from "@kalshibook/core/cold/SegmentColumns"

/** Rows of a pack, and of what is given to DuckDB at once. */
const packRows = 32_768
const chunkRows = 2_048
const twoTo32 = 4_294_967_296

export interface LogRowsSource {
  /** How many rows wait. */
  readonly rows: number
  /** Copies rows [from, to) to the end. */
  readonly append: (rows: LogRows.LogRows, from: number, to: number) => void
  /** What DuckDB reads next is the first `count` of the waiting rows. */
  readonly rewind: (count: number) => void
  /** Lets go of the first `count` of the waiting rows. */
  readonly drop: (count: number) => void
  readonly tableFunction: DuckDBTableFunction
}

/** Columns as `segmentColumns.records` has them, of a table function of this name. */
export const make = (name: string): LogRowsSource => {
  const packs: Array<Pack> = []
  let staging = LogRows.make(0)
  /** Of the first pack, how many rows are gone already. */
  let gone = 0
  let rows = 0
  let pack = 0
  let at = 0
  let left = 0

  const flush = (): void => {
    if (staging.rows === 0) return
    packs.push(packOf(staging))
    staging.rows = 0
    staging.tickers.length = 0
  }

  const append = (from: LogRows.LogRows, start: number, end: number): void => {
    for (let next = start; next < end; ) {
      if (staging.rows === staging.kind.length) staging = grown(staging)
      const count = Math.min(end - next, staging.kind.length - staging.rows)
      LogRows.append(from, next, next + count, staging)
      next += count
      rows += count
      if (staging.rows === packRows) flush()
    }
  }

  const fill = (chunk: DuckDBDataChunk): void => {
    let current = packs[pack]
    while (current !== undefined && at === current.rows) {
      current = packs[++pack]
      at = 0
    }
    const count = current === undefined ? 0 : Math.min(chunkRows, left, current.rows - at)
    chunk.rowCount = count
    if (count === 0 || current === undefined) return
    for (const [column, fillColumn] of current.columns.entries()) {
      fillColumn(duckdb.data_chunk_get_vector(chunk.chunk, column), at, count)
    }
    at += count
    left -= count
  }

  return {
    get rows() {
      return rows
    },
    append,
    rewind: (count) => {
      flush()
      pack = 0
      at = gone
      left = count
    },
    drop: (count) => {
      rows -= count
      gone += count
      while (packs[0] !== undefined && gone >= packs[0].rows) gone -= (packs.shift() as Pack).rows
    },
    tableFunction: DuckDBTableFunction.create({
      name,
      bindFunction: (info) => {
        for (const { name, type } of segmentColumns.records) info.addResultColumn(name, typeOf[type])
      },
      initFunction: (info) => info.setMaxThreads(1),
      mainFunction: (_, chunk) => fill(chunk)
    })
  }
}

/** The same rows, with room for more. */
const grown = (rows: LogRows.LogRows): LogRows.LogRows => {
  const larger = LogRows.make(LogRows.roomAfter(rows.kind.length, packRows))
  LogRows.append(rows, 0, rows.rows, larger)
  return larger
}

const typeOf: Record<SegmentColumn["type"], DuckDBType> = {
  VARCHAR,
  INTEGER,
  BIGINT,
  BOOLEAN: INTEGER,
  TIMESTAMPTZ,
  "DECIMAL(9,4)": DECIMAL(9, 4),
  "DECIMAL(18,2)": DECIMAL(18, 2)
}

/** Puts rows [from, from + count) of a column into a vector. */
type FillColumn = (vector: duckdb.Vector, from: number, count: number) => void

interface Pack {
  readonly rows: number
  /** In the order of `segmentColumns.records`. */
  readonly columns: ReadonlyArray<FillColumn>
}

const packOf = (rows: LogRows.LogRows): Pack => {
  const { cause, kind, rows: count, side, sizeE2 } = rows
  const hasLevel = bitsOf(count, (row) => side[row] !== LogRows.sideNone)
  const isDelta = bitsOf(count, (row) => kind[row] === LogRows.kindDelta && side[row] !== LogRows.sideNone)
  const isWhole = bitsOf(count, (row) => kind[row] !== LogRows.kindDelta && side[row] !== LogRows.sideNone)
  const hasCause = bitsOf(count, (row) => cause[row] !== LogRows.causeNone)
  const sizes = wordsOf(sizeE2, count)
  return {
    rows: count,
    columns: [
      tickerColumn(rows.market.slice(0, count), [...rows.tickers]),
      int64Column(rows.offset, count),
      textColumn(kind, count, LogRows.rowKinds, undefined),
      int64Column(rows.tsReceivedMicros, count),
      int64Column(rows.tsExchangeMicros, count),
      int32Column(rows.epoch, count, undefined),
      int32Column(rows.sid, count, undefined),
      int64Column(rows.seq, count),
      textColumn(side, count, ["", "yes", "no"], hasLevel),
      int32Column(rows.priceE4, count, hasLevel),
      withValidity(copied(sizes, 8), isDelta),
      withValidity(copied(sizes, 8), isWhole),
      textColumn(cause, count, LogRows.causeTexts, hasCause),
      int64Column(rows.tsDetectedMicros, count),
      int64Column(rows.sinceOffset, count),
      int64Column(rows.tsExchangeEffectiveMicros, count),
      int64Column(rows.tsExchangeProvenMicros, count)
    ]
  }
}

/** A bit a row; `undefined` where all are set. */
type Validity = Int32Array | undefined

const bitsOf = (rows: number, isSet: (row: number) => boolean): Validity => {
  const bits = new Int32Array((rows >>> 5) + 2)
  let count = 0
  for (let row = 0; row < rows; row++) {
    if (!isSet(row)) continue
    bits[row >>> 5] = (bits[row >>> 5] as number) | (1 << (row & 31))
    count++
  }
  return count === rows ? undefined : bits
}

const bitsShifted = new Int32Array(chunkRows / 32)

const withValidity =
  (fill: FillColumn, validity: Validity): FillColumn =>
  (vector, from, count) => {
    fill(vector, from, count)
    if (validity === undefined) return
    const shift = from & 31
    const first = from >>> 5
    for (let word = 0; word << 5 < count; word++) {
      const low = (validity[first + word] as number) >>> shift
      bitsShifted[word] = shift === 0 ? low : low | ((validity[first + word + 1] as number) << (32 - shift))
    }
    duckdb.vector_ensure_validity_writable(vector)
    duckdb.copy_data_to_vector_validity(vector, 0, bitsShifted.buffer, 0, Math.ceil(count / 64) * 8)
  }

const noneThere = new Int32Array(chunkRows / 32)

/** A column without any value. */
const empty: FillColumn = (vector, _, count) => {
  duckdb.vector_ensure_validity_writable(vector)
  duckdb.copy_data_to_vector_validity(vector, 0, noneThere.buffer, 0, Math.ceil(count / 64) * 8)
}

/** Two words a value; those of `NaN` are 0. */
const wordsOf = (values: Float64Array, count: number): Int32Array<ArrayBuffer> => {
  const words = new Int32Array(2 * count)
  for (let row = 0; row < count; row++) {
    const value = values[row] as number
    if (Number.isNaN(value)) continue
    const high = Math.floor(value / twoTo32)
    words[2 * row] = (value - high * twoTo32) | 0
    words[2 * row + 1] = high
  }
  return words
}

const int64Column = (values: Float64Array, count: number): FillColumn => {
  const first = values[0] as number
  let row = 1
  while (row < count && Object.is(values[row], first)) row++
  if (row >= count)
    return Number.isNaN(first) ? empty : repeated(wordsOf(new Float64Array(chunkRows).fill(first), chunkRows))
  return withValidity(
    copied(wordsOf(values, count), 8),
    bitsOf(count, (row) => !Number.isNaN(values[row]))
  )
}

const int32Column = (values: Int32Array, count: number, validity: Validity): FillColumn => {
  const first = values[0] as number
  let row = 1
  while (row < count && values[row] === first) row++
  const fill = row >= count ? repeated(new Int32Array(chunkRows).fill(first)) : copied(values.slice(0, count), 4)
  return withValidity(fill, validity)
}

const copied =
  (words: Int32Array<ArrayBufferLike>, width: 4 | 8): FillColumn =>
  (vector, from, count) =>
    duckdb.copy_data_to_vector(vector, 0, words.buffer as ArrayBuffer, from * width, count * width)

/** A column of one value, which stands `chunkRows` times in `words`. */
const repeated = (words: Int32Array<ArrayBuffer>): FillColumn => {
  const width = (words.length / chunkRows) * 4
  return (vector, _, count) => duckdb.copy_data_to_vector(vector, 0, words.buffer, 0, count * width)
}

const textWords = 4
const textBytes = 16
const texts = new Int32Array(chunkRows * textWords)

/** A column of a few texts by code. */
const textColumn = (codes: Uint8Array, count: number, words: ReadonlyArray<string>, validity: Validity): FillColumn => {
  const own = codes.slice(0, count)
  return validity?.every((bits) => bits === 0)
    ? empty
    : withValidity(
        textsBy(
          (row) => own[row] as number,
          (code) => words[code] ?? ""
        ),
        validity
      )
}

const tickerColumn = (markets: Int32Array, tickers: ReadonlyArray<MarketTicker>): FillColumn =>
  textsBy(
    (row) => markets[row] as number,
    (market) => tickers[market] as string
  )

/** Each text of a chunk is given to DuckDB once; what it made of it is repeated for the other rows. */
const textsBy =
  (codeAt: (row: number) => number, textOf: (code: number) => string): FillColumn =>
  (vector, from, count) => {
    const places = new Map<number, number>()
    let before = -1
    let place = 0
    for (let row = 0; row < count; row++) {
      const code = codeAt(from + row)
      if (code !== before) {
        before = code
        place = places.get(code) ?? -1
        if (place < 0) {
          duckdb.vector_assign_string_element(vector, row, textOf(code))
          const made = duckdb.vector_get_data(vector, (row + 1) * textBytes)
          texts.set(new Int32Array(made.buffer, made.byteOffset + row * textBytes, textWords), row * textWords)
          place = row
          places.set(code, place)
        }
      }
      if (place === row) continue
      for (let word = 0; word < textWords; word++)
        texts[row * textWords + word] = texts[place * textWords + word] as number
    }
    duckdb.copy_data_to_vector(vector, 0, texts.buffer, 0, count * textBytes)
  }
