/**
 * Reading a list page by page: its range, the position that a cursor stands for, and the cursor of the page after.
 */
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { limitDefault, timeMicrosMax } from "@kalshibook/core/contract/Limits"
import { Effect, Option } from "effect"
import { badCursor, rangeReversed } from "./Failures.ts"

export interface PageQuery {
  readonly limit?: number
  readonly cursor?: string
}

export interface Page<Position> {
  /** Where the page before ended; `None` for the first page. */
  readonly after: Option.Option<Position>
  /** What the store is asked for: one more than the page, which tells whether there is another. */
  readonly entriesMax: number
  /** The entries of the page out of those that the store gave, and the cursor of the next, `""` at the end. */
  readonly cut: <Entry>(
    entries: ReadonlyArray<Entry>,
    positionOf: (entry: Entry) => Position
  ) => { readonly entries: ReadonlyArray<Entry>; readonly cursor: string }
}

/** A page of up to `limit` entries behind a position. */
export const pageAfter = <Position>(
  list: Cursor.Paged<Position>,
  question: Cursor.Question,
  limit: number,
  after: Option.Option<Position> = Option.none()
): Page<Position> => ({
  after,
  entriesMax: limit + 1,
  cut: (entries, positionOf) => {
    const kept = entries.slice(0, limit)
    const last = kept.at(-1)
    const isLastPage = entries.length <= limit || last === undefined
    return { entries: kept, cursor: isLastPage ? "" : Cursor.encode(list, question, positionOf(last)) }
  }
})

/** The page that is asked for. An empty cursor means the first page, so that callers may pass on what they have. */
export const pageOf = Effect.fnUntraced(function* <Position>(
  list: Cursor.Paged<Position>,
  question: Cursor.Question,
  query: PageQuery
) {
  const limit = query.limit ?? limitDefault
  if (query.cursor === undefined || query.cursor === "") return pageAfter(list, question, limit)
  const after = Cursor.decode(list, question, query.cursor)
  return Option.isNone(after) ? yield* badCursor() : pageAfter(list, question, limit, after)
})

/** The range of a list of what happened, [from, to): from the beginning and up to the end where they are absent. */
export const rangeOf = Effect.fnUntraced(function* (query: { readonly from?: number; readonly to?: number }) {
  const range = { fromMicros: query.from ?? 0, toMicros: query.to ?? timeMicrosMax }
  if (range.fromMicros > range.toMicros) return yield* rangeReversed(range.fromMicros, range.toMicros)
  return range
})
