/** Markets, events, series, trades and books as REST shows them (OpenAPI 3.30.0, September 2026). */
import * as Book from "@kalshibook/core/Book"
import * as RestView from "@kalshibook/core/kalshi/RestView"
import { timeText } from "@kalshibook/core/kalshi/WireText"
import { contractsFromSizeE2, dollarE4, dollarsFromPriceE4 } from "@kalshibook/core/Units"
import type { SimEvent, SimMarket, SimSeries, SimTrade, Strike } from "../exchange/MarketModel.ts"

type Json = Readonly<Record<string, unknown>>

/** When a market pays at the latest: a week after its close, as most rules say. */
const latestExpirationMicros = 7 * 86_400_000_000

const strikeOf = (strike: Strike): Json => {
  switch (strike._tag) {
    case "greater":
      return { strike_type: "greater", floor_strike: strike.floor }
    case "less":
      return { strike_type: "less", cap_strike: strike.cap }
    case "between":
      return { strike_type: "between", floor_strike: strike.floor, cap_strike: strike.cap }
    case "custom":
      return { strike_type: "custom", custom_strike: { name: strike.words } }
  }
}

const outcomeOf = (market: SimMarket): Json => ({
  result: market.result,
  ...(market.result === ""
    ? {}
    : { settlement_value_dollars: dollarsFromPriceE4(market.result === "yes" ? dollarE4 : 0) }),
  ...(market.tsSettledMicros === undefined ? {} : { settlement_ts: timeText(market.tsSettledMicros) })
})

export const market = (shown: SimMarket): Json => ({
  ticker: shown.ticker,
  event_ticker: shown.event.ticker,
  market_type: "binary",
  title: shown.title,
  subtitle: shown.yesSubTitle,
  yes_sub_title: shown.yesSubTitle,
  no_sub_title: shown.yesSubTitle,
  created_time: timeText(shown.tsCreatedMicros),
  updated_time: timeText(shown.tsUpdatedMicros),
  open_time: timeText(shown.tsOpenMicros),
  close_time: timeText(shown.tsCloseMicros),
  expected_expiration_time: timeText(shown.tsCloseMicros),
  expiration_time: timeText(shown.tsCloseMicros + latestExpirationMicros),
  latest_expiration_time: timeText(shown.tsCloseMicros + latestExpirationMicros),
  settlement_timer_seconds: shown.settlementTimerSeconds,
  status: shown.status,
  ...RestView.quotes(Book.best(shown.book, "yes"), Book.best(shown.book, "no")),
  last_price_dollars: dollarsFromPriceE4(shown.lastPriceE4),
  previous_yes_bid_dollars: dollarsFromPriceE4(0),
  previous_yes_ask_dollars: dollarsFromPriceE4(0),
  previous_price_dollars: dollarsFromPriceE4(0),
  volume_fp: contractsFromSizeE2(shown.volumeE2),
  volume_24h_fp: contractsFromSizeE2(shown.volumeE2),
  open_interest_fp: contractsFromSizeE2(shown.openInterestE2),
  liquidity_dollars: "0.0000",
  notional_value_dollars: dollarsFromPriceE4(dollarE4),
  ...outcomeOf(shown),
  can_close_early: true,
  expiration_value: "",
  rules_primary: `If ${shown.yesSubTitle}, then the market resolves to Yes.`,
  rules_secondary: "",
  price_level_structure: shown.structure.label,
  price_ranges: shown.structure.ranges,
  ...strikeOf(shown.strike),
  exchange_index: 0
})

const settlementSources = [{ name: "KalshiBook simulator", url: "https://example.com/settlement" }]

/** Without its markets. */
export const event = (shown: SimEvent): Json => ({
  event_ticker: shown.ticker,
  series_ticker: shown.series.ticker,
  title: shown.title,
  sub_title: shown.subTitle,
  collateral_return_type: shown.mutuallyExclusive ? "MECNET" : "",
  mutually_exclusive: shown.mutuallyExclusive,
  category: shown.series.category,
  available_on_brokers: false,
  product_metadata: shown.series.frequency === "fifteen_min" ? { cadence: "fifteen_min" } : null,
  settlement_sources: settlementSources,
  ...(shown.feeOverride === undefined
    ? {}
    : { fee_type_override: shown.feeOverride.type, fee_multiplier_override: shown.feeOverride.multiplier }),
  last_updated_ts: timeText(shown.tsUpdatedMicros),
  exchange_index: 0
})

export const series = (shown: SimSeries): Json => ({
  ticker: shown.ticker,
  frequency: shown.frequency,
  title: shown.title,
  category: shown.category,
  categories: [shown.category],
  tags: shown.tags,
  settlement_sources: settlementSources,
  contract_url: `https://example.com/contracts/${shown.ticker}`,
  contract_terms_url: `https://example.com/terms/${shown.ticker}`,
  fee_type: "quadratic",
  fee_multiplier: 1,
  additional_prohibitions: [],
  last_updated_ts: timeText(shown.tsUpdatedMicros),
  exchange_index: 0
})

export const trade = ({ isBlockTrade, market, sizeE2, takerSide, tradeId, tsMicros, yesPriceE4 }: SimTrade): Json =>
  RestView.trade({
    tradeId,
    marketTicker: market.ticker,
    sizeE2,
    yesPriceE4,
    takerSide,
    tsExchangeMicros: tsMicros,
    isBlockTrade
  })
