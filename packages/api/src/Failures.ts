/**
 * Failures of the store and of a question, as the problems that callers get.
 */
import {
  CapReached,
  CreditsExhausted,
  RateLimited,
  TooManyConnections
} from "@kalshibook/core/contract/ProblemsOfAccess"
import {
  BadCursor,
  BadParameter,
  BeforeFirstRecord,
  MarketNotRecorded,
  NotAcceptable,
  NotKnownYet,
  TimeInFuture,
  UnknownEvent,
  UnknownMarket,
  UnknownSeries
} from "@kalshibook/core/contract/ProblemsOfQuestions"
import { ColdDataDamaged, ColdStoreAway, DatabaseAway, Internal } from "@kalshibook/core/contract/ProblemsOfServer"
import { hourMicros, isoFromMicros } from "@kalshibook/core/Units"
import type { ColdDataProblem, ColdTierAway } from "@kalshibook/store/cold/ColdDataProblem"
import type * as History from "@kalshibook/store/History"
import type { HotTierError } from "@kalshibook/store/HotTier"
import type { Admission } from "@kalshibook/store/Ledger"
import type { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"
import { retryAfterSeconds } from "./ApiLimits.ts"
import type { TooManyConnections as ConnectionsFull } from "./OpenConnections.ts"
import { RequestMeta } from "./RequestMeta.ts"
import type { CreditsEnded } from "./RowPayments.ts"
import type { StreamUnpaid } from "./StreamMeter.ts"
import { withoutParameters, withParameter, withTicker } from "./Suggestions.ts"

type Catalog = MarketCatalog["Service"]

/** The database is away when the same call may succeed later; anything else that it says is a fault of ours. */
export const storeFailed = Effect.fnUntraced(function* (error: HotTierError) {
  const { requestId, url } = yield* RequestMeta
  const log = error.isRetryable ? Effect.logWarning : Effect.logError
  yield* log(`the store failed at ${error.operation}: ${String(error.reason.reason.cause)}`).pipe(
    Effect.annotateLogs({ requestId, url })
  )
  if (error.isRetryable) {
    const detail = `The database cannot be reached. Recording goes on; try again in ${retryAfterSeconds} seconds.`
    return yield* new DatabaseAway({ detail, request_id: requestId })
  }
  const detail = "A fault of ours. It is logged under the request_id."
  return yield* new Internal({ detail, request_id: requestId })
})

/** What the ledger says of a call, where there are not enough credits for it. */
export const refuseUnpaid = Effect.fnUntraced(function* (
  { creditsLeft, verdict }: Pick<Admission, "creditsLeft" | "verdict">,
  credits: number
) {
  const { requestId } = yield* RequestMeta
  const facts = { credits_needed: credits, request_id: requestId, suggestion: "/v1/pricing" }
  if (verdict === "exhausted") {
    const left = creditsLeft ?? 0
    const detail = `The call costs up to ${credits} credits, and ${left} are left. Ask for less, wait for the next month, or see /v1/pricing for more.`
    return yield* new CreditsExhausted({ ...facts, detail, credits_remaining: left })
  }
  if (verdict === "capped" || verdict === "key_capped") {
    const whose = verdict === "capped" ? "the account" : "the key"
    const detail = `The call costs up to ${credits} credits, more than the monthly cap of ${whose} leaves. Raise the cap, or wait for the next month.`
    return yield* new CapReached({ ...facts, detail })
  }
})

/** More than the limit allows, for so long. */
export const tooFast = Effect.fnUntraced(function* (waitMicros: number, why = "") {
  const { notes, requestId } = yield* RequestMeta
  const seconds = Math.max(1, Math.ceil(waitMicros / 1_000_000))
  notes.headers["retry-after"] = String(seconds)
  return yield* new RateLimited({
    detail: why === "" ? `There is more in ${seconds} seconds.` : why,
    retry_after_seconds: seconds,
    request_id: requestId
  })
})

/** As many streams are open as may be. */
export const tooManyConnections = Effect.fnUntraced(function* ({ max, whose }: ConnectionsFull) {
  const { requestId } = yield* RequestMeta
  const detail = `The ${whose === "account" ? "account" : "key"} has ${max} open streams, as many as it may. Close one of them first.`
  return yield* new TooManyConnections({ detail, connections_max: max, request_id: requestId })
})

/** Nothing can be held for even the first records of a stream. */
export const streamUnpaid = Effect.fnUntraced(function* ({ creditsLeft, verdict, waitMicros }: StreamUnpaid) {
  yield* refuseUnpaid({ creditsLeft, verdict }, 1)
  return yield* tooFast(waitMicros)
})

/** Not enough credits for what the call turned out to cost. */
export const creditsEnded = Effect.fnUntraced(function* (error: CreditsEnded) {
  const { requestId } = yield* RequestMeta
  yield* refuseUnpaid(error, error.creditsNeeded)
  return yield* new Internal({ detail: "A fault of ours: it could not be paid for.", request_id: requestId })
})

/** The store of sealed hours is away for now. */
const coldStoreAway = Effect.fnUntraced(function* (error: ColdTierAway) {
  const { requestId, url } = yield* RequestMeta
  yield* Effect.logWarning(`sealed history cannot be read: ${error.message}`).pipe(
    Effect.annotateLogs({ requestId, url })
  )
  const detail = `The store of sealed hours cannot be reached; try again in ${retryAfterSeconds} seconds.`
  return yield* new ColdStoreAway({ detail, request_id: requestId })
})

const sayings: Readonly<Record<ColdDataProblem["problem"], string>> = {
  missing: "is missing",
  differs: "is not what it was when it was proved",
  unreadable: "cannot be read",
  incomplete: "lacks rows",
  not_sealed: "is not there"
}

/** Sealed data is damaged: somebody has to be called. */
const coldDataDamaged = Effect.fnUntraced(function* (error: ColdDataProblem) {
  const { requestId, url } = yield* RequestMeta
  yield* Effect.logError(`sealed history is damaged: ${error.message}`).pipe(Effect.annotateLogs({ requestId, url }))
  const detail = `A sealed object that this answer needs ${sayings[error.problem]}. It is logged under the request_id.`
  return yield* new ColdDataDamaged({ detail, object: error.key, request_id: requestId })
})

/** What reading the logs of both tiers may fail with, by tag. */
export const logFailures = {
  HotTierError: storeFailed,
  ColdTierAway: coldStoreAway,
  ColdDataProblem: coldDataDamaged
}

/** A depth that samples do not have. */
export const sampleDepth = Effect.fnUntraced(function* (depthMax: number) {
  const { requestId, url } = yield* RequestMeta
  const allowed = `a whole number from 1 to ${depthMax}`
  return yield* new BadParameter({
    parameter: "depth",
    allowed,
    detail: `\`depth\` of samples must be ${allowed}.`,
    request_id: requestId,
    suggestion: withoutParameters(url, ["depth"])
  })
})

/** Measures of records cost a fold from the beginning of the range, so pages of JSON do not have them. */
export const deriveOfPage = Effect.fnUntraced(function* () {
  const { requestId, url } = yield* RequestMeta
  return yield* new NotAcceptable({
    detail: "`derive` of deltas is for streams.",
    allowed: "`ndjson`, `csv`, `parquet` or `arrow`",
    request_id: requestId,
    suggestion: withParameter(withoutParameters(url, ["limit", "cursor"]), "format", "ndjson")
  })
})

/** A table has the columns that its `depth` says. */
export const viewOfTable = Effect.fnUntraced(function* () {
  const { requestId, url } = yield* RequestMeta
  return yield* new NotAcceptable({
    detail: "`view=summary` is for `json` and `ndjson`: a table has the columns of its `depth`.",
    allowed: "`json` or `ndjson`",
    request_id: requestId,
    suggestion: withoutParameters(url, ["view"])
  })
})

export const badCursor = Effect.fnUntraced(function* () {
  const { requestId, url } = yield* RequestMeta
  const detail = "The cursor was not made for this list with these filters."
  return yield* new BadCursor({ detail, request_id: requestId, suggestion: withoutParameters(url, ["cursor"]) })
})

/** `from` lies after `to`: the other way round it would be a range. */
export const rangeReversed = Effect.fnUntraced(function* (fromMicros: number, toMicros: number) {
  const { requestId, url } = yield* RequestMeta
  const [from, to] = [isoFromMicros(fromMicros), isoFromMicros(toMicros)]
  return yield* new BadParameter({
    parameter: "to",
    allowed: "a time not before `from`",
    detail: `\`to\` (${to}) lies before \`from\` (${from}).`,
    request_id: requestId,
    suggestion: withParameter(withParameter(url, "from", to), "to", from)
  })
})

/** More days than one answer has. */
export const rangeTooLong = Effect.fnUntraced(function* (fromMicros: number, daysMax: number) {
  const { requestId, url } = yield* RequestMeta
  const allowed = `at most ${daysMax} days after \`from\``
  const lastMicros = fromMicros + daysMax * 24 * hourMicros
  return yield* new BadParameter({
    parameter: "to",
    allowed,
    detail: `An answer covers ${daysMax} days at most: \`to\` (without it: now) must be ${allowed}.`,
    request_id: requestId,
    suggestion: withParameter(url, "to", isoFromMicros(lastMicros))
  })
})

/** The knowledge of a moment is asked for that has not come yet. */
export const asOfInFuture = Effect.fnUntraced(function* (asOfMicros: number) {
  const { requestId, url } = yield* RequestMeta
  const detail = `${isoFromMicros(asOfMicros)} has not come yet.`
  return yield* new TimeInFuture({ detail, request_id: requestId, suggestion: withoutParameters(url, ["as_of"]) })
})

/** The object was first seen after the moment of `as_of`. */
export const notKnownYet = Effect.fnUntraced(function* (what: string, ticker: string, sinceMicros: number) {
  const { requestId, url } = yield* RequestMeta
  const since = isoFromMicros(sinceMicros)
  return yield* new NotKnownYet({
    detail: `The ${what} ${ticker} was seen first at ${since}.`,
    known_since: since,
    request_id: requestId,
    suggestion: withParameter(url, "as_of", since)
  })
})

export const timeInFuture = Effect.fnUntraced(function* (error: History.InTheFuture) {
  const { requestId, url } = yield* RequestMeta
  const detail = `${isoFromMicros(error.atMicros)} has not come yet.`
  return yield* new TimeInFuture({ detail, request_id: requestId, suggestion: withoutParameters(url, ["at"]) })
})

export const beforeFirstRecord = Effect.fnUntraced(function* (error: History.BeforeFirstRecord) {
  const { requestId, url } = yield* RequestMeta
  const first = isoFromMicros(error.firstRecordMicros)
  return yield* new BeforeFirstRecord({
    detail: `The first record of ${error.marketTicker} is of ${first}.`,
    first_record: first,
    request_id: requestId,
    suggestion: withParameter(url, "at", first)
  })
})

/** Nothing was recorded: because the market is not known at all, or in spite of that. */
export const nothingRecorded = Effect.fnUntraced(function* (catalog: Catalog, ticker: string) {
  const known = yield* catalog.market(ticker)
  if (Option.isNone(known)) return yield* unknownMarket(catalog, ticker)
  const { requestId } = yield* RequestMeta
  return yield* new MarketNotRecorded({
    detail: `Nothing of ${ticker} was recorded${whyNot(known.value.body)}.`,
    request_id: requestId,
    suggestion: `/v1/markets/${encodeURIComponent(ticker)}`
  })
})

const whyNot = (body: Readonly<Record<string, unknown>>): string => {
  const { open_time, status } = body
  if (status === "initialized" && typeof open_time === "string") return `: it opens at ${open_time}`
  return typeof status === "string" ? `; its status is \`${status}\`` : ""
}

/** Suggests the same call with the ticker in capitals, or the markets of its event or series, where those exist. */
export const unknownMarket = Effect.fnUntraced(function* (catalog: Catalog, ticker: string) {
  const { requestId, url } = yield* RequestMeta
  const capitals = ticker.toUpperCase()
  const suggestion = Option.isSome(yield* catalog.market(capitals))
    ? withTicker(url, ticker, capitals)
    : yield* marketsNear(catalog, capitals)
  return yield* new UnknownMarket({ detail: `No market ${ticker} was ever seen.`, request_id: requestId, suggestion })
})

/** A market is named after its event, and an event after its series: `SERIES-EVENT-MARKET`. */
const marketsNear = Effect.fnUntraced(function* (catalog: Catalog, ticker: string) {
  const event = ticker.slice(0, Math.max(0, ticker.lastIndexOf("-")))
  if (event !== "" && Option.isSome(yield* catalog.event(event))) {
    return `/v1/markets?event_ticker=${encodeURIComponent(event)}`
  }
  const [series = ""] = ticker.split("-", 1)
  if (Option.isSome(yield* catalog.series(series))) return `/v1/markets?series_ticker=${encodeURIComponent(series)}`
  return "/v1/markets"
})

export const unknownEvent = Effect.fnUntraced(function* (catalog: Catalog, ticker: string) {
  const { requestId, url } = yield* RequestMeta
  const capitals = ticker.toUpperCase()
  const [series = ""] = capitals.split("-", 1)
  const suggestion = Option.isSome(yield* catalog.event(capitals))
    ? withTicker(url, ticker, capitals)
    : Option.isSome(yield* catalog.series(series))
      ? `/v1/events?series_ticker=${encodeURIComponent(series)}`
      : "/v1/events"
  return yield* new UnknownEvent({ detail: `No event ${ticker} was ever seen.`, request_id: requestId, suggestion })
})

export const unknownSeries = Effect.fnUntraced(function* (catalog: Catalog, ticker: string) {
  const { requestId, url } = yield* RequestMeta
  const capitals = ticker.toUpperCase()
  const suggestion = Option.isSome(yield* catalog.series(capitals)) ? withTicker(url, ticker, capitals) : "/v1/series"
  return yield* new UnknownSeries({ detail: `No series ${ticker} was ever seen.`, request_id: requestId, suggestion })
})
