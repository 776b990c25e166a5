/**
 * The frames of channels `market_lifecycle_v2` and `multivariate_market_lifecycle`: official docs page "Market & Event Lifecycle"
 * (AsyncAPI 2.0.0, October 2026) and frames of July 2026. Bodies are kept whole; only what names the market or event must be there.
 */
import { Result, Schema } from "effect"
import { kind } from "./FrameKind.ts"
import * as Field from "./WireField.ts"

const optional = Schema.optionalKey
const envelope = { sid: Field.Sid, seq: optional(Field.Count), msg: Field.Body }

/** Every field that some `event_type` has, by the first that had it. */
const marketFields = [
  ...["market_ticker", "event_type"],
  // created
  ...["exchange_index", "open_ts", "close_ts", "additional_metadata", "price_level_structure", "price_ranges"],
  // activated, deactivated
  "is_deactivated",
  // determined
  ...["determination_ts", "result", "settlement_value"],
  // settled
  "settled_ts",
  // metadata_updated
  ...["strike_type", "floor_strike", "cap_strike", "custom_strike", "yes_sub_title"],
  // fractional_trading_updated, until 2026-04-17
  "fractional_trading_enabled"
]

/** Fields of `additional_metadata` of a created market. */
const metadataFields = [
  ...["name", "title", "yes_sub_title", "no_sub_title", "rules_primary", "rules_secondary", "can_close_early"],
  ...["event_ticker", "expected_expiration_ts", "strike_type", "floor_strike", "cap_strike", "custom_strike"]
]

const readMarket = Schema.decodeUnknownResult(Schema.Struct({ market_ticker: Field.Name, event_type: Field.Name }))

const market = (_tag: "market_lifecycle_v2" | "multivariate_market_lifecycle") =>
  kind({
    envelope,
    known: { msg: marketFields, "msg.additional_metadata": metadataFields },
    toMessage: ({ sid, seq, msg }) => {
      const named = readMarket(msg)
      if (Result.isFailure(named)) return Result.fail(`msg: ${named.failure.message}`)
      const { event_type: eventType, market_ticker: marketTicker } = named.success
      return Result.succeed({ _tag, sid, seq: seq ?? null, marketTicker, eventType, body: msg })
    }
  })

export const marketLifecycle = market("market_lifecycle_v2")
export const multivariateMarketLifecycle = market("multivariate_market_lifecycle")

const readEvent = Schema.decodeUnknownResult(Schema.Struct({ event_ticker: Field.Name }))

const event = (_tag: "event_lifecycle" | "event_fee_update", fields: ReadonlyArray<string>) =>
  kind({
    envelope,
    known: { msg: fields },
    toMessage: ({ sid, seq, msg }) => {
      const named = readEvent(msg)
      if (Result.isFailure(named)) return Result.fail(`msg: ${named.failure.message}`)
      return Result.succeed({ _tag, sid, seq: seq ?? null, eventTicker: named.success.event_ticker, body: msg })
    }
  })

export const eventLifecycle = event("event_lifecycle", [
  ...["event_ticker", "exchange_index", "title", "subtitle", "collateral_return_type", "series_ticker"],
  ...["strike_date", "strike_period"]
])

export const eventFeeUpdate = event("event_fee_update", [
  "event_ticker",
  "fee_type_override",
  "fee_multiplier_override"
])
