/** Three questions to ask, as lines that work when they are pasted. */
import type { HotTier } from "@kalshibook/store/HotTier"
import type { CatalogEntry, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Clock, Effect, Redacted } from "effect"
import * as Terminal from "./Terminal.ts"

/** The examples ask for the book as it was so long ago: they are shown when the chosen market was recorded for longer. */
const agoSeconds = 10
const marketsReadMax = 1_000
/** A market that stays open at least so long, so that the lines still work when they are pasted later. */
const openMillisMin = 3_600_000

export const show = Effect.fnUntraced(function* (
  { key, url }: { readonly url: string; readonly key: Redacted.Redacted | undefined },
  hotTier: HotTier["Service"],
  catalog: MarketCatalog["Service"]
) {
  const ticker = yield* busiest(hotTier, catalog)
  if (ticker === undefined) return
  yield* Effect.sleep((agoSeconds + 1) * 1_000)
  const book = `${url}/v1/markets/${ticker}`
  Terminal.line()
  Terminal.line(
    `  Ask for the markets, for the book of one as it was ${agoSeconds} seconds ago, and for its changes since:`
  )
  Terminal.line()
  const curl = 'curl -H "Authorization: Bearer $KALSHIBOOK_KEY"'
  Terminal.line(`    export KALSHIBOOK_KEY=${key === undefined ? "kb_live_..." : Redacted.value(key)}`)
  Terminal.line(`    ${curl} "${url}/v1/markets?status=active&limit=5"`)
  Terminal.line(`    ${curl} "${book}/orderbook?at=$(($(date +%s)-${agoSeconds}))"`)
  Terminal.line(`    ${curl} "${book}/deltas?from=$(($(date +%s)-${agoSeconds}))&limit=20"`)
})

/** The market with the longest log that is being recorded and stays open; `undefined` when there is none. */
const busiest = Effect.fnUntraced(function* (hotTier: HotTier["Service"], catalog: MarketCatalog["Service"]) {
  const nowMillis = yield* Clock.currentTimeMillis
  const markets = yield* catalog.markets({ status: "active" }, { entriesMax: marketsReadMax })
  const staysOpen = (entry: CatalogEntry) => Date.parse(String(entry.body.close_time)) - nowMillis > openMillisMin
  const lasting = markets.filter(staysOpen)
  const candidates = new Set((lasting.length > 0 ? lasting : markets).map((market) => market.ticker))
  const heads = yield* hotTier.heads
  const [chosen] = heads
    .filter((head) => candidates.has(head.marketTicker) && head.kind !== "gap")
    .sort((left, right) => right.offset - left.offset)
  return chosen?.marketTicker
})
