/** What the simulated exchange knows of its series, events and markets. Mutable: the exchange owns it, all others read. */
import type { Book } from "@kalshibook/core/Book"
import type { PriceStructure } from "./PriceStructure.ts"

/** Kalshi's status words, in the order of a market's life (`inactive` is a pause of `active`). */
export type MarketStatus =
  | "initialized"
  | "active"
  | "inactive"
  | "closed"
  | "determined"
  | "disputed"
  | "amended"
  | "finalized"

export interface SimSeries {
  readonly ticker: string
  readonly title: string
  readonly category: string
  readonly tags: ReadonlyArray<string>
  /** `fifteen_min`, `hourly`, `daily`, `one_off`, ... */
  readonly frequency: string
  readonly tsUpdatedMicros: number
}

export interface SimEvent {
  /** Creation order, from 0. */
  readonly index: number
  readonly ticker: string
  readonly series: SimSeries
  readonly title: string
  readonly subTitle: string
  /** At most one of its markets resolves to yes. */
  readonly mutuallyExclusive: boolean
  readonly markets: Array<SimMarket>
  /** Fees that differ from the series'. */
  feeOverride: { readonly type: string; readonly multiplier: number } | undefined
  tsUpdatedMicros: number
}

/** What makes a market's yes true. */
export type Strike =
  | { readonly _tag: "greater"; readonly floor: number }
  | { readonly _tag: "less"; readonly cap: number }
  | { readonly _tag: "between"; readonly floor: number; readonly cap: number }
  | { readonly _tag: "custom"; readonly words: string }

export interface SimMarket {
  /** Creation order, from 0. */
  readonly index: number
  readonly ticker: string
  /** UUID, shown on the websocket alone. */
  readonly marketId: string
  readonly event: SimEvent
  readonly title: string
  yesSubTitle: string
  strike: Strike
  structure: PriceStructure
  status: MarketStatus
  readonly tsCreatedMicros: number
  /** Last change that was not trading. */
  tsUpdatedMicros: number
  tsOpenMicros: number
  tsCloseMicros: number
  readonly settlementTimerSeconds: number
  /** `""` until determined. */
  result: "" | "yes" | "no"
  tsSettledMicros: number | undefined
  readonly book: Book
  /** Last trade, 1/10,000 dollar on the yes scale; 0 before the first. */
  lastPriceE4: number
  lastTradeSizeE2: number
  volumeE2: number
  openInterestE2: number
  /** What the invented traders believe a yes is worth, 1/10,000 dollar. */
  fairE4: number
  /** Share of the exchange's activity, relative to the other markets. */
  readonly weight: number
  /** How many levels a side of its book has about. */
  readonly levelsWanted: number
}

/** One trade of the simulated exchange. */
export interface SimTrade {
  /** 1, 2, 3 ... over all markets. */
  readonly number: number
  readonly tradeId: string
  readonly market: SimMarket
  /** 1/10,000 dollar on the yes scale. */
  readonly yesPriceE4: number
  readonly sizeE2: number
  readonly takerSide: "yes" | "no"
  readonly isBlockTrade: boolean
  readonly tsMicros: number
}

/** What happened to a market or event, as the lifecycle channel tells it: `msg` less what the frame's encoder adds. */
export interface LifecycleNotice {
  readonly kind: "market" | "event" | "fees"
  readonly ticker: string
  readonly eventType: string
  readonly body: Readonly<Record<string, unknown>>
}
