/** What a reader that catches up needs of the history. */

import * as Book from "@kalshibook/core/Book"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { History } from "@kalshibook/store/History"
import type { LogError } from "@kalshibook/store/TieredLog"
import { Effect } from "effect"
import type { LogCatchUp, LogRead, MomentRead } from "./CatchUp.ts"

/** Records of one read: what a reader that catches up has in memory. */
const recordsPerReadMax = 500

/** How far back a record is looked for whose time is not known: most readers come back soon, and looking everywhere is dear. */
const lookBackMicros = [600_000_000, 21_600_000_000, 172_800_000_000, Number.POSITIVE_INFINITY]

/** Reads that a moment at the edge of what is stored is worth, each with its own wait. */
const edgeReadsMax = 5

const nothing = { _tag: "nothing" } as const

/** The records behind a place, the place itself before them while it is not checked. */
export const behindPlace = Effect.fnUntraced(function* (
  history: History["Service"],
  marketTicker: MarketTicker,
  { isChecked, place, tsReceivedMicros }: LogCatchUp,
  nowMicros: number
): Effect.fn.Return<LogRead, LogError> {
  const afterOffset = isChecked ? place.offset : place.offset - 1
  const from = (fromMicros: number) =>
    history.records({ marketTicker, fromMicros, toMicros: maxMicros, afterOffset, recordsMax: recordsPerReadMax }).pipe(
      Effect.map(({ records }) => records),
      Effect.catchTag("MarketNotRecorded", () => Effect.succeed([]))
    )
  if (tsReceivedMicros !== undefined || afterOffset === 0) return found(yield* from(tsReceivedMicros ?? 0))
  for (const back of lookBackMicros) {
    const records = yield* from(Math.max(0, nowMicros - back))
    if (records[0]?.offset === afterOffset + 1) return found(records)
  }
  return nothing
})

const maxMicros = Number.MAX_SAFE_INTEGER

const found = (records: Extract<LogRead, { readonly _tag: "records" }>["records"]): LogRead =>
  records.length === 0 ? nothing : { _tag: "records", records }

/** The book at a moment, as far as the log tells; whether the recorder runs is not told by a book of the stream. */
export const atMoment = Effect.fnUntraced(function* (
  history: History["Service"],
  marketTicker: MarketTicker,
  atMicros: number
): Effect.fn.Return<MomentRead, LogError> {
  for (let read = 0; read < edgeReadsMax; read++) {
    const answer = yield* history.bookAt(marketTicker, atMicros, "received").pipe(
      Effect.catchTags({
        MarketNotRecorded: () => Effect.succeed("nothing" as const),
        InTheFuture: () => Effect.succeed("nothing" as const),
        BeforeFirstRecord: () => Effect.succeed("beginning" as const)
      })
    )
    if (typeof answer === "string") return { _tag: answer }
    const { book, last, trust } = answer
    // What lies behind the last record is not in the log: the moment is not stored yet.
    const isCut = trust._tag === "stale" && trust.gap.tsReceivedMicros > last.tsReceivedMicros
    if (!isCut) return { _tag: "book", book: { last, trust, levels: Book.levels(book) } }
  }
  return nothing
})
