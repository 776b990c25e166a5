/** Core's book of a log in the shape of a page, to compare what a browser folds with. */
import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import type { ShownBook } from "@kalshibook/web/book/ShownBook"

export const folded = (records: ReadonlyArray<BookRecord>, atMicros: number): Replay.Replay => {
  const replay = Replay.make()
  Replay.applyUntil(replay, records, atMicros, "received")
  return replay
}

const levelsOf = ({ book }: Replay.Replay) => {
  const { no, yes } = Book.levels(book)
  return { yes: yes.toReversed(), no: no.toReversed() }
}

export const shownOf = (replay: Replay.Replay, atMicros: number): ShownBook => ({
  atMicros,
  offset: replay.last?.offset ?? 0,
  trust:
    replay.trust._tag === "stale"
      ? { state: "stale", cause: replay.trust.gap.cause, fromMicros: replay.trust.gap.tsReceivedMicros }
      : { state: replay.trust._tag },
  ...levelsOf(replay)
})

/** Without the records that do not fit, which a recorder never writes: it writes a gap in their place (I6). */
export const sound = (records: ReadonlyArray<BookRecord>): ReadonlyArray<BookRecord> => {
  let kept: ReadonlyArray<BookRecord> = []
  for (const record of records) {
    const { trust } = folded([...kept, record], Number.MAX_SAFE_INTEGER)
    const fits = trust._tag !== "stale" || record.kind === "gap" || trust.gap.offset !== record.offset
    if (fits) kept = [...kept, record]
  }
  return kept
}
