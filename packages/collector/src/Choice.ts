/** Which markets the settings choose. Without any choice all are, save combos: those would be hundreds of thousands. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { CollectorSettings } from "./CollectorSettings.ts"

export type ChoiceSettings = Pick<CollectorSettings, "categories" | "marketTickers" | "seriesTickers">

/** What is known of a market. */
export interface Candidate {
  readonly marketTicker: MarketTicker
  readonly seriesTicker: string
  readonly category: string
}

const isEverything = ({ categories, marketTickers, seriesTickers }: ChoiceSettings): boolean =>
  categories.length + marketTickers.length + seriesTickers.length === 0

/** Whether the choice can be read series by series and market by market, without a look at everything. */
export const isNamed = (settings: ChoiceSettings): boolean =>
  !isEverything(settings) && settings.categories.length === 0

/** How the tickers of combos (multivariate events) begin. */
const comboPrefix = "KXMVE"

export const isChosen = (settings: ChoiceSettings, { category, marketTicker, seriesTicker }: Candidate): boolean =>
  !marketTicker.startsWith(comboPrefix) &&
  (isEverything(settings) ||
    settings.marketTickers.includes(marketTicker) ||
    settings.seriesTickers.includes(seriesTicker) ||
    settings.categories.includes(category))

/**
 * Whether a market of which only the ticker is known may be chosen: tickers begin with that of their series, as far as was ever
 * seen. Saves questions; what it turns down in error is found by the next walk.
 */
export const mayBeChosen = (
  settings: ChoiceSettings,
  marketTicker: MarketTicker,
  categoryOf: (seriesTicker: string) => string | undefined
): boolean => {
  const seriesTicker = marketTicker.split("-", 1)[0] ?? ""
  const category = categoryOf(seriesTicker)
  if (category === undefined && settings.categories.length > 0) return !marketTicker.startsWith(comboPrefix)
  return isChosen(settings, { marketTicker, seriesTicker, category: category ?? "" })
}
