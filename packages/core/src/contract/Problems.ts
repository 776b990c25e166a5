/**
 * Every error of the HTTP API: RFC 9457 problems (`application/problem+json`), told apart by `code`.
 *
 * The one catalogue: the server fails with these classes, clients decode into them, the documentation lists them, and
 * `type` of each is the path at which the API describes it.
 */

import { Problem } from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"

/** Status and title of each kind of problem, and what it means and what to do. */
export const problems = {
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
  key_required: {
    status: 401,
    title: "This call needs a key",
    meaning:
      "The call needs a key: send it as `Authorization: Bearer kb_live_...` or `X-API-Key: kb_live_...`. Without one there are status, coverage, the documentation, and the first day of each month."
  },
  key_invalid: {
    status: 401,
    title: "The key is not valid",
    meaning: "The key is not one of ours, was not copied whole, has expired or was revoked. `detail` says which."
  },
  key_in_query: {
    status: 400,
    title: "A key does not belong into the URL",
    meaning:
      "URLs are written into logs and histories. Send the key as a header, `Authorization: Bearer ...` or `X-API-Key: ...`, and replace it: whoever saw the URL has it."
  },
  scope_missing: {
    status: 403,
    title: "The key may not do this",
    meaning: "The key is valid, but was not made for this. `scope` names what it lacks."
  },
  credits_exhausted: {
    status: 402,
    title: "There are not enough credits",
    meaning:
      "The call may cost more credits than are left. Ask for less, wait for the next month's credits, or buy some: /v1/pricing."
  },
  cap_reached: {
    status: 402,
    title: "The cap of this month is reached",
    meaning:
      "The call may cost more than the monthly cap that was set leaves over, of the account or of the key. Raise the cap, or wait for the next month."
  },
  max_credits_exceeded: {
    status: 402,
    title: "The call may cost more than `max_credits`",
    meaning:
      "The call may cost `credits_needed`, more than `max_credits` allows. Nothing was done. Ask for less, or allow more."
  },
  rate_limited: {
    status: 429,
    title: "Too fast",
    meaning:
      "More was asked for than the limit allows. Go on after the seconds in Retry-After; RateLimit says how much is left."
  },
  too_many_connections: {
    status: 429,
    title: "Too many open streams",
    meaning:
      "The account, or the key, has as many open streams as it may. Close one: `connections_max` says how many there can be."
  },
  unknown_key: {
    status: 404,
    title: "No such key",
    meaning: "The account has no key of this prefix. `/v1/keys` lists those that it has."
  },
  too_many_keys: {
    status: 409,
    title: "There are as many keys as there can be",
    meaning: "An account has a bounded number of keys that work at a time. Revoke one that is not needed any more."
  },
  not_sealed: {
    status: 404,
    title: "Nothing of this is sealed",
    meaning:
      "Files are made of sealed hours, and none of what was asked for is sealed, or has a row of these markets. `/v1/datasets` lists what is."
  },
  unknown_download: {
    status: 404,
    title: "No such download",
    meaning: "There is no download of this id, or not any more: they are kept for 30 days. Ask for it again with POST."
  },
  unknown_object: {
    status: 404,
    title: "No such file any more",
    meaning: "The URL was signed for a file that is not there any more. Ask for the download again."
  },
  signature_refused: {
    status: 403,
    title: "The URL does not work, or not any more",
    meaning:
      "The signature of the URL has expired, or does not belong to it. `GET /v1/downloads/{id}` gives new ones, free of charge."
  },
  range_not_satisfiable: {
    status: 416,
    title: "The range lies behind the end of the file",
    meaning: "The file is shorter than where the range begins. The header Content-Range says how long it is."
  },
  download_too_large: {
    status: 422,
    title: "Too much for one download",
    meaning:
      "Files are made for a download up to a size. Ask for fewer markets or days; whole days as `parquet` are not limited."
  },
  not_acceptable: {
    status: 406,
    title: "No such form of the answer",
    meaning:
      "The list cannot be written as the header Accept or `format` asks. `allowed` names the forms that there are."
  },
  storage_away: {
    status: 503,
    title: "The store of files is away",
    meaning: "Sealed files cannot be reached. Recording goes on; try again after the seconds in Retry-After."
  },
  unknown_route: {
    status: 404,
    title: "Nothing at this path",
    meaning: "There is nothing at this path. The index at / lists what there is."
  },
  method_not_allowed: {
    status: 405,
    title: "Not with this method",
    meaning: "The path exists, but not with this method. The header Allow lists those it has."
  },
  url_too_long: {
    status: 414,
    title: "The URL is too long",
    meaning: "Path and query together are longer than the server reads."
  },
  malformed_request: {
    status: 400,
    title: "This cannot be read as HTTP",
    meaning: "What was sent is no HTTP request, has too long headers, or came too slowly. `detail` says which."
  },
  overloaded: {
    status: 503,
    title: "Too many requests at this moment",
    meaning: "Too many requests are being answered at this moment. Try again after the seconds in Retry-After."
  },
  timed_out: {
    status: 503,
    title: "The answer took too long",
    meaning: "The answer took longer than the server waits. Try again, with a smaller range or page."
  },
  database_away: {
    status: 503,
    title: "The database is away",
    meaning: "The database cannot be reached. Recording goes on; try again after the seconds in Retry-After."
  },
  cold_store_away: {
    status: 503,
    title: "Sealed history cannot be reached",
    meaning:
      "The store of sealed hours cannot be reached at this moment; what is newer can be asked for. Try again after the seconds in Retry-After."
  },
  cold_data_damaged: {
    status: 500,
    title: "Sealed history is damaged",
    meaning:
      "A sealed object that the answer needs is missing, or is not what it was when it was proved, so there is no answer rather than a wrong one. `object` names it. Nothing to do for you: it is logged, and made again from what was recorded."
  },
  internal: {
    status: 500,
    title: "A fault of ours",
    meaning: "A fault of ours. It is logged under the request_id."
  }
} as const satisfies Record<string, { readonly status: number; readonly title: string; readonly meaning: string }>
export type ProblemCode = keyof typeof problems

/** The members that are the same in every problem of a kind. */
export const declaration = <Code extends ProblemCode>(code: Code) =>
  ({ type: `/problems/${code}`, status: problems[code].status, title: problems[code].title }) as const

const fields = <Code extends ProblemCode>(code: Code) =>
  ({
    detail: Schema.String.annotate({ description: "What happened with this request, for a person to read." }),
    code: Schema.tag(code).annotate({ description: "The kind of problem, for a program to read." }),
    request_id: Schema.String.annotate({
      description: "Names this request in our logs; also in the header X-Request-Id."
    }),
    suggestion: Schema.optionalKey(Schema.String).annotate({
      description: "Path and query of the next call that would work; absent where there is none."
    })
  }) as const

const annotations = (code: ProblemCode) => ({ description: problems[code].meaning })

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

export class KeyRequired extends Problem<KeyRequired>()(
  "KeyRequired",
  declaration("key_required"),
  fields("key_required"),
  annotations("key_required")
) {}

export class KeyInvalid extends Problem<KeyInvalid>()(
  "KeyInvalid",
  declaration("key_invalid"),
  fields("key_invalid"),
  annotations("key_invalid")
) {}

export class KeyInQuery extends Problem<KeyInQuery>()(
  "KeyInQuery",
  declaration("key_in_query"),
  fields("key_in_query"),
  annotations("key_in_query")
) {}

export class ScopeMissing extends Problem<ScopeMissing>()(
  "ScopeMissing",
  declaration("scope_missing"),
  {
    ...fields("scope_missing"),
    scope: Schema.String.annotate({ description: "What the key would need." })
  },
  annotations("scope_missing")
) {}

const creditsNeeded = Schema.Int.annotate({ description: "Credits that the call costs at most." })
const creditsRemaining = Schema.Int.annotate({ description: "Credits that are left." })

export class CreditsExhausted extends Problem<CreditsExhausted>()(
  "CreditsExhausted",
  declaration("credits_exhausted"),
  { ...fields("credits_exhausted"), credits_needed: creditsNeeded, credits_remaining: creditsRemaining },
  annotations("credits_exhausted")
) {}

export class CapReached extends Problem<CapReached>()(
  "CapReached",
  declaration("cap_reached"),
  { ...fields("cap_reached"), credits_needed: creditsNeeded },
  annotations("cap_reached")
) {}

export class MaxCreditsExceeded extends Problem<MaxCreditsExceeded>()(
  "MaxCreditsExceeded",
  declaration("max_credits_exceeded"),
  { ...fields("max_credits_exceeded"), credits_needed: creditsNeeded },
  annotations("max_credits_exceeded")
) {}

export class RateLimited extends Problem<RateLimited>()(
  "RateLimited",
  declaration("rate_limited"),
  {
    ...fields("rate_limited"),
    retry_after_seconds: Schema.Int.annotate({ description: "Seconds to wait, as in Retry-After." })
  },
  annotations("rate_limited")
) {}

export class TooManyConnections extends Problem<TooManyConnections>()(
  "TooManyConnections",
  declaration("too_many_connections"),
  {
    ...fields("too_many_connections"),
    connections_max: Schema.Int.annotate({ description: "How many there can be." })
  },
  annotations("too_many_connections")
) {}

export class UnknownKey extends Problem<UnknownKey>()(
  "UnknownKey",
  declaration("unknown_key"),
  fields("unknown_key"),
  annotations("unknown_key")
) {}

export class TooManyKeys extends Problem<TooManyKeys>()(
  "TooManyKeys",
  declaration("too_many_keys"),
  fields("too_many_keys"),
  annotations("too_many_keys")
) {}

export class NotSealed extends Problem<NotSealed>()(
  "NotSealed",
  declaration("not_sealed"),
  fields("not_sealed"),
  annotations("not_sealed")
) {}

export class UnknownDownload extends Problem<UnknownDownload>()(
  "UnknownDownload",
  declaration("unknown_download"),
  fields("unknown_download"),
  annotations("unknown_download")
) {}

export class UnknownObject extends Problem<UnknownObject>()(
  "UnknownObject",
  declaration("unknown_object"),
  fields("unknown_object"),
  annotations("unknown_object")
) {}

export class SignatureRefused extends Problem<SignatureRefused>()(
  "SignatureRefused",
  declaration("signature_refused"),
  fields("signature_refused"),
  annotations("signature_refused")
) {}

export class RangeNotSatisfiable extends Problem<RangeNotSatisfiable>()(
  "RangeNotSatisfiable",
  declaration("range_not_satisfiable"),
  fields("range_not_satisfiable"),
  annotations("range_not_satisfiable")
) {}

export class DownloadTooLarge extends Problem<DownloadTooLarge>()(
  "DownloadTooLarge",
  declaration("download_too_large"),
  fields("download_too_large"),
  annotations("download_too_large")
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

export class StorageAway extends Problem<StorageAway>()(
  "StorageAway",
  declaration("storage_away"),
  fields("storage_away"),
  annotations("storage_away")
) {}

export class UnknownRoute extends Problem<UnknownRoute>()(
  "UnknownRoute",
  declaration("unknown_route"),
  fields("unknown_route"),
  annotations("unknown_route")
) {}

export class MethodNotAllowed extends Problem<MethodNotAllowed>()(
  "MethodNotAllowed",
  declaration("method_not_allowed"),
  fields("method_not_allowed"),
  annotations("method_not_allowed")
) {}

export class UrlTooLong extends Problem<UrlTooLong>()(
  "UrlTooLong",
  declaration("url_too_long"),
  fields("url_too_long"),
  annotations("url_too_long")
) {}

export class MalformedRequest extends Problem<MalformedRequest>()(
  "MalformedRequest",
  declaration("malformed_request"),
  fields("malformed_request"),
  annotations("malformed_request")
) {}

export class Overloaded extends Problem<Overloaded>()(
  "Overloaded",
  declaration("overloaded"),
  fields("overloaded"),
  annotations("overloaded")
) {}

export class TimedOut extends Problem<TimedOut>()(
  "TimedOut",
  declaration("timed_out"),
  fields("timed_out"),
  annotations("timed_out")
) {}

export class DatabaseAway extends Problem<DatabaseAway>()(
  "DatabaseAway",
  declaration("database_away"),
  fields("database_away"),
  annotations("database_away")
) {}

export class ColdStoreAway extends Problem<ColdStoreAway>()(
  "ColdStoreAway",
  declaration("cold_store_away"),
  fields("cold_store_away"),
  annotations("cold_store_away")
) {}

export class ColdDataDamaged extends Problem<ColdDataDamaged>()(
  "ColdDataDamaged",
  declaration("cold_data_damaged"),
  {
    ...fields("cold_data_damaged"),
    object: Schema.String.annotate({
      description: "Key of the object, or what it should be about where none is known."
    })
  },
  annotations("cold_data_damaged")
) {}

export class Internal extends Problem<Internal>()(
  "Internal",
  declaration("internal"),
  fields("internal"),
  annotations("internal")
) {}

/** All of them, one per code. */
export const problemClasses = {
  bad_parameter: BadParameter,
  bad_cursor: BadCursor,
  time_in_future: TimeInFuture,
  unknown_market: UnknownMarket,
  unknown_event: UnknownEvent,
  unknown_series: UnknownSeries,
  not_known_yet: NotKnownYet,
  market_not_recorded: MarketNotRecorded,
  before_first_record: BeforeFirstRecord,
  key_required: KeyRequired,
  key_invalid: KeyInvalid,
  key_in_query: KeyInQuery,
  scope_missing: ScopeMissing,
  credits_exhausted: CreditsExhausted,
  cap_reached: CapReached,
  max_credits_exceeded: MaxCreditsExceeded,
  rate_limited: RateLimited,
  too_many_connections: TooManyConnections,
  unknown_key: UnknownKey,
  too_many_keys: TooManyKeys,
  not_sealed: NotSealed,
  unknown_download: UnknownDownload,
  unknown_object: UnknownObject,
  signature_refused: SignatureRefused,
  range_not_satisfiable: RangeNotSatisfiable,
  download_too_large: DownloadTooLarge,
  not_acceptable: NotAcceptable,
  storage_away: StorageAway,
  unknown_route: UnknownRoute,
  method_not_allowed: MethodNotAllowed,
  url_too_long: UrlTooLong,
  malformed_request: MalformedRequest,
  overloaded: Overloaded,
  timed_out: TimedOut,
  database_away: DatabaseAway,
  cold_store_away: ColdStoreAway,
  cold_data_damaged: ColdDataDamaged,
  internal: Internal
} as const satisfies Record<ProblemCode, unknown>

/** What an endpoint may answer that reads sealed history. */
export const problemsOfHistory = [ColdStoreAway, ColdDataDamaged] as const

/** What any endpoint may answer, besides its own problems. */
export const problemsOfAll = [BadParameter, UrlTooLong, Overloaded, TimedOut, DatabaseAway, Internal] as const

/** What any endpoint may answer that needs a key. */
export const problemsOfMetered = [
  KeyRequired,
  KeyInvalid,
  KeyInQuery,
  ScopeMissing,
  CreditsExhausted,
  CapReached,
  MaxCreditsExceeded,
  RateLimited
] as const
