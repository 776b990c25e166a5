/** The columns of the picture with the books that came since it was asked for, so that it moves with the present. */
import { useEffect, useMemo, useState } from "react"
import type { ShownBook } from "../book/ShownBook.ts"
import * as HeatmapColumns from "../heatmap/HeatmapColumns.ts"
import type { FoundBook } from "./useBook.ts"

/** Books that are kept: ten minutes of asking each second. */
const laterMax = 600
/** Books further apart are not joined: what was between them was not seen here. */
const apartMicrosMax = 5_000_000

const joined = (books: ReadonlyArray<ShownBook>, latest: ShownBook): ReadonlyArray<ShownBook> => {
  const last = books.at(-1)
  if (last === undefined || latest.atMicros - last.atMicros > apartMicrosMax) return [latest]
  return last.atMicros === latest.atMicros ? books : [...books.slice(-laterMax), latest]
}

export const useLiveColumns = (
  columns: HeatmapColumns.HeatmapColumns,
  found: FoundBook
): HeatmapColumns.HeatmapColumns => {
  const [later, setLater] = useState<ReadonlyArray<ShownBook>>([])
  const latest = found.source === "live" ? found.book : undefined
  useEffect(() => {
    if (latest !== undefined) setLater((books) => joined(books, latest))
  }, [latest])
  return useMemo(() => {
    const [first] = later
    const endMicros = columns.firstMicros + columns.count * columns.everyMicros
    const isJoined = first !== undefined && first.atMicros - endMicros <= apartMicrosMax
    return isJoined ? HeatmapColumns.extended(columns, later) : columns
  }, [columns, later])
}
