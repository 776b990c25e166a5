/** To which event and series markets belong, as the catalogue knows it. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { CatalogEntry, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"
import type { Family } from "./Topics.ts"

type Catalog = MarketCatalog["Service"]

/** Entries of one question to the catalogue. */
const entriesMax = 1_000

const text = (body: CatalogEntry["body"], field: string): string | undefined => {
  const value = body[field]
  return typeof value === "string" ? value : undefined
}

/** Of markets that the catalogue knows. */
export const of = Effect.fnUntraced(function* (
  catalog: Catalog,
  tickers: ReadonlyArray<MarketTicker>
): Effect.fn.Return<ReadonlyMap<MarketTicker, Family>, HotTierError> {
  const families = new Map<MarketTicker, Family>()
  const seriesOf = new Map<string, string | undefined>()
  for (let start = 0; start < tickers.length; start += entriesMax) {
    const asked = tickers.slice(start, start + entriesMax)
    for (const { body, ticker } of yield* catalog.markets({ tickers: asked }, { entriesMax })) {
      const event = text(body, "event_ticker")
      if (event !== undefined && !seriesOf.has(event)) {
        const found = yield* catalog.event(event)
        seriesOf.set(event, Option.getOrUndefined(Option.map(found, (entry) => text(entry.body, "series_ticker"))))
      }
      families.set(ticker, { event, series: event === undefined ? undefined : seriesOf.get(event) })
    }
  }
  return families
})

/** All markets of an event or of a series, with their events. */
export const markets = Effect.fnUntraced(function* (
  catalog: Catalog,
  filter: { readonly eventTicker: string } | { readonly seriesTicker: string }
): Effect.fn.Return<
  ReadonlyArray<{ readonly ticker: MarketTicker; readonly event: string | undefined }>,
  HotTierError
> {
  const found: Array<{ readonly ticker: MarketTicker; readonly event: string | undefined }> = []
  let after: string | undefined
  while (true) {
    const page = yield* catalog.markets(filter, { after, entriesMax })
    for (const { body, ticker } of page) found.push({ ticker, event: text(body, "event_ticker") })
    after = page.at(-1)?.ticker
    if (page.length < entriesMax) return found
  }
})
