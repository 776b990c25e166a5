/**
 * A book to which records are applied one after the other, as SPEC-book.md says: what a piece of the log and the stream both fold with. It
 * changes in place, since a hot market has hundreds of records between two pictures; `shown` gives what does not change any more.
 */
import type { BookRecord } from "../api/Answers.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import type { Level, ShownBook, ShownTrust } from "./ShownBook.ts"

/** Of one side: 1/100 contract by price in 1/10,000 dollar. */
type Sizes = Map<number, number>

export interface BookFold {
  yes: Sizes
  no: Sizes
  trust: ShownTrust
  /** Of the last record that was applied; 0 before any. */
  offset: number
}

/** What a record says of the book, wherever it stands in the log. */
export type Change = BookRecord extends infer Any ? (Any extends unknown ? Omit<Any, "derived"> : never) : never

const sizesOf = (levels: ReadonlyArray<Level>): Sizes => new Map(levels.map(({ priceE4, sizeE2 }) => [priceE4, sizeE2]))

const sizesOfLadder = (ladder: ReadonlyArray<readonly [string, string]>): Sizes =>
  new Map(ladder.map(([price, size]) => [Numbers.e4(price), Numbers.e2(size)]))

/** From a book on; without one from the beginning of the log. */
export const from = (base: ShownBook | undefined): BookFold => ({
  yes: sizesOf(base?.yes ?? []),
  no: sizesOf(base?.no ?? []),
  trust: base?.trust ?? { state: "unknown" },
  offset: base?.offset ?? 0
})

export const apply = (fold: BookFold, record: Change): void => {
  fold.offset = record.offset
  switch (record.kind) {
    case "snapshot":
      fold.yes = sizesOfLadder(record.orderbook_fp.yes_dollars)
      fold.no = sizesOfLadder(record.orderbook_fp.no_dollars)
      fold.trust = { state: "trusted" }
      break
    case "gap":
      fold.trust = { state: "stale", cause: record.cause, fromMicros: Instant.micros(record.from) }
      break
    case "delta": {
      // Outside a trusted book it changes nothing: its base is not known.
      if (fold.trust.state !== "trusted") break
      const side = record.side === "yes" ? fold.yes : fold.no
      const priceE4 = Numbers.e4(record.price_dollars)
      const sizeE2 = (side.get(priceE4) ?? 0) + Numbers.e2(record.delta_fp)
      if (sizeE2 === 0) side.delete(priceE4)
      else side.set(priceE4, sizeE2)
    }
  }
}

const levelsOf = (sizes: Sizes): ReadonlyArray<Level> =>
  Array.from(sizes, ([priceE4, sizeE2]) => ({ priceE4, sizeE2 })).sort((one, other) => other.priceE4 - one.priceE4)

/** The book as it stands, as that of a moment. O(levels). */
export const shown = ({ no, offset, trust, yes }: BookFold, atMicros: number): ShownBook => ({
  atMicros,
  offset,
  trust,
  yes: levelsOf(yes),
  no: levelsOf(no)
})
