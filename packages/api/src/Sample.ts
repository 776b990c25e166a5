/**
 * What anybody may see without a key: the first day (UTC) of each month, and the markets of some series that a demonstration is made of.
 */
import { monthOf } from "@kalshibook/core/CreditBalance"
import * as TimeParameter from "@kalshibook/core/contract/TimeParameter"
import { hourMicros } from "@kalshibook/core/Units"
import { Context, Option } from "effect"

/** Series whose markets are for everybody. None, unless somebody says otherwise. */
export const DemoSeries = Context.Reference<ReadonlySet<string>>("@kalshibook/api/Sample/DemoSeries", {
  defaultValue: () => new Set()
})

/** A call as it was asked. */
export interface Asked {
  readonly operation: string
  readonly ticker: string | undefined
  readonly query: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
}

const ofMarket = new Set([
  "getMarket",
  "getOrderbook",
  "listOrderbookSamples",
  "listDeltas",
  "listTrades",
  "listCandles",
  "listMarketLifecycle"
])
const ofRange = new Set(["listOrderbookSamples", "listDeltas", "listTrades", "listCandles", "listMarketLifecycle"])

/** Whether it needs no key. */
export const isOpen = ({ operation, query, ticker }: Asked, demoSeries: ReadonlySet<string>): boolean => {
  if (ofMarket.has(operation) && demoSeries.has(ticker?.split("-", 1)[0] ?? "")) return true
  if (operation === "getEvent" && demoSeries.has(ticker?.split("-", 1)[0] ?? "")) return true
  if (operation === "getSeries" && demoSeries.has(ticker ?? "")) return true
  if (
    (operation === "listMarkets" || operation === "listEvents") &&
    demoSeries.has(textOf(query["series_ticker"]) ?? "")
  )
    return true
  if (operation === "getOrderbook") return isFirstDay(momentOf(query["at"]), momentOf(query["at"]))
  if (!ofRange.has(operation)) return false
  const to = momentOf(query["to"])
  return isFirstDay(momentOf(query["from"]), to === undefined ? undefined : to - 1)
}

const textOf = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  typeof value === "string" ? value : undefined

const momentOf = (value: string | ReadonlyArray<string> | undefined): number | undefined =>
  Option.getOrUndefined(Option.flatMap(Option.fromUndefinedOr(textOf(value)), TimeParameter.parse))

const dayMicros = 24 * hourMicros

/** Whether both lie in the first day of the same month. */
const isFirstDay = (first: number | undefined, last: number | undefined): boolean =>
  first !== undefined &&
  last !== undefined &&
  first <= last &&
  Math.floor(first / dayMicros) === Math.floor(last / dayMicros) &&
  monthOf(first) !== monthOf(first - dayMicros)
