/**
 * A book as the pages show it: both sides as whole numbers, the best level first, with whether it may be believed. It comes from an answer
 * about one moment, from a sample, or from records folded here; all three give the same levels for the same moment.
 */
import type { BookSample, Orderbook, StreamedBook } from "../api/Answers.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"

export interface Level {
  /** 1/10,000 dollar, of the level's own side. */
  readonly priceE4: number
  /** 1/100 contract. */
  readonly sizeE2: number
}

export type ShownTrust =
  | { readonly state: "trusted" }
  | { readonly state: "unknown" }
  | { readonly state: "stale"; readonly cause: string; readonly fromMicros: number | undefined }

export interface ShownBook {
  /** The moment that it is the book of, Unix microseconds. */
  readonly atMicros: number
  /** Of the last record that is part of it. */
  readonly offset: number
  readonly trust: ShownTrust
  /** Bids, the best first. */
  readonly yes: ReadonlyArray<Level>
  readonly no: ReadonlyArray<Level>
}

export const dollarE4 = 10_000

type Ladder = ReadonlyArray<readonly [string, string]>

/** The API writes ladders ascending, best last. */
const levels = (ladder: Ladder): ReadonlyArray<Level> =>
  ladder.map(([price, size]) => ({ priceE4: Numbers.e4(price), sizeE2: Numbers.e2(size) })).reverse()

const trustOf = (trust: Orderbook["trust"]): ShownTrust =>
  trust.state === "stale"
    ? { state: "stale", cause: trust.gap.cause, fromMicros: Instant.micros(trust.gap.from) }
    : { state: trust.state }

export const ofAnswer = (answer: Orderbook): ShownBook => ({
  atMicros: Instant.micros(answer.at),
  offset: answer.provenance.offset,
  trust: trustOf(answer.trust),
  yes: levels(answer.orderbook_fp.yes_dollars),
  no: levels(answer.orderbook_fp.no_dollars)
})

/** As the stream sends it: of the moment of its last record. */
export const ofStream = (message: StreamedBook): ShownBook => ({
  atMicros: Instant.micros(message.ts_received),
  offset: message.offset,
  trust: trustOf(message.trust),
  yes: levels(message.orderbook_fp.yes_dollars),
  no: levels(message.orderbook_fp.no_dollars)
})

export const ofSample = (sample: BookSample): ShownBook => ({
  atMicros: Instant.micros(sample.at),
  offset: sample.offset,
  trust:
    sample.trust === "stale"
      ? { state: "stale", cause: sample.gap_cause ?? "unknown", fromMicros: undefined }
      : { state: sample.trust },
  yes: levels(sample.orderbook_fp.yes_dollars),
  no: levels(sample.orderbook_fp.no_dollars)
})

/** The same levels of another moment, up to which nothing happened. */
export const at = (book: ShownBook, atMicros: number): ShownBook => ({ ...book, atMicros })

export interface Best {
  readonly bidE4: number | undefined
  /** One dollar less the best no bid: the exchange sends no asks. */
  readonly askImpliedE4: number | undefined
}

export const best = ({ no: [no], yes: [yes] }: ShownBook): Best => ({
  bidE4: yes?.priceE4,
  askImpliedE4: no === undefined ? undefined : dollarE4 - no.priceE4
})

/** Levels that are in one book and not in the other, with the same size; 0 when they say the same. */
export const differences = (one: ShownBook, other: ShownBook): number =>
  (["yes", "no"] as const).reduce((sum, side) => {
    const sizes = new Map(one[side].map(({ priceE4, sizeE2 }) => [priceE4, sizeE2]))
    const wrong = other[side].filter(({ priceE4, sizeE2 }) => {
      const isSame = sizes.get(priceE4) === sizeE2
      sizes.delete(priceE4)
      return !isSame
    })
    return sum + wrong.length + sizes.size
  }, 0)
