/** One example of every problem. */
import { answer } from "./AnswerExample.ts"
import { docsOf } from "./ProblemKind.ts"
import { declaration, type ProblemCode } from "./Problems.ts"

const book = "/v1/markets/KXBTC15M-26NOV211415-15/orderbook"

const problemFacts: Readonly<Record<ProblemCode, Readonly<Record<string, string | number | ReadonlyArray<string>>>>> = {
  bad_parameter: {
    detail: "`limit` is not allowed: it must be a whole number from 1 to 1000.",
    parameter: "limit",
    allowed: "a whole number from 1 to 1000",
    suggestion: "/v1/markets?status=active"
  },
  bad_cursor: {
    detail: "The cursor was not made for this list with these filters.",
    suggestion: "/v1/markets?status=active"
  },
  time_in_future: { detail: "2027-01-01T00:00:00.000000Z has not come yet.", suggestion: book },
  unknown_market: {
    detail: "No market KXBTC15M-26NOV211415-16 was ever seen.",
    suggestion: "/v1/markets?event_ticker=KXBTC15M-26NOV211415"
  },
  unknown_event: {
    detail: "No event KXBTC15M-26NOV211416 was ever seen.",
    suggestion: "/v1/events?series_ticker=KXBTC15M"
  },
  unknown_series: { detail: "No series KXBTC16M was ever seen.", suggestion: "/v1/series" },
  not_known_yet: {
    detail: "The market KXBTC15M-26NOV211415-15 was seen first at 2026-11-21T13:59:31.402118Z.",
    known_since: "2026-11-21T13:59:31.402118Z",
    suggestion: "/v1/markets/KXBTC15M-26NOV211415-15?as_of=2026-11-21T13:59:31.402118Z"
  },
  market_not_recorded: {
    detail: "Nothing of KXBTC15M-26NOV211500-00 was recorded: it opens at 2026-11-21T14:45:00Z.",
    suggestion: "/v1/markets/KXBTC15M-26NOV211500-00"
  },
  before_first_record: {
    detail: "The first record of KXBTC15M-26NOV211415-15 is of 2026-11-21T14:00:00.412087Z.",
    first_record: "2026-11-21T14:00:00.412087Z",
    suggestion: `${book}?at=2026-11-21T14:00:00.412087Z`
  },
  key_required: { detail: "This call needs a key.", suggestion: "/v1/pricing" },
  key_invalid: { detail: "The key kb_live_7Yq0hT3kPa_... was revoked at 2026-11-21T14:00:00.000000Z." },
  key_in_query: { detail: "There is a key in the URL. Send it as a header, and replace it." },
  scope_missing: { detail: "The key kb_live_7Yq0hT3kPa_... was made for `stream`.", scope: "read" },
  credits_exhausted: {
    detail: "The call costs up to 4 credits, and 3 are left. Ask for less, or see /v1/pricing for more.",
    credits_needed: 4,
    credits_remaining: 3,
    suggestion: "/v1/pricing"
  },
  cap_reached: { detail: "The call costs up to 4 credits, more than the cap of the month leaves.", credits_needed: 4 },
  max_credits_exceeded: {
    detail: "The call costs up to 4 credits; `max_credits` allows 1.",
    credits_needed: 4,
    suggestion: "/v1/markets/KXBTC15M-26NOV211415-15/deltas?limit=1000&max_credits=4"
  },
  rate_limited: { detail: "There is more in 2 seconds.", retry_after_seconds: 2 },
  too_many_connections: { detail: "The account has 5 open streams, as many as it may.", connections_max: 5 },
  unknown_key: { detail: "The account has no key 7Yq0hT3kPa.", suggestion: "/v1/keys" },
  too_many_keys: { detail: "100 keys of this account work, as many as can. Revoke one first." },
  already_subscribed: { detail: "The account pays as it goes since 2026-11-03T08:00:00.000000Z." },
  invoice_unpaid: {
    detail: "The invoice KB-0007 over 12.3400 dollars is not paid.",
    invoice_url: "https://invoice.stripe.com/i/acct_.../live_..."
  },
  billed_by_contract: { detail: "The account is of the tier enterprise." },
  no_customer: { detail: "The account has never bought anything." },
  billing_off: { detail: "This server takes no payments." },
  payments_away: { detail: "The payment service cannot be reached; try again in 5 seconds." },
  webhook_refused: { detail: "Timestamp outside the tolerance zone" },
  sign_in_required: { detail: "Members are changed by people who are signed in, not with a key." },
  no_account: { detail: "ada@example.com is of no account yet: open one with POST /v1/accounts." },
  role_missing: { detail: "ada@example.com is `member` of this account; this is for `owner`.", roles: ["owner"] },
  sign_in_away: { detail: "Who is signed in cannot be verified now; try again in 5 seconds." },
  unknown_member: { detail: "The account has no member of this id.", suggestion: "/v1/members" },
  last_owner: { detail: "ada@example.com is the only owner. Make somebody else one first." },
  unknown_invitation: { detail: "There is no such invitation for ada@example.com." },
  too_many_invitations: { detail: "50 invitations are open, as many as can be. Withdraw one first." },
  closing_unconfirmed: { detail: "`name` is not the name of this account: nothing was done." },
  closing_refused: { detail: "The subscription could not be cancelled; try again in 5 seconds." },
  not_sealed: {
    detail: "Nothing of this is sealed: hours are, some minutes after their end.",
    suggestion: "/v1/datasets"
  },
  unknown_download: { detail: "There is no download of this id any more." },
  unknown_object: { detail: "There is no such object any more." },
  signature_refused: { detail: "The URL has expired; ask for a new one." },
  range_not_satisfiable: { detail: "The object has 18231 bytes." },
  download_too_large: { detail: "It would be made of 900000000 rows; a download is made of at most 500000000." },
  not_acceptable: {
    detail: "`application/xml` is no form of this list: it must be `json`, `ndjson`, `csv`, `parquet` or `arrow`.",
    allowed: "`json`, `ndjson`, `csv`, `parquet` or `arrow`"
  },
  idempotency_key_reused: { detail: "The Idempotency-Key `2026-11-21-btc` belongs to another request." },
  idempotency_in_progress: { detail: "The request with this Idempotency-Key is still being answered." },
  storage_away: { detail: "Sealed files cannot be reached. Recording goes on; try again in 5 seconds." },
  unknown_route: { detail: "There is nothing at /v1/orderbook.", suggestion: "/" },
  method_not_allowed: { detail: "/v1/markets has GET, HEAD and OPTIONS, not POST." },
  url_too_long: { detail: "Path and query have 9120 characters; the server reads 8192." },
  unsupported_media_type: { detail: "The body was sent as `text/plain`; it must be `application/json`." },
  malformed_request: { detail: "The server reads 32768 bytes of headers." },
  upgrade_required: { detail: "`/v1/stream` is a websocket: connect with a websocket client." },
  overloaded: { detail: "The server is answering as many requests as it can." },
  timed_out: { detail: "There was no answer within 20 seconds." },
  database_away: { detail: "The database cannot be reached. Recording goes on; try again in 5 seconds." },
  cold_store_away: { detail: "The store of sealed hours cannot be reached; try again in 5 seconds." },
  cold_data_damaged: {
    detail: "A sealed object that this answer needs is missing. It is logged under the request_id.",
    object: "v1/records/date=2026-11-21/hour=14/part-0001-8f1c0a7be2d94c35.parquet"
  },
  internal: { detail: "A fault of ours. It is logged under the request_id." }
}

/** A problem of the code, as it is written. */
export const problemExample = (code: ProblemCode): Readonly<Record<string, unknown>> => ({
  ...declaration(code),
  code,
  request_id: answer.request_id,
  docs: docsOf(code),
  ...problemFacts[code]
})
