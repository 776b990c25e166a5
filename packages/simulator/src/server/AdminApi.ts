/**
 * What the owner of the simulated exchange may ask and do, which a real exchange does not offer: status, truth, faults, time.
 *
 * - `GET /admin/status`, `GET /admin/connections`
 * - `GET /admin/truth/book?ticker=` and `ts=` (Unix microseconds), `change=`, or `connection=`, `sid=` and `seq=`
 * - `GET /admin/truth/tickers`
 * - `POST /admin/faults` with a `Fault`, `DELETE /admin/faults`
 * - `POST /admin/step?count=` and `POST /admin/advance?millis=` where the exchange is driven by hand
 */
import type { BookLevels, Level } from "@kalshibook/core/BookRecord"
import { badRequest, notFound, ok, type RestAnswer } from "@kalshibook/core/kalshi/RestAnswer"
import { contractsFromSizeE2, dollarsFromPriceE4 } from "@kalshibook/core/Units"
import { Result } from "effect"
import type { Course } from "../Course.ts"
import * as Exchange from "../exchange/Exchange.ts"
import * as Faults from "../fault/Faults.ts"
import { methodNotAllowed } from "../rest/RestAnswer.ts"
import type { TruthMoment, TruthReader } from "../session/TruthReader.ts"
import type { ExchangeServer } from "./ExchangeServer.ts"

export interface AdminParts {
  readonly server: ExchangeServer
  readonly course: Course
  readonly truth: TruthReader
  readonly faults: Faults.Faults
  /** Lets `count` things happen, or time pass; `undefined` when the exchange runs by itself. */
  readonly drive: { readonly step: (count: number) => void; readonly advance: (millis: number) => void } | undefined
}

/** Things that one `step` may do, and time that one `advance` may pass. */
const stepsMax = 10_000_000
const advanceMillisMax = 86_400_000

export const answer = (parts: AdminParts, method: string, url: URL, body: string): RestAnswer => {
  const route = `${method} ${url.pathname}`
  switch (route) {
    case "GET /admin/status":
      return ok(status(parts))
    case "GET /admin/connections":
      return ok({ connections: connections(parts.server) })
    case "GET /admin/truth/tickers":
      return ok({ tickers: parts.truth.marketTickers() })
    case "GET /admin/truth/book":
      return truthBook(parts.truth, url.searchParams)
    case "POST /admin/faults":
      return inflict(parts.faults, body)
    case "DELETE /admin/faults":
      return reported(parts.faults.inflict({ fault: "clear" }))
    case "POST /admin/step":
      return drive(parts, url.searchParams, "count", stepsMax)
    case "POST /admin/advance":
      return drive(parts, url.searchParams, "millis", advanceMillisMax)
    default:
      return url.pathname.startsWith("/admin/") && method !== "GET" ? methodNotAllowed : notFound(url.pathname)
  }
}

const status = ({ course, server, truth }: AdminParts): unknown => {
  const { exchange, feed } = server
  const { changeNumber, tsMicros } = truth.last()
  return {
    change_number: changeNumber,
    ts_micros: tsMicros,
    clock_micros: Exchange.clockMicros(exchange),
    clock_offset_micros: exchange.clockOffsetMicros,
    lag_millis_skipped: Math.round((course.simulation?.skippedMicros ?? 0) / 1000),
    frames_to_play:
      course.playback === undefined ? null : course.playback.recording.frames.length - course.playback.position,
    markets: exchange.markets.size,
    markets_active: [...exchange.markets.values()].filter((market) => market.status === "active").length,
    trades: exchange.tradesCount,
    connections: feed.sessions.size,
    connections_ever: feed.sessionsCount,
    frames_sent: feed.framesSent,
    overflows: feed.overflows,
    truth_changes: exchange.truth.changes,
    truth_changes_forgotten: exchange.truth.changesForgotten
  }
}

const connections = (server: ExchangeServer): ReadonlyArray<unknown> =>
  [...server.connections.values()].map(({ freeze, session }) => ({
    connection: session.connection,
    freeze,
    backlog_bytes: session.outlet.backlogBytes(),
    subscriptions: [...session.subscriptions.values()].map(({ channel, markets, seq, sid }) => ({
      sid,
      channel,
      seq,
      markets: markets?.size ?? null
    }))
  }))

/** A whole number of the query, `undefined` when it is absent or something else. */
const whole = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name)
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : undefined
}

const momentOf = (query: URLSearchParams, truth: TruthReader): TruthMoment | undefined => {
  const [connection, sid, seq] = ["connection", "sid", "seq"].map((name) => whole(query, name))
  if (connection !== undefined && sid !== undefined && seq !== undefined) return { connection, sid, seq }
  const changeNumber = whole(query, "change")
  if (changeNumber !== undefined) return { changeNumber }
  const tsMicros = whole(query, "ts")
  if (tsMicros !== undefined) return { tsMicros }
  const named = ["connection", "sid", "seq", "change", "ts"].some((name) => query.has(name))
  return named ? undefined : { changeNumber: truth.last().changeNumber }
}

const levels = (shown: ReadonlyArray<Level>): ReadonlyArray<readonly [string, string]> =>
  shown.map((level) => [dollarsFromPriceE4(level.priceE4), contractsFromSizeE2(level.sizeE2)] as const)

const orderbook = (shown: BookLevels): unknown => ({ yes_dollars: levels(shown.yes), no_dollars: levels(shown.no) })

const truthBook = (truth: TruthReader, query: URLSearchParams): RestAnswer => {
  const ticker = query.get("ticker")
  const moment = momentOf(query, truth)
  if (ticker === null || moment === undefined) {
    return badRequest("ticker, and one of ts (Unix microseconds), change, or connection with sid and seq")
  }
  const book = truth.bookAt(ticker, moment)
  switch (book._tag) {
    case "unknown_market":
      return notFound(`no market ${ticker}`)
    case "unknown_frame":
      return notFound("no such frame, or it is forgotten")
    case "forgotten":
      return {
        status: 410,
        body: { code: "forgotten", known_after_change: book.knownAfterNumber, known_after_ts: book.knownAfterMicros }
      }
    case "book":
      return ok({
        ticker,
        change_number: book.changeNumber,
        ts_micros: book.tsMicros,
        orderbook_fp: orderbook(book.levels)
      })
  }
}

const inflict = (faults: Faults.Faults, body: string): RestAnswer => {
  const json = Result.try((): unknown => JSON.parse(body))
  if (Result.isFailure(json)) return badRequest("the body is not JSON")
  const fault = Faults.decode(json.success)
  return Result.isFailure(fault) ? badRequest(fault.failure) : reported(faults.inflict(fault.success))
}

const reported = (report: ReturnType<Faults.Faults["inflict"]>): RestAnswer =>
  Result.match(report, {
    onFailure: badRequest,
    onSuccess: ({ marketTicker, met }) => ok({ met, market_ticker: marketTicker ?? null })
  })

const drive = (parts: AdminParts, query: URLSearchParams, unit: "count" | "millis", max: number): RestAnswer => {
  const amount = whole(query, unit)
  if (parts.drive === undefined) return badRequest("the exchange runs by itself")
  if (amount === undefined || amount > max) return badRequest(`${unit} must be a whole number up to ${max}`)
  if (unit === "count") parts.drive.step(amount)
  else parts.drive.advance(amount)
  return ok(status(parts))
}
