/**
 * Every error of the HTTP API: RFC 9457 problems (`application/problem+json`), told apart by `code`.
 *
 * The one catalogue: the server fails with these classes, clients decode into them, the documentation lists them, and
 * `type` of each is the path at which the API describes it.
 */

import { Problem } from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"
import { type ProblemCode, problems } from "./ProblemTable.ts"

export { type ProblemCode, problems } from "./ProblemTable.ts"

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

export class UpgradeRequired extends Problem<UpgradeRequired>()(
  "UpgradeRequired",
  declaration("upgrade_required"),
  fields("upgrade_required"),
  annotations("upgrade_required")
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
  upgrade_required: UpgradeRequired,
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
