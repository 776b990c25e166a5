/** What may be wrong with a question: its parameters, its cursor, its moment, what it asks for. */
import { Problem } from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"
import * as ProblemKind from "./ProblemKind.ts"

export const kinds = {
  bad_parameter: {
    status: 400,
    title: "A parameter is not allowed",
    meaning:
      "A parameter is not allowed, not known or out of range. `parameter` names it and `allowed` says what it may be."
  },
  bad_cursor: {
    status: 400,
    title: "The cursor does not fit",
    meaning:
      "The cursor was not made for this list with these filters. Repeat the filters of the first page, or begin without a cursor."
  },
  time_in_future: {
    status: 400,
    title: "The moment has not come yet",
    meaning: "The moment has not come yet. Ask without `at` for the newest book, without `as_of` for what is known now."
  },
  unknown_market: {
    status: 404,
    title: "No such market",
    meaning: "No market of this ticker was ever seen on the exchange."
  },
  unknown_event: {
    status: 404,
    title: "No such event",
    meaning: "No event of this ticker was ever seen on the exchange."
  },
  unknown_series: {
    status: 404,
    title: "No such series",
    meaning: "No series of this ticker was ever seen on the exchange."
  },
  not_known_yet: {
    status: 404,
    title: "Not known at that moment",
    meaning:
      "The object is known now, but had not been seen at the moment of `as_of`. `known_since` is the earliest moment with an answer."
  },
  market_not_recorded: {
    status: 404,
    title: "Nothing was recorded of this market",
    meaning:
      "The market exists, but nothing of its book was recorded: it is not yet open, or it is not among the recorded markets."
  },
  before_first_record: {
    status: 404,
    title: "The moment lies before the first record",
    meaning:
      "The moment lies before the first record of this market. `first_record` is the earliest moment with an answer."
  },
  not_acceptable: {
    status: 406,
    title: "No such form of the answer",
    meaning:
      "The list cannot be written as the header Accept or `format` asks. `allowed` names the forms that there are."
  },
  idempotency_key_reused: {
    status: 422,
    title: "The Idempotency-Key was used for another request",
    meaning:
      "Within 24 hours the same Idempotency-Key names the same request. Repeat that one unchanged, or send a new key."
  },
  idempotency_in_progress: {
    status: 409,
    title: "The same request is being answered",
    meaning:
      "A request with this Idempotency-Key has not been answered yet. Repeat it in a moment: its answer will be given."
  }
} as const satisfies ProblemKind.Kinds

const { annotations, declaration, fields } = ProblemKind.of(kinds)

export class BadParameter extends Problem<BadParameter>()(
  "BadParameter",
  declaration("bad_parameter"),
  {
    ...fields("bad_parameter"),
    parameter: Schema.String.annotate({ description: "The parameter's name, as in the path or the query." }),
    allowed: Schema.String.annotate({ description: "What it may be." })
  },
  annotations("bad_parameter")
) {}

export class BadCursor extends Problem<BadCursor>()(
  "BadCursor",
  declaration("bad_cursor"),
  fields("bad_cursor"),
  annotations("bad_cursor")
) {}

export class TimeInFuture extends Problem<TimeInFuture>()(
  "TimeInFuture",
  declaration("time_in_future"),
  fields("time_in_future"),
  annotations("time_in_future")
) {}

export class UnknownMarket extends Problem<UnknownMarket>()(
  "UnknownMarket",
  declaration("unknown_market"),
  fields("unknown_market"),
  annotations("unknown_market")
) {}

export class UnknownEvent extends Problem<UnknownEvent>()(
  "UnknownEvent",
  declaration("unknown_event"),
  fields("unknown_event"),
  annotations("unknown_event")
) {}

export class UnknownSeries extends Problem<UnknownSeries>()(
  "UnknownSeries",
  declaration("unknown_series"),
  fields("unknown_series"),
  annotations("unknown_series")
) {}

export class NotKnownYet extends Problem<NotKnownYet>()(
  "NotKnownYet",
  declaration("not_known_yet"),
  {
    ...fields("not_known_yet"),
    known_since: Schema.String.annotate({ description: "When the object was seen first." })
  },
  annotations("not_known_yet")
) {}

export class MarketNotRecorded extends Problem<MarketNotRecorded>()(
  "MarketNotRecorded",
  declaration("market_not_recorded"),
  fields("market_not_recorded"),
  annotations("market_not_recorded")
) {}

export class BeforeFirstRecord extends Problem<BeforeFirstRecord>()(
  "BeforeFirstRecord",
  declaration("before_first_record"),
  {
    ...fields("before_first_record"),
    first_record: Schema.String.annotate({
      description: "Time of the market's first record by the clock that was asked for."
    })
  },
  annotations("before_first_record")
) {}

export class NotAcceptable extends Problem<NotAcceptable>()(
  "NotAcceptable",
  declaration("not_acceptable"),
  {
    ...fields("not_acceptable"),
    allowed: Schema.String.annotate({ description: "The forms that there are." })
  },
  annotations("not_acceptable")
) {}

export class IdempotencyKeyReused extends Problem<IdempotencyKeyReused>()(
  "IdempotencyKeyReused",
  declaration("idempotency_key_reused"),
  fields("idempotency_key_reused"),
  annotations("idempotency_key_reused")
) {}

export class IdempotencyInProgress extends Problem<IdempotencyInProgress>()(
  "IdempotencyInProgress",
  declaration("idempotency_in_progress"),
  fields("idempotency_in_progress"),
  annotations("idempotency_in_progress")
) {}

export const classes = {
  bad_parameter: BadParameter,
  bad_cursor: BadCursor,
  time_in_future: TimeInFuture,
  unknown_market: UnknownMarket,
  unknown_event: UnknownEvent,
  unknown_series: UnknownSeries,
  not_known_yet: NotKnownYet,
  market_not_recorded: MarketNotRecorded,
  before_first_record: BeforeFirstRecord,
  not_acceptable: NotAcceptable,
  idempotency_key_reused: IdempotencyKeyReused,
  idempotency_in_progress: IdempotencyInProgress
} as const satisfies Record<keyof typeof kinds, unknown>
