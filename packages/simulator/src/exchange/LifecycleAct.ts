/** What may happen to a market, or its event, besides opening, pausing and closing: rarely by itself, or on command. */
import * as Exchange from "./Exchange.ts"
import type { Lifecycle } from "./Lifecycle.ts"
import type { MarketStatus, SimEvent, SimMarket, Strike } from "./MarketModel.ts"
import * as Notices from "./Notices.ts"
import * as Outcome from "./Outcome.ts"
import * as PriceStructure from "./PriceStructure.ts"
import * as Quoting from "./Quoting.ts"

/**
 * - `refine_grid`: moves to a finer price grid; resting orders stay
 * - `change_metadata`: other words for yes, and another strike
 * - `change_fees`: the event's fees are overridden, or the override is cleared
 * - `block_trade`: a large trade past the book
 * - `determine`, `settle`: the event's result is known, is paid, sooner than planned
 * - `dispute`, `amend`: of a determined market
 */
export const lifecycleActs = [
  "refine_grid",
  "change_metadata",
  "change_fees",
  "block_trade",
  "determine",
  "dispute",
  "amend",
  "settle"
] as const
export type LifecycleAct = (typeof lifecycleActs)[number]

const unfinished = ["initialized", "active", "inactive", "closed"] as const

const statuses: Readonly<Record<LifecycleAct, ReadonlyArray<MarketStatus>>> = {
  refine_grid: unfinished,
  change_metadata: unfinished,
  change_fees: unfinished,
  block_trade: ["active"],
  determine: ["closed"],
  dispute: ["determined"],
  amend: ["disputed"],
  settle: ["determined", "amended"]
}

/** The states of a market in which it can happen. */
export const statusesFor = (act: LifecycleAct): ReadonlyArray<MarketStatus> => statuses[act]

export const perform = (life: Lifecycle, market: SimMarket, act: LifecycleAct): void => {
  const { exchange } = life
  switch (act) {
    case "refine_grid":
      refineGrid(exchange, market)
      break
    case "change_metadata":
      changeMetadata(exchange, market)
      break
    case "change_fees":
      changeFees(exchange, market.event)
      break
    case "block_trade":
      Quoting.blockTrade(exchange, market)
      break
    case "determine":
      Outcome.determine(life, market.event)
      break
    case "dispute":
      Outcome.dispute(life, market)
      break
    case "amend":
      Outcome.amend(life, market)
      break
    case "settle":
      Outcome.settle(life, market.event)
  }
}

/** Nothing happens to a market that is not on the grid of cents. */
const refineGrid = (exchange: Exchange.Exchange, market: SimMarket): void => {
  if (market.structure.label !== "linear_cent") return
  market.structure = PriceStructure.of("deci_cent")
  market.tsUpdatedMicros = Exchange.clockMicros(exchange)
  Notices.gridUpdated(exchange, market)
}

const revision = / \(rev\. (\d+)\)$/

const changeMetadata = (exchange: Exchange.Exchange, market: SimMarket): void => {
  const revised = Number(revision.exec(market.yesSubTitle)?.[1] ?? 0) + 1
  market.yesSubTitle = `${market.yesSubTitle.replace(revision, "")} (rev. ${revised})`
  market.strike = moved(market.strike)
  market.tsUpdatedMicros = Exchange.clockMicros(exchange)
  Notices.metadataUpdated(exchange, market)
}

/** The strike, a little higher; words stay. */
const moved = (strike: Strike): Strike => {
  const up = (value: number): number => Math.round(value * 100 + 1) / 100
  switch (strike._tag) {
    case "greater":
      return { ...strike, floor: up(strike.floor) }
    case "less":
      return { ...strike, cap: up(strike.cap) }
    case "between":
      return { ...strike, cap: up(strike.cap) }
    case "custom":
      return strike
  }
}

const changeFees = (exchange: Exchange.Exchange, event: SimEvent): void => {
  event.feeOverride = event.feeOverride === undefined ? { type: "flat", multiplier: 0.5 } : undefined
  event.tsUpdatedMicros = Exchange.clockMicros(exchange)
  Notices.feesUpdated(exchange, event)
}
