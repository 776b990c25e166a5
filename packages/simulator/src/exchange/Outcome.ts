/**
 * How a market ends: determined, now and then disputed and amended, settled. Of these the lifecycle channel is told `determined` and
 * `settled` alone.
 */
import * as Agenda from "./Agenda.ts"
import * as Exchange from "./Exchange.ts"
import { lifeMicros } from "./ExchangeSettings.ts"
import type { Lifecycle } from "./Lifecycle.ts"
import type { SimEvent, SimMarket } from "./MarketModel.ts"
import * as Notices from "./Notices.ts"
import * as Prng from "./Prng.ts"

const secondMicros = 1_000_000
/** Share of events whose result is disputed before it is paid. */
const disputedShare = 0.04

/** Whether a market does not trade again by itself. */
export const isOver = ({ status }: SimMarket): boolean =>
  status !== "initialized" && status !== "active" && status !== "inactive"

/** The results of an event that is closed. */
export const determine = (life: Lifecycle, event: SimEvent): void => {
  // It may have opened again, and have closed again since: each close plans its own determination.
  if (event.markets.some((market) => market.status !== "closed")) return
  const winner = Prng.pick(life.prng, event.markets)
  for (const market of event.markets) {
    const isAlone = event.markets.length === 1 || !event.mutuallyExclusive
    market.result = (isAlone ? market.fairE4 > 5_000 : market === winner) ? "yes" : "no"
    Exchange.setStatus(life.exchange, market, "determined")
    Notices.determined(life.exchange, market)
  }
  if (Prng.chance(life.prng, disputedShare)) dispute(life, winner)
  planSettlement(life, event)
}

const planSettlement = (life: Lifecycle, event: SimEvent): void => {
  const timerSeconds = event.markets[0]?.settlementTimerSeconds ?? 0
  Agenda.add(life.agenda, life.exchange.nowMicros + timerSeconds * secondMicros, { _tag: "settle", event })
}

/** Somebody disputes the result of a determined market, which is not paid before it is amended. */
export const dispute = (life: Lifecycle, market: SimMarket): void => {
  Exchange.setStatus(life.exchange, market, "disputed")
  const amendedIn = lifeMicros(life.exchange.settings, Prng.between(life.prng, 60, 600))
  Agenda.add(life.agenda, life.exchange.nowMicros + amendedIn, { _tag: "amend", market })
}

/** The dispute is over: the result of an event's only market is turned round, others are confirmed. */
export const amend = (life: Lifecycle, market: SimMarket): void => {
  if (market.status !== "disputed") return
  if (market.event.markets.length === 1) market.result = market.result === "yes" ? "no" : "yes"
  Exchange.setStatus(life.exchange, market, "amended")
  planSettlement(life, market.event)
}

/** Pays what is determined or amended of an event. The oldest markets beyond the limit are forgotten. */
export const settle = (life: Lifecycle, event: SimEvent): void => {
  const { exchange } = life
  for (const market of event.markets) {
    if (market.status !== "determined" && market.status !== "amended") continue
    market.tsSettledMicros = Exchange.clockMicros(exchange)
    Exchange.setStatus(exchange, market, "finalized")
    Notices.settled(exchange, market)
    life.finalized.push(market)
  }
  const { finalizedMarketsMax } = exchange.settings
  for (const market of life.finalized.splice(0, life.finalized.length - finalizedMarketsMax)) {
    Exchange.forgetMarket(exchange, market)
  }
}
