/**
 * The books that following the present has told, one for each column of a picture, so that it moves with the present and nothing is asked
 * for again. A run ends where nothing was told for a while: what was between was not seen here.
 */
import { useEffect, useMemo, useState } from "react"
import type { ShownBook } from "../book/ShownBook.ts"
import * as HeatmapColumns from "../heatmap/HeatmapColumns.ts"
import * as SampleSteps from "./SampleSteps.ts"

/** Books further apart are not of one run: longer than a heartbeat. */
const apartMicrosMax = 8_000_000

/** With a book that is later than all of them; the last of a column stands for it. */
export const told = (
  books: ReadonlyArray<ShownBook>,
  everyMicros: number,
  book: ShownBook
): ReadonlyArray<ShownBook> => {
  const last = books.at(-1)
  if (last === undefined || book.atMicros < last.atMicros || book.atMicros - last.atMicros > apartMicrosMax)
    return [book]
  if (book.atMicros === last.atMicros && book.offset === last.offset) return books
  const isSameColumn = Math.ceil(book.atMicros / everyMicros) === Math.ceil(last.atMicros / everyMicros)
  // The first stands: a run begins with it.
  const before = isSameColumn && books.length > 1 ? books.slice(0, -1) : books
  return [...before.slice(-2 * SampleSteps.columnsMax), book]
}

const nothing: ReadonlyArray<ShownBook> = []

/** What was told stays after following is left off: until it is asked for, the picture has it from here. */
export const useTold = (latest: ShownBook | undefined, everyMicros: number): ReadonlyArray<ShownBook> => {
  const [books, setBooks] = useState(nothing)
  useEffect(() => {
    if (latest !== undefined) setBooks((before) => told(before, everyMicros, latest))
  }, [latest, everyMicros])
  return books
}

/** The sampled columns and, where they meet, those of the books that were told since. */
export const useShownColumns = (
  columns: HeatmapColumns.HeatmapColumns,
  books: ReadonlyArray<ShownBook>
): HeatmapColumns.HeatmapColumns => {
  // A column is painted when it is over.
  const isOver = Math.floor((books.at(-1)?.atMicros ?? 0) / columns.everyMicros)
  // biome-ignore lint/correctness/useExhaustiveDependencies: books of a column that is not over change nothing
  return useMemo(() => {
    const [first] = books
    const endMicros = columns.firstMicros + columns.count * columns.everyMicros
    const isMet = first !== undefined && first.atMicros - endMicros <= apartMicrosMax
    return isMet ? HeatmapColumns.extended(columns, books) : columns
  }, [columns, isOver])
}
