/**
 * The book of the shown moment, from the cheapest source that is exact: what is told of the present, the records that are here, the answer
 * about that very moment, or, while a drag or a fast play goes on, the nearest sample before it, shown as of its own moment.
 */
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { useEffect, useMemo, useRef, useState } from "react"
import * as Queries from "../api/Queries.ts"
import * as RecordStrip from "../book/RecordStrip.ts"
import * as ShownBook from "../book/ShownBook.ts"
import * as Instant from "../format/Instant.ts"
import * as HeatmapColumns from "../heatmap/HeatmapColumns.ts"
import type { Standing } from "./BookStream.ts"
import { foldSpeedMax, type Moment } from "./Moment.ts"
import type { Followed } from "./useFollowed.ts"

export interface FoundBook {
  readonly book: ShownBook.ShownBook | undefined
  /** Where the levels come from. */
  readonly source: "answer" | "records" | "sample" | "stream" | "asked"
  /** How the stream of the present stands, where one is followed. */
  readonly standing: Standing | undefined
  readonly problem: unknown
  /** Whether what is shown is of an earlier moment than what was asked, since the answer is still on its way. */
  readonly isPending: boolean
}

/** How long a moment must stand still until it is asked for. */
const settleMillis = 120

const useSettled = <Value>(value: Value): Value => {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settleMillis)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}

/** What was shown last stands, as of its own moment, until there is something better. */
export const useBook = (
  ticker: string,
  moment: Moment,
  speed: number,
  columns: HeatmapColumns.HeatmapColumns,
  strip: RecordStrip.RecordStrip | undefined,
  followed: Followed
): FoundBook => {
  const found = useFound(ticker, moment, speed, columns, strip, followed)
  const last = useRef(found.book)
  if (found.book !== undefined) last.current = found.book
  return found.book === undefined && found.problem === null ? { ...found, book: last.current } : found
}

const useFound = (
  ticker: string,
  moment: Moment,
  speed: number,
  columns: HeatmapColumns.HeatmapColumns,
  strip: RecordStrip.RecordStrip | undefined,
  followed: Followed
): FoundBook => {
  const isLive = moment.mode === "live"
  const atMicros = moment.mode === "at" ? moment.atMicros : undefined
  const isMoving = moment.mode === "at" && (moment.isDragging || moment.isPlaying)
  const fromRecords = useMemo(
    () =>
      atMicros !== undefined && strip !== undefined && RecordStrip.covers(strip, atMicros)
        ? RecordStrip.bookAt(strip, atMicros)
        : undefined,
    [strip, atMicros]
  )
  // Where following was left off, the book is here.
  const told = followed.book !== undefined && followed.book.atMicros === atMicros ? followed.book : undefined
  const isHere = fromRecords !== undefined || told !== undefined
  const settledMicros = useSettled(isMoving || isHere ? undefined : atMicros)
  const exact = useQuery({
    ...Queries.bookAt(ticker, Instant.iso(settledMicros ?? 0)),
    select: ShownBook.ofAnswer,
    enabled: settledMicros !== undefined && settledMicros === atMicros,
    placeholderData: keepPreviousData
  })
  const found = { source: "sample", standing: undefined, problem: null, isPending: false } as const
  if (isLive) {
    const { book, problem, standing } = followed
    const source = standing === undefined ? "asked" : "stream"
    return { book, source, standing, problem, isPending: book === undefined }
  }
  const isFast = moment.isPlaying && speed > foldSpeedMax
  if (fromRecords !== undefined && !isFast) return { ...found, book: fromRecords, source: "records" }
  if (told !== undefined && !isMoving) {
    return { ...found, book: told, source: followed.standing === undefined ? "answer" : "stream" }
  }
  const column = atMicros === undefined ? undefined : HeatmapColumns.columnAt(columns, atMicros)
  const sample = column === undefined ? undefined : columns.books[column]
  if (isMoving && sample !== undefined) return { ...found, book: sample }
  const isAnswered = exact.data !== undefined && !exact.isPlaceholderData && settledMicros === atMicros
  if (isAnswered) return { ...found, book: exact.data, source: "answer" }
  return { ...found, book: sample ?? exact.data, problem: exact.error, isPending: true }
}
