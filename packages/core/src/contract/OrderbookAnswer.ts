/**
 * The answer of `/v1/markets/{ticker}/orderbook`: a book at a moment, with how far it can be trusted and its proof.
 */
import * as Schema from "effect/Schema"
import * as Book from "../Book.ts"
import type { BookClock, RecordHead, MarketTicker as Ticker } from "../BookRecord.ts"
import type { Trust } from "../Trust.ts"
import { isoFromMicros } from "../Units.ts"
import * as BestView from "./BestView.ts"
import * as OrderbookFp from "./OrderbookFp.ts"
import { answerFields, Epoch, Instant, MarketTicker, Offset, Seq, Sid, TsExchange, TsReceived } from "./Scalars.ts"
import * as TrustView from "./TrustView.ts"

export const Clock = Schema.Literals(["received", "exchange"]).annotate({
  description:
    "By which clock a moment is meant: `received`, our time of receipt (always present, and never ahead of what a trader could have known), or `exchange`, the exchange's own time."
})

const Tier = Schema.Literals(["hot", "cold", "both"]).annotate({
  description:
    "Which storage held the records: `hot`, the database; `cold`, sealed hours; `both` when the rebuild began in a sealed hour and went on in the database. The answer is the same."
})

const Provenance = Schema.Struct({
  offset: Offset.annotate({ description: "The last record of the log that is part of the book." }),
  epoch: Epoch,
  sid: Sid,
  seq: Seq,
  ts_exchange: TsExchange.annotate({ description: "Exchange time of that record; null where the exchange gave none." }),
  ts_received: TsReceived.annotate({ description: "Receipt of that record." }),
  keyframe_offset: Schema.NullOr(Offset).annotate({
    description:
      "Where the stored full book stands from which the rebuild began; null when it began at the log's start."
  }),
  records_applied: Schema.Int.annotate({ description: "How many records were applied on top of it.", examples: [212] }),
  tier: Tier,
  source: Schema.NullOr(Schema.String).annotate({
    description:
      "Key of the sealed object with which the rebuild began, whose name ends in its hash; null when it began in the hot tier.",
    examples: [null]
  })
}).annotate({
  identifier: "Provenance",
  description: "From what the book was rebuilt: enough to rebuild it independently from `/deltas`."
})

export const OrderbookBody = Schema.Struct({
  market_ticker: MarketTicker,
  at: Instant.annotate({
    description: "The moment that was asked for; without `at`, the moment up to which everything received is stored."
  }),
  clock: Clock,
  orderbook_fp: OrderbookFp.OrderbookFp,
  best: BestView.Best,
  trust: TrustView.TrustAnswer,
  provenance: Provenance,
  book_hash: Schema.String.annotate({
    description: "Digest of the whole book, 16 hexadecimal digits; equal for equal books. Not affected by `depth`.",
    examples: ["5b1c9a7e00d3f214"]
  })
})
export type OrderbookBody = typeof OrderbookBody.Type

const { best, book_hash, clock, market_ticker, orderbook_fp, at, provenance, trust } = OrderbookBody.fields

/** How many levels the whole book has. */
const LevelCounts = Schema.Struct({ yes: Schema.Int, no: Schema.Int }).annotate({
  identifier: "LevelCounts",
  description: "With `view=summary`: how many levels each side of the whole book has.",
  examples: [{ yes: 41, no: 37 }]
})

export const Orderbook = Schema.Struct({
  market_ticker,
  at,
  clock,
  best,
  trust,
  levels: Schema.optionalKey(LevelCounts),
  // With `view=summary` there is no proof, and a ladder only where `depth` asks for one.
  orderbook_fp: Schema.optionalKey(orderbook_fp),
  provenance: Schema.optionalKey(provenance),
  book_hash: Schema.optionalKey(book_hash),
  ...answerFields
}).annotate({
  identifier: "Orderbook",
  description:
    "The book of a market at a moment. With `view=summary` without `provenance` and `book_hash`, and without `orderbook_fp` unless `depth` is given."
})
export type Orderbook = typeof Orderbook.Type

/** A market's book at a moment, as the store gives it. */
export interface BookAtMoment {
  readonly marketTicker: Ticker
  /** Unix microseconds. */
  readonly atMicros: number
  readonly clock: BookClock
  readonly book: Book.Book
  readonly trust: Trust
  /** Receipt of the snapshot that ended the gap of a stale book, Unix microseconds; `null` while it is open. */
  readonly gapEndsMicros: number | null
  /** The last record applied. */
  readonly last: RecordHead
  readonly keyframeOffset: number | null
  readonly recordsApplied: number
  readonly tier: typeof Tier.Type
  /** Key of the object of the cold tier with which the fold began; `null` where it began in the hot one. */
  readonly source: string | null
}

/** The top of the book, whether it may be believed, and its best `depth` levels; none where `depth` is absent. O(depth). */
export const summary = (
  answer: BookAtMoment,
  depth: number | undefined
): Omit<Orderbook, keyof typeof answerFields> => ({
  market_ticker: answer.marketTicker,
  at: isoFromMicros(answer.atMicros),
  clock: answer.clock,
  best: BestView.view(answer.book),
  trust: TrustView.view(answer.trust, answer.gapEndsMicros, answer.last),
  levels: { yes: Book.ladder(answer.book, "yes").count, no: Book.ladder(answer.book, "no").count },
  ...(depth === undefined ? {} : { orderbook_fp: OrderbookFp.view(Book.levels(answer.book, depth)) })
})

/** With `depth` above 0 only the best `depth` levels of each side; `best` and `book_hash` are of the whole book. O(levels). */
export const view = (answer: BookAtMoment, depth: number): OrderbookBody => ({
  market_ticker: answer.marketTicker,
  at: isoFromMicros(answer.atMicros),
  clock: answer.clock,
  orderbook_fp: OrderbookFp.view(Book.levels(answer.book, depth)),
  best: BestView.view(answer.book),
  trust: TrustView.view(answer.trust, answer.gapEndsMicros, answer.last),
  provenance: {
    offset: answer.last.offset,
    epoch: answer.last.epoch,
    sid: answer.last.sid,
    seq: answer.last.seq,
    ts_exchange: answer.last.tsExchangeMicros === null ? null : isoFromMicros(answer.last.tsExchangeMicros),
    ts_received: isoFromMicros(answer.last.tsReceivedMicros),
    keyframe_offset: answer.keyframeOffset,
    records_applied: answer.recordsApplied,
    tier: answer.tier,
    source: answer.source
  },
  book_hash: Book.hash(answer.book)
})
