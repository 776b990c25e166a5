/** Answers about downloads. */
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import { hoursTouched } from "@kalshibook/core/contract/CoverageAnswer"
import * as DownloadAnswer from "@kalshibook/core/contract/DownloadAnswer"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { downloadDaysMax, downloadTickersMax } from "@kalshibook/core/contract/Limits"
import { creditsOfRows } from "@kalshibook/core/contract/Pricing"
import { MaxCreditsExceeded } from "@kalshibook/core/contract/ProblemsOfAccess"
import { UnknownDownload } from "@kalshibook/core/contract/ProblemsOfFiles"
import { BadParameter } from "@kalshibook/core/contract/ProblemsOfQuestions"
import { hourMicros, isoFromMicros } from "@kalshibook/core/Units"
import { type DownloadRequest, isEngineFormat } from "@kalshibook/store/downloads/DownloadRequest"
import { type Download, Downloads } from "@kalshibook/store/downloads/Downloads"
import { IdempotencyKeys } from "@kalshibook/store/downloads/IdempotencyKeys"
import { MarketCatalog, type MarketFilter } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { keptMicrosOf } from "./CallerTerms.ts"
import * as DownloadFailures from "./DownloadFailures.ts"
import * as Failures from "./Failures.ts"
import * as Idempotency from "./Idempotency.ts"
import { answered, RequestMeta } from "./RequestMeta.ts"

type Body = typeof DownloadAnswer.DownloadBody.Type

const dayMicros = 24 * hourMicros

const refused = Effect.fnUntraced(function* (parameter: string, allowed: string, detail: string) {
  const { requestId } = yield* RequestMeta
  return yield* new BadParameter({ parameter, allowed, detail, request_id: requestId })
})

/** The hours that are asked for. */
const hoursOf = Effect.fnUntraced(function* ({ dates, from, to }: Body) {
  if (dates !== undefined) {
    if (from !== undefined || to !== undefined) {
      return yield* refused("dates", "absent with `from` and `to`", "Give either `dates` or `from` and `to`.")
    }
    const sorted = [...new Set(dates)].sort((one, other) => one - other)
    const [first = 0] = sorted
    if (sorted.some((date, index) => date !== first + index * dayMicros)) {
      return yield* refused("dates", "days that follow each other", "Between the days of `dates` one is missing.")
    }
    return { fromMicros: first, toMicros: first + sorted.length * dayMicros }
  }
  if (from === undefined || to === undefined) {
    return yield* refused("dates", "a list of days", "`dates`, or both `from` and `to`, say which time is wanted.")
  }
  if (from >= to) return yield* refused("to", "a time after `from`", "`to` does not lie after `from`.")
  if (to - from > downloadDaysMax * dayMicros) {
    return yield* refused("to", `at most ${downloadDaysMax} days after \`from\``, "That is too long for one download.")
  }
  return hoursTouched(from, to)
})

export const DownloadsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "downloads",
  Effect.fn(function* (handlers) {
    const downloads = yield* Downloads
    const once = Idempotency.make(yield* IdempotencyKeys)
    const catalog = yield* MarketCatalog

    /** Tickers of all markets that a filter means. */
    const marketsOf = Effect.fnUntraced(function* (filter: MarketFilter) {
      const found = yield* catalog.markets(filter, { entriesMax: downloadTickersMax + 1 })
      return found.map(({ ticker }) => ticker)
    })

    /** The markets of a body; `undefined` for all. */
    const tickersOf = Effect.fnUntraced(function* ({ events = [], series = [], tickers = [] }: Body) {
      if (events.length + series.length + tickers.length === 0) return undefined
      const found = new Set<string>()
      for (let from = 0; from < tickers.length; from += 1_000) {
        const some = tickers.slice(from, from + 1_000)
        const known = new Set(yield* marketsOf({ tickers: some }))
        const unknown = some.find((ticker) => !known.has(ticker))
        if (unknown !== undefined) return yield* Failures.unknownMarket(catalog, unknown)
        for (const ticker of some) found.add(ticker)
      }
      for (const eventTicker of events) {
        if (Option.isNone(yield* catalog.event(eventTicker))) return yield* Failures.unknownEvent(catalog, eventTicker)
        for (const ticker of yield* marketsOf({ eventTicker })) found.add(ticker)
      }
      for (const seriesTicker of series) {
        if (Option.isNone(yield* catalog.series(seriesTicker))) {
          return yield* Failures.unknownSeries(catalog, seriesTicker)
        }
        for (const ticker of yield* marketsOf({ seriesTicker })) found.add(ticker)
      }
      if (found.size > downloadTickersMax) {
        const allowed = `filters that mean at most ${downloadTickersMax} markets`
        return yield* refused("series", allowed, "These are too many markets; without a filter all of them are meant.")
      }
      return [...found]
    })

    const requestOf = Effect.fnUntraced(function* (body: Body) {
      const format = body.format ?? "parquet"
      const kinds: ReadonlyArray<SegmentKind> = body.kinds ?? ["records", "trades"]
      if (isEngineFormat(format) && kinds.some((kind) => kind !== "records" && kind !== "trades")) {
        return yield* refused("kinds", "`records` and `trades`", `\`${format}\` has books and trades alone.`)
      }
      const hours = yield* hoursOf(body)
      const request: DownloadRequest = { format, kinds, ...hours, tickers: yield* tickersOf(body) }
      return request
    })

    /** `untilMicros`: how long the account may look at it, where that is known. */
    const view = Effect.fnUntraced(function* (download: Download, untilMicros = Number.POSITIVE_INFINITY) {
      const parts = yield* downloads.sign(download.parts)
      return {
        id: download.id,
        state: download.state,
        reason: download.reason,
        ...questionView(download.request),
        quote: null,
        progress: { days: download.daysTotal, days_done: download.daysDone },
        parts: parts.map((part) => ({
          url: part.url,
          expires_at: isoFromMicros(part.tsUrlExpiresMicros),
          file_name: part.file_name,
          kind: part.kind,
          market_ticker: part.market_ticker,
          rows: part.rows,
          bytes: part.bytes,
          sha256: part.sha256,
          from: isoFromMicros(part.from_micros),
          to: isoFromMicros(part.to_micros)
        })),
        kept_until: isoFromMicros(Math.min(download.tsExpiresMicros, untilMicros))
      }
    })

    const quoted = Effect.fnUntraced(function* (request: DownloadRequest) {
      const { meter } = (yield* RequestMeta).notes
      const { bytes, files, isExact, rows } = yield* downloads.quote(request)
      return {
        id: null,
        state: "quoted" as const,
        reason: null,
        ...questionView(request),
        quote: {
          files,
          rows,
          bytes,
          credits: meter === undefined ? 0 : creditsOfRows(meter.price, rows),
          is_exact: isExact
        },
        progress: null,
        parts: [],
        kept_until: null
      }
    })

    /** Pays for a download, or refuses it; the same one is paid once. */
    const pay = Effect.fnUntraced(function* (request: DownloadRequest, maxCredits: number | undefined) {
      const { notes, requestId } = yield* RequestMeta
      if (notes.meter === undefined) return Option.none()
      const { payments, price } = notes.meter
      const { id, rows } = yield* downloads.quote(request)
      const credits = creditsOfRows(price, rows)
      if (maxCredits !== undefined && credits > maxCredits && Option.isNone(yield* payments.paidUntil(id))) {
        const detail = `The download costs ${credits} credits; \`max_credits\` allows ${maxCredits}.`
        return yield* new MaxCreditsExceeded({ detail, credits_needed: credits, request_id: requestId })
      }
      yield* payments.payOnce(id, rows)
      return yield* payments.paidUntil(id)
    })

    /** How long what this account asks for is kept; `undefined` for as long as anything. */
    const keptMicros = Effect.map(RequestMeta, ({ notes }) => {
      const caller = notes.meter?.caller
      return caller === undefined ? undefined : keptMicrosOf(caller.tier)
    })

    /** The id names the question, which anybody can ask: only who has asked it is told, for as long as his tier keeps it. */
    const refuseOthers = Effect.fnUntraced(function* (id: string) {
      const { notes, requestId } = yield* RequestMeta
      if (notes.meter === undefined) return undefined
      const until = yield* notes.meter.payments.paidUntil(id)
      if (Option.isSome(until)) return until.value
      return yield* new UnknownDownload({ detail: `There is no download ${id} any more.`, request_id: requestId })
    })

    /** A download of before, and until when the account has it. */
    const again = Effect.fnUntraced(function* (id: string) {
      const until = Option.fromUndefinedOr(yield* refuseOthers(id))
      return { download: yield* downloads.get(id), until }
    })

    return handlers.handleAll({
      create: ({ headers, payload }) =>
        Effect.gen(function* () {
          if (payload.dry_run === true) return yield* quoted(yield* requestOf(payload))
          const made = Effect.gen(function* () {
            const request = yield* requestOf(payload)
            const until = yield* pay(request, payload.max_credits)
            return { download: yield* downloads.create(request, yield* keptMicros), until }
          })
          const key = headers["idempotency-key"]
          const { download, until } = yield* key === undefined
            ? made
            : once(key, payload, made, (one) => one.download.id, again)
          return yield* view(download, Option.getOrUndefined(until))
        }).pipe(
          answered(DownloadAnswer.Download),
          Effect.catchTag("HotTierError", Failures.storeFailed),
          Effect.catchTag("CreditsEnded", Failures.creditsEnded),
          Effect.catchTag("DownloadError", DownloadFailures.questionFailed)
        ),
      get: ({ params: { id } }) =>
        refuseOthers(id).pipe(
          Effect.flatMap((until) => Effect.flatMap(downloads.get(id), (download) => view(download, until))),
          answered(DownloadAnswer.Download),
          Effect.catchTag("HotTierError", Failures.storeFailed),
          Effect.catchTag("DownloadError", DownloadFailures.lookUpFailed)
        )
    })
  })
)

const questionView = ({ format, fromMicros, kinds, tickers, toMicros }: DownloadRequest) => ({
  format,
  kinds,
  from: isoFromMicros(fromMicros),
  to: isoFromMicros(toMicros),
  markets: tickers?.length ?? null
})
