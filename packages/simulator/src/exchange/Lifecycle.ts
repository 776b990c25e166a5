/**
 * The life of events and markets: listed, open, paused, closed, determined, settled; and what the lifecycle channel is told.
 *
 * As on the exchange, opening and closing are told to nobody: clients know them from the market's times.
 */
import * as Agenda from "./Agenda.ts"
import * as Exchange from "./Exchange.ts"
import { lifeMicros } from "./ExchangeSettings.ts"
import * as LifecycleAct from "./LifecycleAct.ts"
import { type EventTimes, type Line, listEvent } from "./Listing.ts"
import type { SimEvent, SimMarket } from "./MarketModel.ts"
import * as Notices from "./Notices.ts"
import * as Outcome from "./Outcome.ts"
import * as Prng from "./Prng.ts"
import * as Quoting from "./Quoting.ts"

/** What is to be done at a moment of the exchange's course. */
export type LifecycleStep =
  | { readonly _tag: "list_next"; readonly line: Line; readonly times: EventTimes | undefined }
  | { readonly _tag: "open"; readonly event: SimEvent }
  | { readonly _tag: "close"; readonly event: SimEvent }
  | { readonly _tag: "sweep"; readonly event: SimEvent }
  | { readonly _tag: "reopen"; readonly event: SimEvent }
  | { readonly _tag: "determine"; readonly event: SimEvent }
  | { readonly _tag: "amend"; readonly market: SimMarket }
  | { readonly _tag: "settle"; readonly event: SimEvent }
  | { readonly _tag: "resume"; readonly market: SimMarket }
  | { readonly _tag: "surprise" }

export interface Lifecycle {
  readonly exchange: Exchange.Exchange
  readonly agenda: Agenda.Agenda<LifecycleStep>
  /** Its own generator, so that the rate of quotes does not change who is paused when. */
  readonly prng: Prng.Prng
  /** Markets in which traders may act now. */
  readonly active: Set<SimMarket>
  /** Changes with `active`, so that whoever draws from it knows. */
  activeVersion: number
  /** Finalized markets, oldest first. */
  readonly finalized: Array<SimMarket>
  /** The line of each open event: where its successor goes. */
  readonly lineOf: Map<SimEvent, Line>
}

const secondMicros = 1_000_000
const hourMicros = 3_600 * secondMicros
/** How long after the close the exchange cancels what still rests. */
const sweepDelayMicros = 20_000
/** Share of closes that are taken back before the determination. */
const reopenedShare = 0.04
/** Mean seconds between surprises (a pause, a changed close, a finer grid, ...) of one market, at normal speed. */
const surpriseSecondsPerMarket = 20_000

export const make = (exchange: Exchange.Exchange): Lifecycle => ({
  exchange,
  agenda: Agenda.make(),
  prng: Prng.make(exchange.settings.seed, 1),
  active: new Set(),
  activeVersion: 0,
  finalized: [],
  lineOf: new Map()
})

const scaled = (life: Lifecycle, seconds: number): number => lifeMicros(life.exchange.settings, seconds)

const quickMicros = (life: Lifecycle): number => Math.round(life.exchange.settings.quickLifeSeconds * secondMicros)

const activate = (life: Lifecycle, market: SimMarket): void => {
  Exchange.setStatus(life.exchange, market, "active")
  life.active.add(market)
  life.activeVersion++
}

const deactivate = (life: Lifecycle, market: SimMarket, status: "inactive" | "closed"): void => {
  Exchange.setStatus(life.exchange, market, status)
  life.active.delete(market)
  life.activeVersion++
}

/** Lists the first event of every line in the middle of its life, as on an exchange that has been running for long. */
export const begin = (life: Lifecycle, lines: ReadonlyArray<Line>): void => {
  const { exchange } = life
  for (const line of lines) {
    const times = firstTimes(life, line)
    const event = listEvent(exchange, line, times, true)
    life.lineOf.set(event, line)
    for (const market of event.markets) activate(life, market)
    Agenda.add(life.agenda, times.closeMicros, { _tag: "close", event })
    if (line.template.life === "quick") listNext(life, line, nextQuickTimes(life, times), false)
  }
  planSurprise(life)
}

const firstTimes = (life: Lifecycle, line: Line): EventTimes => {
  const now = life.exchange.nowMicros
  if (line.template.life === "quick") {
    const openMicros = Math.floor(now / quickMicros(life)) * quickMicros(life)
    return { openMicros, closeMicros: openMicros + quickMicros(life) }
  }
  const lifeMicros = lifeMicrosOf(life, line)
  const openMicros = now - Math.floor(lifeMicros * Prng.fraction(life.prng))
  return { openMicros, closeMicros: openMicros + lifeMicros + scaled(life, 30) }
}

const lifeMicrosOf = (life: Lifecycle, line: Line): number => {
  if (line.template.life === "quick") return quickMicros(life)
  const [low, high] = line.template.life
  return scaled(life, ((low + (high - low) * Prng.fraction(life.prng)) * hourMicros) / secondMicros)
}

const nextQuickTimes = (life: Lifecycle, times: EventTimes): EventTimes => ({
  openMicros: times.closeMicros,
  closeMicros: times.closeMicros + quickMicros(life)
})

const listNext = (life: Lifecycle, line: Line, times: EventTimes, told: boolean): void => {
  const event = listEvent(life.exchange, line, times, false)
  life.lineOf.set(event, line)
  if (told) Notices.listed(life.exchange, event)
  Agenda.add(life.agenda, times.openMicros, { _tag: "open", event })
}

/** Does one step that has become due. */
export const perform = (life: Lifecycle, step: LifecycleStep): void => {
  switch (step._tag) {
    case "list_next":
      listNext(life, step.line, step.times ?? laterTimes(life, step.line), true)
      break
    case "open":
      open(life, step.event)
      break
    case "close":
      close(life, step.event)
      break
    case "sweep":
      for (const market of step.event.markets) if (Outcome.isOver(market)) Quoting.cancelAll(life.exchange, market)
      break
    case "reopen":
      reopen(life, step.event)
      break
    case "determine":
      Outcome.determine(life, step.event)
      break
    case "amend":
      Outcome.amend(life, step.market)
      break
    case "settle":
      Outcome.settle(life, step.event)
      break
    case "resume":
      resume(life, step.market)
      break
    case "surprise":
      surprise(life)
      planSurprise(life)
  }
}

const laterTimes = (life: Lifecycle, line: Line): EventTimes => {
  const openMicros = life.exchange.nowMicros + scaled(life, Prng.between(life.prng, 5, 60))
  return { openMicros, closeMicros: openMicros + lifeMicrosOf(life, line) }
}

const open = (life: Lifecycle, event: SimEvent): void => {
  for (const market of event.markets) {
    activate(life, market)
    quote(life, market)
  }
  const closeMicros = event.markets[0]?.tsCloseMicros ?? life.exchange.nowMicros
  Agenda.add(life.agenda, closeMicros, { _tag: "close", event })
  const line = life.lineOf.get(event)
  if (line?.template.life === "quick") {
    const times = nextQuickTimes(life, { openMicros: life.exchange.nowMicros, closeMicros })
    Agenda.add(life.agenda, life.exchange.nowMicros, { _tag: "list_next", line, times })
  }
}

const close = (life: Lifecycle, event: SimEvent): void => {
  const { exchange } = life
  const first = event.markets[0]
  // A changed close time has its own entry on the agenda; a market closes once.
  if (first === undefined || first.tsCloseMicros > exchange.nowMicros || Outcome.isOver(first)) return
  for (const market of event.markets) deactivate(life, market, "closed")
  Agenda.add(life.agenda, exchange.nowMicros + sweepDelayMicros, { _tag: "sweep", event })
  const determinedIn = sweepDelayMicros + scaled(life, Prng.between(life.prng, 2, 20))
  Agenda.add(life.agenda, exchange.nowMicros + determinedIn, { _tag: "determine", event })
  if (Prng.chance(life.prng, reopenedShare)) {
    Agenda.add(life.agenda, exchange.nowMicros + Math.ceil(determinedIn / 2), { _tag: "reopen", event })
  }
  const line = life.lineOf.get(event)
  life.lineOf.delete(event)
  if (line !== undefined && line.template.life !== "quick") {
    Agenda.add(life.agenda, exchange.nowMicros, { _tag: "list_next", line, times: undefined })
  }
}

/** A close is taken back: the event trades on for a while. */
const reopen = (life: Lifecycle, event: SimEvent): void => {
  if (event.markets.some((market) => market.status !== "closed")) return
  changeClose(life, event, life.exchange.nowMicros + scaled(life, Prng.between(life.prng, 60, 600)))
}

const planSurprise = (life: Lifecycle): void => {
  const meanSeconds = surpriseSecondsPerMarket / life.exchange.settings.marketsOpen
  const delay = Prng.exponential(life.prng, scaled(life, meanSeconds))
  Agenda.add(life.agenda, life.exchange.nowMicros + Math.ceil(delay), { _tag: "surprise" })
}

const surprise = (life: Lifecycle): void => {
  if (life.active.size === 0) return
  const market = Prng.pick(life.prng, [...life.active])
  const dice = Prng.fraction(life.prng)
  if (dice < 0.5) pause(life, market)
  else if (dice < 0.75) reschedule(life, market.event)
  else if (dice < 0.85) LifecycleAct.perform(life, market, "refine_grid")
  else if (dice < 0.92) LifecycleAct.perform(life, market, "change_metadata")
  else if (dice < 0.96) LifecycleAct.perform(life, market, "change_fees")
  else LifecycleAct.perform(life, market, "block_trade")
}

/** The first quotes come at once, unless the exchange rests. */
const quote = (life: Lifecycle, market: SimMarket): void => {
  if (Exchange.isTrading(life.exchange)) Quoting.openingQuotes(life.exchange, market)
}

/** Trading begins again: all orders of before are cancelled, then the channel is told, then come new quotes. */
const restartTrading = (life: Lifecycle, market: SimMarket): void => {
  Quoting.cancelAll(life.exchange, market)
  activate(life, market)
  Notices.activated(life.exchange, market)
  quote(life, market)
}

/** Stops trading in a market; its book stands still until it is resumed, at the latest after a minute at normal speed. */
export const pause = (life: Lifecycle, market: SimMarket): void => {
  deactivate(life, market, "inactive")
  Notices.deactivated(life.exchange, market)
  const resumedIn = scaled(life, Prng.between(life.prng, 5, 60))
  Agenda.add(life.agenda, life.exchange.nowMicros + resumedIn, { _tag: "resume", market })
}

/** Trading goes on in a paused market. */
export const resume = (life: Lifecycle, market: SimMarket): void => {
  if (market.status === "inactive") restartTrading(life, market)
}

/** An event will close soon, earlier than was said, or a good while later. */
const reschedule = (life: Lifecycle, event: SimEvent): void => {
  const saidMicros = event.markets[0]?.tsCloseMicros ?? 0
  const isEarlier = Prng.chance(life.prng, 0.7)
  const soonMicros = life.exchange.nowMicros + scaled(life, Prng.between(life.prng, 10, 120))
  const closeMicros = isEarlier ? soonMicros : saidMicros + scaled(life, Prng.between(life.prng, 60, 3_600))
  const isQuick = life.lineOf.get(event)?.template.life === "quick"
  if (isQuick || (isEarlier && saidMicros <= closeMicros)) return
  changeClose(life, event, closeMicros)
}

/** An event closes at another time than was said. When it is closed but not determined, it opens again with empty books. */
export const changeClose = (life: Lifecycle, event: SimEvent, closeMicros: number): void => {
  for (const market of event.markets) {
    market.tsCloseMicros = closeMicros
    market.tsUpdatedMicros = Exchange.clockMicros(life.exchange)
    Notices.closeDateUpdated(life.exchange, market)
    if (market.status === "closed") restartTrading(life, market)
  }
  Agenda.add(life.agenda, closeMicros, { _tag: "close", event })
}

/** Adds a market that trades at once and of which the lifecycle channel says nothing. */
export const listUnannounced = (life: Lifecycle, line: Line): SimMarket => {
  const now = life.exchange.nowMicros
  const event = listEvent(life.exchange, line, { openMicros: now, closeMicros: now + lifeMicrosOf(life, line) }, true)
  for (const market of event.markets) activate(life, market)
  Agenda.add(life.agenda, event.markets[0]?.tsCloseMicros ?? now, { _tag: "close", event })
  return event.markets[0] as SimMarket
}
