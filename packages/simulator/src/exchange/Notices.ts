/** What the lifecycle channel says: the bodies of its messages, field by field as in the official AsyncAPI (September-October 2026). */
import { dollarE4, dollarsFromPriceE4 } from "@kalshibook/core/Units"
import * as Exchange from "./Exchange.ts"
import type { SimEvent, SimMarket, Strike } from "./MarketModel.ts"

/** Unix seconds, as the channel writes times. */
const secondsOf = (micros: number): number => Math.floor(micros / 1_000_000)

const tell = (
  exchange: Exchange.Exchange,
  market: SimMarket,
  eventType: string,
  facts: Record<string, unknown>
): void => {
  // The recorded frames put the type last.
  const body = { market_ticker: market.ticker, ...facts, event_type: eventType }
  Exchange.notice(exchange, { kind: "market", ticker: market.ticker, eventType, body })
}

const strikeFields = (strike: Strike): Record<string, unknown> => {
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

/** A new event, then each of its markets. */
export const listed = (exchange: Exchange.Exchange, event: SimEvent): void => {
  Exchange.notice(exchange, {
    kind: "event",
    ticker: event.ticker,
    eventType: "event_lifecycle",
    body: {
      event_ticker: event.ticker,
      exchange_index: 0,
      title: event.title,
      subtitle: event.subTitle,
      collateral_return_type: event.mutuallyExclusive ? "MECNET" : "",
      series_ticker: event.series.ticker
    }
  })
  for (const market of event.markets) {
    tell(exchange, market, "created", {
      exchange_index: 0,
      open_ts: secondsOf(market.tsOpenMicros),
      close_ts: secondsOf(market.tsCloseMicros),
      additional_metadata: {
        name: market.yesSubTitle,
        title: market.title,
        yes_sub_title: market.yesSubTitle,
        no_sub_title: market.yesSubTitle,
        rules_primary: `If ${market.yesSubTitle}, then the market resolves to Yes.`,
        rules_secondary: "",
        can_close_early: true,
        event_ticker: event.ticker,
        expected_expiration_ts: secondsOf(market.tsCloseMicros),
        ...strikeFields(market.strike)
      },
      price_level_structure: market.structure.label,
      price_ranges: market.structure.ranges
    })
  }
}

export const activated = (exchange: Exchange.Exchange, market: SimMarket): void =>
  tell(exchange, market, "activated", { is_deactivated: false })

export const deactivated = (exchange: Exchange.Exchange, market: SimMarket): void =>
  tell(exchange, market, "deactivated", { is_deactivated: true })

export const closeDateUpdated = (exchange: Exchange.Exchange, market: SimMarket): void =>
  tell(exchange, market, "close_date_updated", { close_ts: secondsOf(market.tsCloseMicros) })

export const determined = (exchange: Exchange.Exchange, market: SimMarket): void =>
  tell(exchange, market, "determined", {
    determination_ts: secondsOf(Exchange.clockMicros(exchange)),
    result: market.result,
    settlement_value: dollarsFromPriceE4(market.result === "yes" ? dollarE4 : 0)
  })

export const settled = (exchange: Exchange.Exchange, market: SimMarket): void =>
  tell(exchange, market, "settled", { settled_ts: secondsOf(Exchange.clockMicros(exchange)) })

export const gridUpdated = (exchange: Exchange.Exchange, market: SimMarket): void =>
  tell(exchange, market, "price_level_structure_updated", {
    price_level_structure: market.structure.label,
    price_ranges: market.structure.ranges
  })

export const metadataUpdated = (exchange: Exchange.Exchange, market: SimMarket): void =>
  tell(exchange, market, "metadata_updated", { ...strikeFields(market.strike), yes_sub_title: market.yesSubTitle })

/** Both fields are null when the override is cleared. */
export const feesUpdated = (exchange: Exchange.Exchange, { feeOverride, ticker }: SimEvent): void =>
  Exchange.notice(exchange, {
    kind: "fees",
    ticker,
    eventType: "event_fee_update",
    body: {
      event_ticker: ticker,
      fee_type_override: feeOverride?.type ?? null,
      fee_multiplier_override: feeOverride?.multiplier ?? null
    }
  })
