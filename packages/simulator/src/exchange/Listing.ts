/**
 * Which events and markets the exchange lists: it invents their tickers, titles, strikes and first books.
 *
 * A line is a place that one event after another takes: when its event closes, the next one of the same series is listed, so
 * that the exchange never dries up and keeps its number of open markets and its spread of activity.
 */
import { type BookLevels, emptyLevels } from "@kalshibook/core/BookRecord"
import { contractE2, dollarE4, isoFromMicros } from "@kalshibook/core/Units"
import * as Exchange from "./Exchange.ts"
import type { ExchangeSettings } from "./ExchangeSettings.ts"
import type { SimEvent, SimMarket, SimSeries, Strike } from "./MarketModel.ts"
import * as PriceStructure from "./PriceStructure.ts"
import * as Prng from "./Prng.ts"
import * as Quoting from "./Quoting.ts"
import { type SeriesTemplate, seriesTemplates } from "./SeriesCatalogue.ts"

export interface Line {
  readonly template: SeriesTemplate
  /** Activity of each of its markets: a market inherits the place of the one before. */
  readonly weights: ReadonlyArray<number>
}

/** How steeply activity falls with a market's rank: the rank to the power of minus this. */
const zipfExponent = 1.05

/** The lines of an exchange, with exactly `marketsOpen` places. */
export const planLines = (prng: Prng.Prng, settings: ExchangeSettings): ReadonlyArray<Line> => {
  const planned: Array<{ readonly template: SeriesTemplate; readonly count: number }> = []
  let places = settings.marketsOpen
  for (let turn = 0; places > 0; turn++) {
    const template = seriesTemplates[turn % seriesTemplates.length] as SeriesTemplate
    // A quick series has one event at a time, so it takes part in the first turn alone.
    if (template.life === "quick" && turn >= seriesTemplates.length) continue
    const count = Math.min(places, Prng.between(prng, template.marketsMin, template.marketsMax))
    planned.push({ template: marked(template, settings.seriesMark), count })
    places -= count
  }
  const ranked = planned
    .flatMap(({ count, template }, line) =>
      Array.from({ length: count }, () => ({ line, score: template.heat * Math.exp(Prng.bell(prng)) }))
    )
    .sort((one, other) => other.score - one.score)
  const weights = planned.map((): Array<number> => [])
  ranked.forEach(({ line }, rank) => {
    weights[line]?.push((rank + 1) ** -zipfExponent)
  })
  return planned.map(({ template }, line) => ({ template, weights: Prng.shuffled(prng, weights[line] ?? []) }))
}

const marked = (template: SeriesTemplate, mark: string): SeriesTemplate => ({
  ...template,
  ticker: template.ticker.replace(/^KX/, `KX${mark}`)
})

/** Kalshi writes times in tickers in US Eastern time; the simulator knows no daylight saving. */
const easternOffsetMicros = -5 * 3_600_000_000
const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]

/** `26NOV22` and `1815` and `07` of a moment, Eastern. */
const easternParts = (micros: number): { readonly day: string; readonly time: string; readonly seconds: string } => {
  const iso = isoFromMicros(micros + easternOffsetMicros)
  const month = months[Number(iso.slice(5, 7)) - 1]
  return {
    day: `${iso.slice(2, 4)}${month}${iso.slice(8, 10)}`,
    time: `${iso.slice(11, 13)}${iso.slice(14, 16)}`,
    seconds: iso.slice(17, 19)
  }
}

/** What distinguishes an event of the series, shortest first; the first that is free is taken. */
const eventSuffixes = (template: SeriesTemplate, closeMicros: number, pair: string): ReadonlyArray<string> => {
  const { day, seconds, time } = easternParts(closeMicros)
  const hour = time.slice(0, 2)
  if (template.shape === "contest") return [`${day}${time}${pair}`, `${day}${time}${seconds}${pair}`]
  if (template.shape === "up_down") return [`${day}${time}`, `${day}${time}${seconds}`]
  return template.frequency === "hourly"
    ? [`${day}${hour}`, `${day}${time}`, `${day}${time}${seconds}`]
    : [day, `${day}${hour}`, `${day}${time}`, `${day}${time}${seconds}`]
}

const freeEventTicker = (
  exchange: Exchange.Exchange,
  seriesTicker: string,
  suffixes: ReadonlyArray<string>
): string => {
  const free = suffixes
    .map((suffix) => `${seriesTicker}-${suffix}`)
    .find((ticker) => !exchange.eventTickersUsed.has(ticker))
  if (free !== undefined) return free
  const longest = `${seriesTicker}-${suffixes[suffixes.length - 1]}`
  let copy = 2
  while (exchange.eventTickersUsed.has(`${longest}G${copy}`)) copy++
  return `${longest}G${copy}`
}

interface Outcome {
  readonly suffix: string
  readonly subTitle: string
  readonly strike: Strike
  /** First fair value, 1/10,000 dollar. */
  readonly fairE4: number
}

const fairMinE4 = 150

const fairFrom = (probability: number): number =>
  Math.min(dollarE4 - fairMinE4, Math.max(fairMinE4, Math.round(probability * dollarE4)))

/** Probability that a value ends above the strike, falling with the strike's distance in steps. */
const probabilityAbove = (stepsAboveMiddle: number): number => 1 / (1 + Math.exp(stepsAboveMiddle * 0.6))

const outcomesOf = (
  prng: Prng.Prng,
  template: SeriesTemplate,
  count: number,
  closeMicros: number,
  names: ReadonlyArray<string>
): ReadonlyArray<Outcome> => {
  const { decimals, middle, minus, step } = { minus: 0, ...(template.strikes ?? { middle: 0, step: 1, decimals: 0 }) }
  const shift = Prng.fraction(prng) * 2 - 1
  switch (template.shape) {
    case "up_down": {
      const strike: Strike = { _tag: "greater", floor: Prng.between(prng, 100_000, 9_999_999) / 100 }
      const suffix = easternParts(closeMicros).time.slice(2)
      return [{ suffix, subTitle: `Price to beat: $${strike.floor}`, strike, fairE4: fairFrom(0.5 + shift * 0.2) }]
    }
    case "thresholds":
      return Array.from({ length: count }, (_, index) => {
        const steps = index - (count - 1) / 2
        const floor = Number((middle + Math.floor(steps) * step - minus).toFixed(decimals))
        const fairE4 = fairFrom(probabilityAbove(steps + shift))
        return {
          suffix: `T${floor.toFixed(decimals)}`,
          subTitle: `Above ${floor.toFixed(decimals)}`,
          strike: { _tag: "greater", floor },
          fairE4
        }
      })
    case "bands":
      return Array.from({ length: count }, (_, index) => {
        const low = middle + (index - Math.floor(count / 2)) * step
        const steps = index - count / 2 + shift
        if (index === 0 && count > 2) {
          return {
            suffix: `T${low + step}`,
            subTitle: `${low + step - 1} or below`,
            strike: { _tag: "less", cap: low + step },
            fairE4: fairFrom(1 - probabilityAbove(steps + 1))
          }
        }
        if (index === count - 1 && count > 2) {
          return {
            suffix: `T${low - 1}`,
            subTitle: `${low} or above`,
            strike: { _tag: "greater", floor: low - 1 },
            fairE4: fairFrom(probabilityAbove(steps))
          }
        }
        const fairE4 = fairFrom(probabilityAbove(steps) - probabilityAbove(steps + 1))
        return {
          suffix: `B${low + 0.5}`,
          subTitle: `${low} to ${low + step - 1}`,
          strike: { _tag: "between", floor: low, cap: low + step - 1 },
          fairE4
        }
      })
    case "contest": {
      const first = 0.2 + Prng.fraction(prng) * 0.6
      return names.slice(0, count).map((name, index) => ({
        suffix: name,
        subTitle: name,
        strike: { _tag: "custom", words: name },
        fairE4: fairFrom(index === 0 ? first : 1 - first)
      }))
    }
    case "field": {
      const chances = names.slice(0, count).map(() => Prng.exponential(prng, 1) + 0.02)
      const sum = chances.reduce((total, one) => total + one, 0)
      return names.slice(0, count).map((name, index) => ({
        suffix: name,
        subTitle: name,
        strike: { _tag: "custom", words: name },
        fairE4: fairFrom((chances[index] ?? 0) / sum)
      }))
    }
  }
}

const seriesOf = (exchange: Exchange.Exchange, template: SeriesTemplate): SimSeries =>
  exchange.series.get(template.ticker) ?? {
    ticker: template.ticker,
    title: template.title,
    category: template.category,
    tags: template.tags,
    frequency: template.frequency,
    tsUpdatedMicros: Exchange.clockMicros(exchange)
  }

/** Levels a side: busy markets have deep books. */
const levelsWanted = (prng: Prng.Prng, weight: number): number =>
  Math.round(Math.min(90, Math.max(2, 60 * weight ** 0.25)) * (0.6 + Prng.fraction(prng) * 0.6))

export interface EventTimes {
  readonly openMicros: number
  readonly closeMicros: number
}

/**
 * Lists the next event of a line with its markets. They begin `initialized` with empty books, or, when `seasoned`, `active`
 * with books as after a while of trading.
 */
export const listEvent = (exchange: Exchange.Exchange, line: Line, times: EventTimes, seasoned: boolean): SimEvent => {
  const { prng } = exchange
  const { template } = line
  const contestants = template.shape === "contest" ? Prng.shuffled(prng, template.names ?? []) : (template.names ?? [])
  const pair = contestants.slice(0, 2).join("")
  const suffixes = eventSuffixes(template, times.closeMicros, pair)
  const event = Exchange.addEvent(exchange, {
    ticker: freeEventTicker(exchange, template.ticker, suffixes),
    series: seriesOf(exchange, template),
    title: template.shape === "contest" ? `${contestants[0]} at ${contestants[1]}: who wins?` : `${template.title}?`,
    subTitle: easternParts(times.closeMicros).day,
    mutuallyExclusive: template.shape !== "thresholds",
    feeOverride: undefined,
    tsUpdatedMicros: Exchange.clockMicros(exchange)
  })
  const outcomes = outcomesOf(prng, template, line.weights.length, times.closeMicros, contestants)
  outcomes.forEach((outcome, index) => {
    addOutcome(exchange, event, { outcome, times, seasoned, template, weight: line.weights[index] ?? 0 })
  })
  return event
}

interface NewMarket {
  readonly outcome: Outcome
  readonly times: EventTimes
  readonly seasoned: boolean
  readonly template: SeriesTemplate
  readonly weight: number
}

/** Seconds between determination and payment, as REST shows them at normal speed. */
const settlementTimerSeconds = 120

/** What has been traded in a market that is not new; nothing in the quietest. */
const seasonedTrading = (
  prng: Prng.Prng,
  { fairE4, structure }: Pick<SimMarket, "fairE4" | "structure">,
  weight: number
): Pick<SimMarket, "lastPriceE4" | "lastTradeSizeE2" | "volumeE2" | "openInterestE2"> => {
  const contracts = Math.floor(Prng.exponential(prng, seasonedContractsMean * weight))
  if (contracts === 0) return { lastPriceE4: 0, lastTradeSizeE2: 0, volumeE2: 0, openInterestE2: 0 }
  return {
    lastPriceE4: structure.pricesE4[structure.indexAtOrBelow[fairE4] ?? 0] ?? fairE4,
    lastTradeSizeE2: Prng.between(prng, 1, contracts) * contractE2,
    volumeE2: contracts * contractE2,
    openInterestE2: Math.ceil(contracts / 3) * contractE2
  }
}

/** Contracts traded so far in the busiest market of a running exchange, in the mean. */
const seasonedContractsMean = 2_000_000

const addOutcome = (exchange: Exchange.Exchange, event: SimEvent, added: NewMarket): SimMarket => {
  const { outcome, seasoned, template, times, weight } = added
  const { prng } = exchange
  const quoted = {
    fairE4: outcome.fairE4,
    structure: PriceStructure.of(template.structure),
    levelsWanted: levelsWanted(prng, weight)
  }
  const levels: BookLevels = seasoned ? Quoting.seasonedLevels(prng, quoted) : emptyLevels
  const tsCreatedMicros = Math.min(times.openMicros, Exchange.clockMicros(exchange))
  return Exchange.addMarket(
    exchange,
    {
      ...quoted,
      ticker: `${event.ticker}-${outcome.suffix}`,
      marketId: Prng.uuid(prng),
      event,
      title: event.title,
      yesSubTitle: outcome.subTitle,
      strike: outcome.strike,
      status: seasoned ? "active" : "initialized",
      tsCreatedMicros,
      tsUpdatedMicros: tsCreatedMicros,
      tsOpenMicros: times.openMicros,
      tsCloseMicros: times.closeMicros,
      settlementTimerSeconds: Math.max(1, Math.round(settlementTimerSeconds / exchange.settings.lifecycleSpeed)),
      result: "",
      tsSettledMicros: undefined,
      ...(seasoned
        ? seasonedTrading(prng, quoted, weight)
        : { lastPriceE4: 0, lastTradeSizeE2: 0, volumeE2: 0, openInterestE2: 0 }),
      weight
    },
    levels
  )
}
