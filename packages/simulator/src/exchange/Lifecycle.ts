/**
 * The life of events and markets: listed, open, paused, closed, determined, settled; and what the lifecycle channel is told.
 *
 * As on the exchange, opening and closing are told to nobody: clients know them from the market's times.
 */
import * as Agenda from "./Agenda.ts"
import * as Exchange from "./Exchange.ts"
import { type EventTimes, type Line, listEvent } from "./Listing.ts"
import type { SimEvent, SimMarket } from "./MarketModel.ts"
import * as Notices from "./Notices.ts"
import * as PriceStructure from "./PriceStructure.ts"
import * as Prng from "./Prng.ts"
import * as Quoting from "./Quoting.ts"

/** What is to be done at a moment of the exchange's course. */
export type LifecycleStep =
  | { readonly _tag: "list_next"; readonly line: Line; readonly times: EventTimes | undefined }
  | { readonly _tag: "open"; readonly event: SimEvent }
  | { readonly _tag: "close"; readonly event: SimEvent }
  | { readonly _tag: "sweep"; readonly event: SimEvent }
  | { readonly _tag: "determine"; readonly event: SimEvent }
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
/** Mean seconds between surprises (a pause, a changed close, a finer grid) of one market, at normal speed. */
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

/** A duration of a market's life in microseconds, at the speed of the settings. */
const scaled = (life: Lifecycle, seconds: number): number =>
  Math.max(1, Math.round((seconds * secondMicros) / life.exchange.settings.lifecycleSpeed))

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
      for (const market of step.event.markets) if (isOver(market)) Quoting.cancelAll(life.exchange, market)
      break
    case "determine":
      determine(life, step.event)
      break
    case "settle":
      settle(life, step.event)
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
    Quoting.openingQuotes(life.exchange, market)
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
  if (first === undefined || first.tsCloseMicros > exchange.nowMicros || isOver(first)) return
  for (const market of event.markets) deactivate(life, market, "closed")
  Agenda.add(life.agenda, exchange.nowMicros + sweepDelayMicros, { _tag: "sweep", event })
  const determinedIn = sweepDelayMicros + scaled(life, Prng.between(life.prng, 2, 20))
  Agenda.add(life.agenda, exchange.nowMicros + determinedIn, { _tag: "determine", event })
  const line = life.lineOf.get(event)
  life.lineOf.delete(event)
  if (line !== undefined && line.template.life !== "quick") {
    Agenda.add(life.agenda, exchange.nowMicros, { _tag: "list_next", line, times: undefined })
  }
}

const isOver = (market: SimMarket): boolean =>
  market.status === "closed" || market.status === "determined" || market.status === "finalized"

const determine = (life: Lifecycle, event: SimEvent): void => {
  // It may have opened again, and have closed again since: each close plans its own determination.
  if (event.markets.some((market) => market.status !== "closed")) return
  const winner = Prng.pick(life.prng, event.markets)
  for (const market of event.markets) {
    const yes = event.mutuallyExclusive ? market === winner : market.fairE4 > 5_000
    market.result = event.markets.length === 1 ? (market.fairE4 > 5_000 ? "yes" : "no") : yes ? "yes" : "no"
    Exchange.setStatus(life.exchange, market, "determined")
    Notices.determined(life.exchange, market)
  }
  const timerSeconds = event.markets[0]?.settlementTimerSeconds ?? 0
  Agenda.add(life.agenda, life.exchange.nowMicros + timerSeconds * secondMicros, { _tag: "settle", event })
}

const settle = (life: Lifecycle, event: SimEvent): void => {
  const { exchange } = life
  for (const market of event.markets) {
    market.tsSettledMicros = Exchange.clockMicros(exchange)
    Exchange.setStatus(exchange, market, "finalized")
    Notices.settled(exchange, market)
    life.finalized.push(market)
  }
  for (const market of life.finalized.splice(0, life.finalized.length - exchange.settings.finalizedMarketsMax)) {
    Exchange.forgetMarket(exchange, market)
  }
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
  if (dice < 0.6) pause(life, market)
  else if (dice < 0.85) reschedule(life, market.event)
  else refineGrid(life, market)
}

/** Stops trading in a market; its book stands still until it is resumed, at the latest after a minute at normal speed. */
export const pause = (life: Lifecycle, market: SimMarket): void => {
  deactivate(life, market, "inactive")
  Notices.deactivated(life.exchange, market)
  const resumedIn = scaled(life, Prng.between(life.prng, 5, 60))
  Agenda.add(life.agenda, life.exchange.nowMicros + resumedIn, { _tag: "resume", market })
}

/** Trading goes on; all orders of before the pause are cancelled first. */
export const resume = (life: Lifecycle, market: SimMarket): void => {
  if (market.status !== "inactive") return
  Quoting.cancelAll(life.exchange, market)
  activate(life, market)
  Notices.activated(life.exchange, market)
  Quoting.openingQuotes(life.exchange, market)
}

/** An event will close soon, earlier than was said. */
const reschedule = (life: Lifecycle, event: SimEvent): void => {
  const closeMicros = life.exchange.nowMicros + scaled(life, Prng.between(life.prng, 10, 120))
  const isQuick = life.lineOf.get(event)?.template.life === "quick"
  if (isQuick || event.markets.some((market) => market.tsCloseMicros <= closeMicros)) return
  changeClose(life, event, closeMicros)
}

/** An event closes at another time than was said. When it is closed but not determined, it opens again with empty books. */
export const changeClose = (life: Lifecycle, event: SimEvent, closeMicros: number): void => {
  for (const market of event.markets) {
    market.tsCloseMicros = closeMicros
    market.tsUpdatedMicros = Exchange.clockMicros(life.exchange)
    Notices.closeDateUpdated(life.exchange, market)
    if (market.status !== "closed") continue
    Quoting.cancelAll(life.exchange, market)
    activate(life, market)
    Notices.activated(life.exchange, market)
    Quoting.openingQuotes(life.exchange, market)
  }
  Agenda.add(life.agenda, closeMicros, { _tag: "close", event })
}

/** A market moves to a finer grid; resting orders stay. */
const refineGrid = (life: Lifecycle, market: SimMarket): void => {
  if (market.structure.label !== "linear_cent") return
  market.structure = PriceStructure.of("deci_cent")
  market.tsUpdatedMicros = Exchange.clockMicros(life.exchange)
  Notices.gridUpdated(life.exchange, market)
}

/** Adds a market that trades at once and of which the lifecycle channel says nothing. */
export const listUnannounced = (life: Lifecycle, line: Line): SimMarket => {
  const now = life.exchange.nowMicros
  const event = listEvent(life.exchange, line, { openMicros: now, closeMicros: now + lifeMicrosOf(life, line) }, true)
  for (const market of event.markets) activate(life, market)
  Agenda.add(life.agenda, event.markets[0]?.tsCloseMicros ?? now, { _tag: "close", event })
  return event.markets[0] as SimMarket
}
