/** Which markets the settings choose. Without any choice all are, save combos: those would be hundreds of thousands. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { CollectorSettings } from "./CollectorSettings.ts"

export type ChoiceSettings = Pick<CollectorSettings, "categories" | "combos" | "marketTickers" | "seriesTickers">

/** What is known of a market. */
export interface Candidate {
  readonly marketTicker: MarketTicker
  readonly eventTicker: string
  readonly seriesTicker: string
  readonly category: string
  /** Of a combo: the collection that it belongs to; else empty. */
  readonly collectionTicker: string
}

const isEverything = ({ categories, marketTickers, seriesTickers }: ChoiceSettings): boolean =>
  categories.length + marketTickers.length + seriesTickers.length === 0

/** Whether the choice can be read series by series and market by market, without a look at everything. */
export const isNamed = (settings: ChoiceSettings): boolean =>
  !isEverything(settings) && settings.categories.length === 0

/** How the tickers of combos (multivariate events) begin. */
const comboPrefix = "KXMVE"

export const isCombo = (ticker: string): boolean => ticker.startsWith(comboPrefix)

/** Stands for all combos. */
const allCombos = "all"

export const areAllCombosChosen = ({ combos }: ChoiceSettings): boolean => combos.includes(allCombos)

/** Combos are chosen by their own setting alone, or by the name of the market. */
export const isChosen = (settings: ChoiceSettings, market: Candidate): boolean => {
  const { category, collectionTicker, eventTicker, marketTicker, seriesTicker } = market
  if (settings.marketTickers.includes(marketTicker)) return true
  if (isCombo(marketTicker)) {
    return (
      areAllCombosChosen(settings) ||
      settings.combos.includes(eventTicker) ||
      (collectionTicker !== "" && settings.combos.includes(collectionTicker))
    )
  }
  return (
    isEverything(settings) || settings.seriesTickers.includes(seriesTicker) || settings.categories.includes(category)
  )
}

/** Tickers begin with that of their series, as far as was ever seen. */
const seriesGuess = (ticker: string): string => ticker.split("-", 1)[0] ?? ""

/**
 * Whether a market of which only the ticker is known may be chosen. Saves questions; what it turns down in error is found by the
 * next walk.
 */
export const mayBeChosen = (
  settings: ChoiceSettings,
  marketTicker: MarketTicker,
  categoryOf: (seriesTicker: string) => string | undefined
): boolean => {
  if (isCombo(marketTicker)) return settings.combos.length > 0 || settings.marketTickers.includes(marketTicker)
  const seriesTicker = seriesGuess(marketTicker)
  const category = categoryOf(seriesTicker)
  if (category === undefined && settings.categories.length > 0) return true
  return isChosen(settings, {
    marketTicker,
    eventTicker: "",
    seriesTicker,
    category: category ?? "",
    collectionTicker: ""
  })
}
