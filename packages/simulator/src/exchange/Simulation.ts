/**
 * The invented exchange in motion: who acts when. Time passes only in `advanceTo` and `step`; nothing reads a clock.
 */
import * as Agenda from "./Agenda.ts"
import * as Exchange from "./Exchange.ts"
import type { ExchangeSettings } from "./ExchangeSettings.ts"
import * as Lifecycle from "./Lifecycle.ts"
import { type Line, planLines } from "./Listing.ts"
import type { SimMarket } from "./MarketModel.ts"
import * as Prng from "./Prng.ts"
import * as Quoting from "./Quoting.ts"
import { seriesTemplates } from "./SeriesCatalogue.ts"

export interface Simulation {
  readonly exchange: Exchange.Exchange
  readonly life: Lifecycle.Lifecycle
  /** When traders act next, microseconds of the exchange's course, with fractions. */
  nextActMicros: number
  /** Active markets with the running sum of their weights, to draw from; rebuilt when the set has changed. */
  drawn: { readonly version: number; readonly markets: ReadonlyArray<SimMarket>; readonly sums: Float64Array }
  lastActed: SimMarket | undefined
  /** Time in which the traders should have acted and did not, because the machine could not keep up. */
  skippedMicros: number
}

/** How often the next act hits the same market again: activity comes in bursts. */
const stickiness = 0.3

/** An exchange as the settings describe it, at its first moment. */
export const make = (settings: ExchangeSettings): Simulation => {
  const exchange = Exchange.make(settings)
  const life = Lifecycle.make(exchange)
  Lifecycle.begin(life, planLines(exchange.prng, settings))
  return {
    exchange,
    life,
    nextActMicros: settings.startMicros,
    drawn: { version: -1, markets: [], sums: new Float64Array() },
    lastActed: undefined,
    skippedMicros: 0
  }
}

const draw = (simulation: Simulation): SimMarket | undefined => {
  const { exchange, lastActed, life } = simulation
  if (lastActed !== undefined && life.active.has(lastActed) && Prng.chance(exchange.prng, stickiness)) return lastActed
  if (simulation.drawn.version !== life.activeVersion) rebuild(simulation)
  const { markets, sums } = simulation.drawn
  if (markets.length === 0) return undefined
  const target = Prng.fraction(exchange.prng) * (sums[sums.length - 1] as number)
  let low = 0
  let high = markets.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] as number) <= target) low = middle + 1
    else high = middle
  }
  return markets[low]
}

const rebuild = (simulation: Simulation): void => {
  const markets = [...simulation.life.active]
  const sums = new Float64Array(markets.length)
  let sum = 0
  markets.forEach((market, index) => {
    sum += market.weight
    sums[index] = sum
  })
  simulation.drawn = { version: simulation.life.activeVersion, markets, sums }
}

/** Performs whatever is due first: a step of some market's life, or an act of the traders. */
const next = (simulation: Simulation): void => {
  const { exchange, life } = simulation
  const lifeMicros = Agenda.firstAt(life.agenda)
  if (lifeMicros <= simulation.nextActMicros) {
    exchange.nowMicros = Math.max(exchange.nowMicros, Math.ceil(lifeMicros))
    const step = Agenda.take(life.agenda)
    if (step !== undefined) Lifecycle.perform(life, step)
    return
  }
  exchange.nowMicros = Math.max(exchange.nowMicros, Math.floor(simulation.nextActMicros))
  const before = exchange.changeNumber
  if (Exchange.isTrading(exchange)) {
    const market = draw(simulation)
    simulation.lastActed = market
    if (market !== undefined) Quoting.act(exchange, market)
  }
  const changes = Math.max(1, exchange.changeNumber - before)
  simulation.nextActMicros += Prng.exponential(exchange.prng, (changes * 1_000_000) / exchange.settings.deltasPerSecond)
}

/** The whole microsecond by which the next thing has happened. */
export const nextDueMicros = ({ life, nextActMicros }: Simulation): number =>
  Math.ceil(Math.min(nextActMicros, Agenda.firstAt(life.agenda)))

/** Lets time pass until `untilMicros` of the exchange's course, with everything that happens until then. */
export const advanceTo = (simulation: Simulation, untilMicros: number): void => {
  while (Math.min(simulation.nextActMicros, Agenda.firstAt(simulation.life.agenda)) <= untilMicros) next(simulation)
  simulation.exchange.nowMicros = Math.max(simulation.exchange.nowMicros, Math.floor(untilMicros))
}

/** Lets the traders rest until a moment, should they have been due before: fewer changes, but no exchange that lives in the past. */
export const skipTo = (simulation: Simulation, micros: number): void => {
  const behindMicros = micros - simulation.nextActMicros
  if (behindMicros <= 0) return
  simulation.skippedMicros += behindMicros
  simulation.nextActMicros = micros
}

/** Performs the next `count` things that happen, whenever they are due. */
export const step = (simulation: Simulation, count: number): void => {
  for (let done = 0; done < count; done++) next(simulation)
}

/** A market that trades at once without any word on the lifecycle channel. */
export const listUnannounced = (simulation: Simulation): SimMarket => {
  const template = Prng.pick(
    simulation.life.prng,
    seriesTemplates.filter((one) => one.shape === "thresholds")
  )
  const line: Line = { template, weights: [unannouncedWeight] }
  return Lifecycle.listUnannounced(simulation.life, line)
}

/** Busy enough to be noticed: as the tenth market. */
const unannouncedWeight = 0.1
