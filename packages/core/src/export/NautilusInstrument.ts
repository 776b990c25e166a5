/**
 * A market as nautilus_trader's `BinaryOption`, as `BinaryOption.from_dict` reads it: the same names, precisions and limits that its own
 * Kalshi adapter gives (crates/adapters/kalshi/src/http/parse.rs, 2026), so that recorded and live data are of one instrument.
 */
import * as Option from "effect/Option"
import type { MarketTicker } from "../BookRecord.ts"
import { dollarsFromPriceE4, microsFromIso, priceE4Max, priceE4Min } from "../Units.ts"
import { pricePrecision, sizePrecision } from "./NautilusRows.ts"

/** `InstrumentId` of a market. Its ticker may contain dots: the venue is what follows the last one. */
export const instrumentId = (marketTicker: MarketTicker): string => `${marketTicker}.KALSHI`

/** What Arrow's metadata say of each file. */
export const metadata = (marketTicker: MarketTicker): Readonly<Record<string, string>> => ({
  instrument_id: instrumentId(marketTicker),
  price_precision: String(pricePrecision),
  size_precision: String(sizePrecision)
})

/** The instrument as JSON text. `body` is Kalshi's market object. Whole nanoseconds pass 2^53, so they are written as digits. */
export const instrumentJson = (marketTicker: MarketTicker, body: Readonly<Record<string, unknown>>): string => {
  const fields: ReadonlyArray<readonly [string, string]> = [
    ["type", quoted("BinaryOption")],
    ["id", quoted(instrumentId(marketTicker))],
    ["raw_symbol", quoted(marketTicker)],
    ["asset_class", quoted("ALTERNATIVE")],
    ["currency", quoted("USD")],
    ["price_precision", String(pricePrecision)],
    ["size_precision", String(sizePrecision)],
    ["price_increment", quoted("0.0001")],
    ["size_increment", quoted("0.01")],
    ["activation_ns", nanosOf(body.open_time)],
    ["expiration_ns", nanosOf(body.close_time ?? body.latest_expiration_time)],
    ["outcome", quoted("Yes")],
    ["description", quoted(typeof body.title === "string" ? body.title : marketTicker)],
    ["max_quantity", "null"],
    ["min_quantity", "null"],
    ["max_notional", "null"],
    ["min_notional", "null"],
    ["max_price", quoted(dollarsFromPriceE4(priceE4Max))],
    ["min_price", quoted(dollarsFromPriceE4(priceE4Min))],
    ["margin_init", quoted("0")],
    ["margin_maint", quoted("0")],
    ["maker_fee", quoted("0")],
    ["taker_fee", quoted("0")],
    ["info", "{}"],
    ["ts_event", "0"],
    ["ts_init", "0"]
  ]
  return `{${fields.map(([name, value]) => `${quoted(name)}:${value}`).join(",")}}`
}

const quoted = (text: string): string => JSON.stringify(text)

const nanosOf = (time: unknown): string => {
  const micros = typeof time === "string" ? Option.getOrElse(microsFromIso(time), () => 0) : 0
  return micros === 0 ? "0" : `${micros}000`
}
