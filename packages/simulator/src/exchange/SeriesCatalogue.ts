/**
 * The series that the simulated exchange lists, modelled on Kalshi's: how their tickers look, how long their markets live,
 * on which grid they trade and how busy they are.
 */
import type { PriceStructureLabel } from "./PriceStructure.ts"

/**
 * How an event splits into markets:
 * - `up_down`: one market, whether a price ends above where it began
 * - `thresholds`: one market per strike, "above S"
 * - `bands`: "between S and S+step", open ended below and above
 * - `contest`: one market per contestant of a pair
 * - `field`: one market per name of `names`
 */
export type EventShape = "up_down" | "thresholds" | "bands" | "contest" | "field"

export interface SeriesTemplate {
  readonly ticker: string
  readonly title: string
  readonly category: string
  readonly tags: ReadonlyArray<string>
  readonly frequency: string
  readonly shape: EventShape
  readonly structure: PriceStructureLabel
  /** `quick`: life as the settings say, the next event is listed before the last one closes. Else a range of hours. */
  readonly life: "quick" | readonly [hoursMin: number, hoursMax: number]
  readonly marketsMin: number
  readonly marketsMax: number
  /** How busy its markets are, relative to others of their rank. */
  readonly heat: number
  /** Middle and step of the strikes. */
  readonly strikes?: {
    readonly middle: number
    readonly step: number
    readonly decimals: number
    readonly minus?: number
  }
  /** Contestants (three to five letters) or names. */
  readonly names?: ReadonlyArray<string>
}

const crypto = { category: "Crypto", tags: ["Crypto"] } as const
const sports = {
  category: "Sports",
  tags: ["Sports"],
  frequency: "custom",
  shape: "contest",
  marketsMin: 2,
  marketsMax: 2
} as const

const baseball = [
  "ATH",
  "ATL",
  "AZ",
  "BAL",
  "BOS",
  "CHC",
  "CIN",
  "CLE",
  "COL",
  "CWS",
  "DET",
  "HOU",
  "KC",
  "LAA",
  "LAD",
  "MIA",
  "MIL",
  "MIN",
  "NYM",
  "NYY",
  "PHI",
  "PIT",
  "SD",
  "SEA",
  "SF",
  "STL",
  "TB",
  "TEX",
  "TOR",
  "WSH"
]
const basketball = [
  "ATL",
  "BKN",
  "BOS",
  "CHA",
  "CHI",
  "CLE",
  "DAL",
  "DEN",
  "DET",
  "GSW",
  "HOU",
  "IND",
  "LAC",
  "LAL",
  "MEM",
  "MIA",
  "MIL",
  "MIN",
  "NOP",
  "NYK",
  "OKC",
  "ORL",
  "PHI",
  "PHX",
  "POR",
  "SAC",
  "SAS",
  "TOR",
  "UTA",
  "WAS"
]
const football = [
  "ARI",
  "ATL",
  "BAL",
  "BUF",
  "CAR",
  "CHI",
  "CIN",
  "CLE",
  "DAL",
  "DEN",
  "DET",
  "GB",
  "HOU",
  "IND",
  "JAC",
  "KC",
  "LA",
  "LAC",
  "LV",
  "MIA",
  "MIN",
  "NE",
  "NO",
  "NYG",
  "NYJ",
  "PHI",
  "PIT",
  "SEA",
  "SF",
  "TB",
  "TEN",
  "WAS"
]
const tennis = [
  "ALC",
  "SIN",
  "DJO",
  "ZVE",
  "FRI",
  "DRA",
  "MED",
  "RUN",
  "MUS",
  "SHE",
  "DEM",
  "TIA",
  "FON",
  "MEN",
  "RUU",
  "HUR"
]

const coin = (symbol: string, name: string, heat: number): SeriesTemplate => ({
  ...crypto,
  ticker: `KX${symbol}15M`,
  title: `${name} price up or down in 15 minutes`,
  frequency: "fifteen_min",
  shape: "up_down",
  structure: "tapered_deci_cent",
  life: "quick",
  marketsMin: 1,
  marketsMax: 1,
  heat
})

const coinThresholds = (
  symbol: string,
  name: string,
  middle: number,
  step: number,
  decimals: number,
  minus: number
): SeriesTemplate => ({
  ...crypto,
  ticker: `KX${symbol}D`,
  title: `${name} price above`,
  frequency: "hourly",
  shape: "thresholds",
  structure: "linear_cent",
  life: [1, 24],
  marketsMin: 8,
  marketsMax: 40,
  heat: 0.6,
  strikes: { middle, step, decimals, minus }
})

const highTemperature = (city: string, name: string, middle: number): SeriesTemplate => ({
  ticker: `KXHIGH${city}`,
  title: `Highest temperature in ${name}`,
  category: "Climate and Weather",
  tags: ["Weather", "Daily temperature"],
  frequency: "daily",
  shape: "bands",
  structure: "linear_cent",
  life: [20, 40],
  marketsMin: 6,
  marketsMax: 6,
  heat: 0.4,
  strikes: { middle, step: 2, decimals: 0 }
})

/** In the order in which small exchanges take from it. */
export const seriesTemplates: ReadonlyArray<SeriesTemplate> = [
  coin("BTC", "Bitcoin", 6),
  {
    ...sports,
    ticker: "KXMLBGAME",
    title: "Professional baseball game",
    structure: "linear_cent",
    life: [3, 48],
    heat: 3,
    names: baseball
  },
  coinThresholds("BTC", "Bitcoin", 62_400, 250, 2, 0.01),
  coin("ETH", "Ethereum", 4),
  highTemperature("NY", "New York City", 55),
  {
    ...sports,
    ticker: "KXNBAGAME",
    title: "Professional basketball game",
    structure: "linear_cent",
    life: [3, 48],
    heat: 2.5,
    names: basketball
  },
  {
    ticker: "KXFED",
    title: "Upper bound of the federal funds rate after the meeting",
    category: "Economics",
    tags: ["Fed", "Interest rates"],
    frequency: "custom",
    shape: "thresholds",
    structure: "tapered_deci_cent",
    life: [240, 2_000],
    marketsMin: 5,
    marketsMax: 9,
    heat: 0.5,
    strikes: { middle: 3.75, step: 0.25, decimals: 2 }
  },
  {
    ...sports,
    ticker: "KXNFLGAME",
    title: "Professional football game",
    structure: "linear_cent",
    life: [24, 160],
    heat: 3,
    names: football
  },
  {
    ticker: "KXINXU",
    title: "S&P 500 at the close, above",
    category: "Financials",
    tags: ["S&P", "Daily"],
    frequency: "daily",
    shape: "thresholds",
    structure: "deci_cent",
    life: [6, 30],
    marketsMin: 8,
    marketsMax: 30,
    heat: 0.8,
    strikes: { middle: 6_800, step: 25, decimals: 4, minus: 0.0001 }
  },
  coin("SOL", "Solana", 2),
  highTemperature("CHI", "Chicago", 44),
  {
    ticker: "KXOSCARPIC",
    title: "Best picture",
    category: "Entertainment",
    tags: ["Oscars", "Awards"],
    frequency: "annual",
    shape: "field",
    structure: "center_deci_edge_centi_cent",
    life: [1_000, 4_000],
    marketsMin: 4,
    marketsMax: 14,
    heat: 0.2,
    names: ["ONE", "SIN", "HAM", "MAR", "SEN", "FRA", "BUG", "WIC", "JAY", "TRA", "AVA", "ROO", "F1", "NOU"]
  },
  {
    ...sports,
    ticker: "KXATPMATCH",
    title: "Tennis match",
    structure: "center_half_edge_deci_cent",
    life: [2, 30],
    heat: 2,
    names: tennis
  },
  highTemperature("MIA", "Miami", 79),
  coinThresholds("ETH", "Ethereum", 2_800, 40, 2, 0.01),
  {
    ticker: "KXCPIYOY",
    title: "Inflation over the year, above",
    category: "Economics",
    tags: ["Inflation", "CPI"],
    frequency: "monthly",
    shape: "thresholds",
    structure: "center_whole_edge_half_cent",
    life: [200, 1_500],
    marketsMin: 5,
    marketsMax: 10,
    heat: 0.3,
    strikes: { middle: 2.8, step: 0.1, decimals: 1 }
  },
  highTemperature("LAX", "Los Angeles", 68),
  {
    ticker: "KXSENATEWIN",
    title: "Winner of the senate race",
    category: "Elections",
    tags: ["Senate", "US elections"],
    frequency: "one_off",
    shape: "field",
    structure: "deci_cent",
    life: [2_000, 8_000],
    marketsMin: 2,
    marketsMax: 4,
    heat: 0.6,
    names: ["R", "D", "I", "L"]
  },
  highTemperature("DEN", "Denver", 50),
  highTemperature("AUS", "Austin", 66),
  highTemperature("PHIL", "Philadelphia", 52),
  {
    ticker: "KXTOPSONG",
    title: "Number one on the song chart",
    category: "Entertainment",
    tags: ["Music", "Charts"],
    frequency: "weekly",
    shape: "field",
    structure: "linear_cent",
    life: [50, 168],
    marketsMin: 5,
    marketsMax: 12,
    heat: 0.2,
    names: ["GOL", "OPA", "MAN", "ORD", "DTM", "FOL", "BIR", "LOS", "APT", "DIE", "ESP", "TAS"]
  }
]
