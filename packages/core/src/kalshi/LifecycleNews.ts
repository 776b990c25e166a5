/**
 * What a lifecycle message says by itself, without a look at REST: the facts of its body that a recorder can act on at once. Pure,
 * and forgiving: a body that lacks or garbles a fact says less, and is no error.
 */
import { Option, Schema } from "effect"
import * as PriceGrid from "../PriceGrid.ts"

/**
 * - `announced`: a market was created; it opens and closes at these times, at these prices (`null`: not said)
 * - `close_moved`: it closes at another time, earlier or later
 * - `activated`: it trades again, after a pause or a close; all resting orders were cancelled
 * - `repriced`: it allows other prices from now on (`null`: not said which)
 * - `ended`: its result is known, or paid
 * - `listed`: an event of this series was made
 * - `other`: something that has to be read
 */
export type LifecycleNews =
  | {
      readonly _tag: "announced"
      readonly openMicros: number
      readonly closeMicros: number
      readonly eventTicker: string
      readonly grid: PriceGrid.PriceGrid | null
    }
  | { readonly _tag: "close_moved"; readonly closeMicros: number }
  | { readonly _tag: "activated" }
  | { readonly _tag: "repriced"; readonly grid: PriceGrid.PriceGrid | null }
  | { readonly _tag: "ended" }
  | { readonly _tag: "listed"; readonly seriesTicker: string }
  | { readonly _tag: "other" }

type Body = Readonly<Record<string, unknown>>

const other: LifecycleNews = { _tag: "other" }

/** Of a message about a market. */
export const ofMarket = (eventType: string, body: Body): LifecycleNews => {
  switch (eventType) {
    case "created":
      return Option.match(readCreated(body), { onNone: () => other, onSome: announced })
    case "close_date_updated":
      return Option.match(readClose(body), {
        onNone: () => other,
        onSome: ({ close_ts }) => ({ _tag: "close_moved", closeMicros: close_ts * microsPerSecond })
      })
    case "activated":
      return { _tag: "activated" }
    case "price_level_structure_updated":
      return { _tag: "repriced", grid: gridOf(body["price_ranges"]) }
    case "determined":
    case "settled":
      return { _tag: "ended" }
    default:
      return other
  }
}

/** Of a message about an event. */
export const ofEvent = (body: Body): LifecycleNews =>
  Option.match(readEvent(body), {
    onNone: () => other,
    onSome: ({ series_ticker }) => ({ _tag: "listed", seriesTicker: series_ticker })
  })

const microsPerSecond = 1_000_000

/** Unix seconds; the year 2255 and later cannot be told in microseconds. */
const Seconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER / microsPerSecond }))

const Created = Schema.Struct({
  open_ts: Seconds,
  close_ts: Seconds,
  additional_metadata: Schema.Struct({ event_ticker: Schema.NonEmptyString }),
  price_ranges: Schema.optional(Schema.Unknown)
})

const PriceRanges = Schema.Array(Schema.Struct({ start: Schema.String, end: Schema.String, step: Schema.String }))

const readCreated = Schema.decodeUnknownOption(Created)
const readRanges = Schema.decodeUnknownOption(PriceRanges)
const readClose = Schema.decodeUnknownOption(Schema.Struct({ close_ts: Seconds }))
const readEvent = Schema.decodeUnknownOption(Schema.Struct({ series_ticker: Schema.NonEmptyString }))

const announced = (created: typeof Created.Type): LifecycleNews => ({
  _tag: "announced",
  openMicros: created.open_ts * microsPerSecond,
  closeMicros: created.close_ts * microsPerSecond,
  eventTicker: created.additional_metadata.event_ticker,
  grid: gridOf(created.price_ranges)
})

const gridOf = (ranges: unknown): PriceGrid.PriceGrid | null =>
  Option.getOrNull(Option.flatMap(readRanges(ranges), PriceGrid.fromRanges))
