/** The questions that pages ask, each with how long its answer stays good. */
import { queryOptions } from "@tanstack/react-query"
import type * as Answers from "./Answers.ts"
import * as Client from "./Client.ts"

const secondMillis = 1_000
const minuteMillis = 60 * secondMillis

const question = <Answer>(path: string, query: Client.Parameters = {}, staleMillis = minuteMillis) =>
  queryOptions({
    queryKey: [path, query],
    queryFn: ({ signal }) => Client.ask<Answer>({ path, query }, signal),
    staleTime: staleMillis
  })

export const marketPath = (ticker: string, rest = ""): string => `/v1/markets/${encodeURIComponent(ticker)}${rest}`

export const settings = question<Answers.SiteSettings>("/site.json", {}, Number.POSITIVE_INFINITY)
export const pricing = question<Answers.Pricing>("/v1/pricing", {}, Number.POSITIVE_INFINITY)
export const status = question<Answers.Status>("/v1/status", {}, 0)

export const markets = (query: Client.Parameters) => question<Answers.Markets>("/v1/markets", query, 30 * secondMillis)
export const market = (ticker: string) => question<Answers.MarketOne>(marketPath(ticker))
export const events = (query: Client.Parameters) => question<Answers.Events>("/v1/events", query)
export const event = (ticker: string) => question<Answers.EventOne>(`/v1/events/${encodeURIComponent(ticker)}`)
export const seriesList = (query: Client.Parameters) => question<Answers.SeriesPage>("/v1/series", query)
export const series = (ticker: string) => question<Answers.SeriesOne>(`/v1/series/${encodeURIComponent(ticker)}`)

export const marketCoverage = (ticker: string, query: Client.Parameters) =>
  question<Answers.MarketCoverage>(marketPath(ticker, "/coverage"), query)
export const coverage = (query: Client.Parameters) => question<Answers.ExchangeCoverage>("/v1/coverage", query)
export const trades = (ticker: string, query: Client.Parameters) =>
  question<Answers.Trades>(marketPath(ticker, "/trades"), query)
export const lifecycle = (ticker: string) => question<Answers.Lifecycle>(marketPath(ticker, "/lifecycle"))
export const usage = (query: Client.Parameters) => question<Answers.Usage>("/v1/usage", query, 0)
export const keys = question<Answers.KeyList>("/v1/keys", {}, 0)
export const billing = question<Answers.Billing>("/v1/billing", {}, 0)
export const invoices = question<Answers.Invoices>("/v1/billing/invoices", {}, 0)
const inPerson = <Answer>(path: string) =>
  queryOptions({
    queryKey: [path, "in person"],
    queryFn: ({ signal }) => Client.ask<Answer>({ path, inPerson: true }, signal),
    staleTime: 0
  })
export const session = inPerson<Answers.Session>("/v1/session")
export const members = inPerson<Answers.MemberList>("/v1/members")
export const invitations = inPerson<Answers.InvitationList>("/v1/invitations")
export const datasets = question<Answers.Datasets>("/v1/datasets")

/** The book now: never kept. */
export const bookNow = (ticker: string) => question<Answers.Orderbook>(marketPath(ticker, "/orderbook"), {}, 0)
/** The book of the past does not change. */
export const bookAt = (ticker: string, at: string) =>
  question<Answers.Orderbook>(marketPath(ticker, "/orderbook"), { at }, Number.POSITIVE_INFINITY)
