/** Questions about the past that have no answer, whichever tier is asked. */
import { Schema } from "effect"

/** Nothing was ever recorded of this market (the catalogue may know it all the same). */
export class MarketNotRecorded extends Schema.TaggedError<MarketNotRecorded>()("MarketNotRecorded", {
  marketTicker: Schema.String
}) {}

/** The moment lies before the market's first record. */
export class BeforeFirstRecord extends Schema.TaggedError<BeforeFirstRecord>()("BeforeFirstRecord", {
  marketTicker: Schema.String,
  atMicros: Schema.Number,
  /** Time of the first record by the clock that was asked for. */
  firstRecordMicros: Schema.Number
}) {}

/** The moment has not come yet. */
export class InTheFuture extends Schema.TaggedError<InTheFuture>()("InTheFuture", {
  atMicros: Schema.Number,
  nowMicros: Schema.Number
}) {}
