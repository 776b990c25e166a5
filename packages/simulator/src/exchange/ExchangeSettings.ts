/** What kind of exchange is simulated. All of it is data, so that a seed and settings name one exchange exactly. */

export interface ExchangeSettings {
  /** 32-bit number; the same settings and seed give the same exchange. */
  readonly seed: number
  /** How many markets are open at a time, 5..10,000. */
  readonly marketsOpen: number
  /** Mean book changes per second of the exchange's time, 1..50,000. */
  readonly deltasPerSecond: number
  /** Life of a market of the fifteen-minute series, seconds. Small values make whole lives pass in a test. */
  readonly quickLifeSeconds: number
  /** Divides all other durations of a market's life (hours to days, pauses, determination, settlement timer). */
  readonly lifecycleSpeed: number
  /** Where the exchange's clock begins, Unix microseconds. */
  readonly startMicros: number
  /** Book changes that the truth keeps; 26 bytes each. */
  readonly truthChangesMax: number
  /** Trades that REST can still show. */
  readonly tradesMax: number
  /** Finalized markets that REST can still show; the oldest go with their truth. */
  readonly finalizedMarketsMax: number
  /** Put into the tickers of all series, behind `KX`: two exchanges of which nobody may mix up the markets have two marks. */
  readonly seriesMark: string
}

export const defaultSettings: Omit<ExchangeSettings, "startMicros"> = {
  seed: 1,
  marketsOpen: 60,
  deltasPerSecond: 200,
  quickLifeSeconds: 900,
  lifecycleSpeed: 1,
  truthChangesMax: 4_000_000,
  tradesMax: 200_000,
  finalizedMarketsMax: 2_000,
  seriesMark: ""
}

const ranges: ReadonlyArray<readonly [Exclude<keyof ExchangeSettings, "seriesMark">, number, number, "whole" | "any"]> =
  [
    ["seed", 0, 0xffffffff, "whole"],
    ["marketsOpen", 5, 10_000, "whole"],
    ["deltasPerSecond", 1, 50_000, "any"],
    ["quickLifeSeconds", 0.1, 86_400, "any"],
    ["lifecycleSpeed", 0.001, 1_000_000, "any"],
    ["startMicros", 0, Number.MAX_SAFE_INTEGER / 2, "whole"],
    ["truthChangesMax", 10_000, 100_000_000, "whole"],
    ["tradesMax", 1, 10_000_000, "whole"],
    ["finalizedMarketsMax", 0, 1_000_000, "whole"]
  ]

/** What is wrong with the settings, for people; `undefined` when nothing is. */
export const problemOf = (settings: ExchangeSettings): string | undefined => {
  for (const [name, low, high, kind] of ranges) {
    const value = settings[name]
    if (!(value >= low && value <= high)) return `${name} must be ${low}..${high}, not ${value}`
    if (kind === "whole" && !Number.isInteger(value)) return `${name} must be a whole number, not ${value}`
  }
  if (!/^[A-Z0-9]*$/.test(settings.seriesMark)) return "seriesMark must be of capital letters and digits"
  return undefined
}

/** A duration of a market's life, microseconds at the speed of the settings. */
export const lifeMicros = ({ lifecycleSpeed }: ExchangeSettings, seconds: number): number =>
  Math.max(1, Math.round((seconds * 1_000_000) / lifecycleSpeed))
