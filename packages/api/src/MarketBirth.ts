/** Since when there was anything of a market, by its description. */
import { microsFromIso } from "@kalshibook/core/Units"
import type { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option, Predicate } from "effect"

/**
 * The time that a field of a market's description names, Unix microseconds: what was before it does not matter to the market. From the
 * beginning of all where there is none.
 */
export const bornMicros = Effect.fnUntraced(function* (
  catalog: MarketCatalog["Service"],
  ticker: string,
  field: "open_time" | "created_time"
) {
  const market = yield* catalog.market(ticker)
  const iso = Option.map(market, ({ body }) => body[field]).pipe(Option.filter(Predicate.isString))
  return Option.getOrElse(Option.flatMap(iso, microsFromIso), () => 0)
})
