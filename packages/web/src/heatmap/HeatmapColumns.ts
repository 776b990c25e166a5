/**
 * Sampled books as columns of sizes by cent, for painting: one number a cell, yes bids positive, no bids (as yes asks) negative. Prices finer
 * than a cent are added up in their cent.
 */
import { at, dollarE4, type ShownBook } from "../book/ShownBook.ts"

/** One row for each cent. */
export const rows = 100

export interface HeatmapColumns {
  readonly count: number
  /** Of the first column, Unix microseconds. */
  readonly firstMicros: number
  readonly everyMicros: number
  /** `rows` values a column, row 0 being 0 to 1 cent. 1/100 contract. */
  readonly cells: Float64Array
  /** Largest size of a cell. */
  readonly sizeMax: number
  /** 1 where the book was known. */
  readonly isTrusted: Uint8Array
  /** On the yes scale, NaN where that side is empty or the book not known. */
  readonly bidE4: Float64Array
  readonly askE4: Float64Array
  /** The books themselves, for what is shown beside the picture. */
  readonly books: ReadonlyArray<ShownBook>
}

export const empty: HeatmapColumns = {
  count: 0,
  firstMicros: 0,
  everyMicros: 1,
  cells: new Float64Array(),
  sizeMax: 1,
  isTrusted: new Uint8Array(),
  bidE4: new Float64Array(),
  askE4: new Float64Array(),
  books: []
}

/** Of books in time order, one a step. */
export const ofBooks = (books: ReadonlyArray<ShownBook>, everyMicros: number): HeatmapColumns => {
  const [first] = books
  if (first === undefined) return empty
  const count = books.length
  const cells = new Float64Array(count * rows)
  const isTrusted = new Uint8Array(count)
  const bidE4 = new Float64Array(count).fill(Number.NaN)
  const askE4 = new Float64Array(count).fill(Number.NaN)
  let sizeMax = 1
  books.forEach((book, column) => {
    if (book.trust.state !== "trusted") return
    isTrusted[column] = 1
    const start = column * rows
    for (const { priceE4, sizeE2 } of book.yes) add(cells, start + Math.floor(priceE4 / 100), sizeE2)
    for (const { priceE4, sizeE2 } of book.no) add(cells, start + Math.floor((dollarE4 - priceE4) / 100), -sizeE2)
    for (let row = start; row < start + rows; row++) sizeMax = Math.max(sizeMax, Math.abs(cells[row] as number))
    if (book.yes[0] !== undefined) bidE4[column] = book.yes[0].priceE4
    if (book.no[0] !== undefined) askE4[column] = dollarE4 - book.no[0].priceE4
  })
  return { count, firstMicros: first.atMicros, everyMicros, cells, sizeMax, isTrusted, bidE4, askE4, books }
}

/**
 * The columns with those that came since, of books that were asked one after the other: each column has the last book at or before it.
 * `later` ascends by time.
 */
export const extended = (columns: HeatmapColumns, later: ReadonlyArray<ShownBook>): HeatmapColumns => {
  const { count, everyMicros, firstMicros } = columns
  const last = later.at(-1)
  if (count === 0 || last === undefined) return columns
  const books = [...columns.books]
  let next = 0
  for (let micros = firstMicros + count * everyMicros; micros <= last.atMicros; micros += everyMicros) {
    while (next + 1 < later.length && (later[next + 1] as ShownBook).atMicros <= micros) next++
    const book = later[next] as ShownBook
    books.push(at(book.atMicros <= micros ? book : (books.at(-1) as ShownBook), micros))
  }
  return books.length === count ? columns : ofBooks(books, everyMicros)
}

const add = (cells: Float64Array, at: number, sizeE2: number): void => {
  cells[at] = (cells[at] ?? 0) + sizeE2
}

/** The column that is the last at or before a moment; `undefined` outside. */
export const columnAt = ({ count, everyMicros, firstMicros }: HeatmapColumns, atMicros: number): number | undefined => {
  const column = Math.floor((atMicros - firstMicros) / everyMicros)
  return column >= 0 && column < count ? column : undefined
}

/** Lowest and highest cent at which something stands near the best prices, with some room: what is worth looking at. */
export const priceRange = (columns: HeatmapColumns, marginCents = 8): readonly [number, number] => {
  let low = dollarE4
  let high = 0
  for (let column = 0; column < columns.count; column++) {
    const bid = columns.bidE4[column] as number
    const ask = columns.askE4[column] as number
    if (!Number.isNaN(bid)) {
      low = Math.min(low, bid)
      high = Math.max(high, bid)
    }
    if (!Number.isNaN(ask)) {
      low = Math.min(low, ask)
      high = Math.max(high, ask)
    }
  }
  if (low > high) return [0, rows]
  return [Math.max(0, Math.floor(low / 100) - marginCents), Math.min(rows, Math.ceil(high / 100) + marginCents)]
}
