/**
 * The fast path for `orderbook_delta`, nine frames of ten: bytes to message by a template of the current form, without JSON.
 *
 * It is an optimization and nothing else. `Wire.decodeText` defines what a frame means; whatever differs from the template by one
 * byte (legacy forms, escapes, other key order, unknown fields, a number out of range) is declined and goes that way. A property
 * test holds both to the same result. Not reentrant, which a synchronous function without callbacks need not be.
 */
import * as FrameBytes from "./FrameBytes.ts"
import { noUnknownFields, type OrderbookDelta } from "./ServerMessage.ts"
import { sidMax } from "./WireField.ts"

// The template, in the exchange's own key order (recorded frames of production, 2026-04 to 2026-10).
const typePart = FrameBytes.part('{"type":"orderbook_delta","sid":')
const seqPart = FrameBytes.part(',"seq":')
const tickerPart = FrameBytes.part(',"msg":{"market_ticker":"')
const marketIdPart = FrameBytes.part('","market_id":"')
const pricePart = FrameBytes.part('","price_dollars":"0.')
const changePart = FrameBytes.part('","delta_fp":"')
const yesPart = FrameBytes.part('","side":"yes"')
const noPart = FrameBytes.part('","side":"no"')
const timePart = FrameBytes.part(',"ts":"')
const millisPart = FrameBytes.part(',"ts_ms":')
/** Stands at the end of the envelope since about 2026-09-28. */
const sentPart = FrameBytes.part(',"sending_ts_ms":')

const comma = 0x2c
const braceClose = 0x7d
const newline = 0x0a

/** Returns the message of a delta in the current form, `undefined` for every other frame. */
export const decodeDelta = (frame: Uint8Array): OrderbookDelta | undefined => {
  if (!FrameBytes.load(frame) || !FrameBytes.skip(typePart)) return undefined
  const sid = FrameBytes.count()
  if (!(sid <= sidMax) || !FrameBytes.skip(seqPart)) return undefined
  const seq = FrameBytes.count()
  if (!(seq >= 0) || !FrameBytes.skip(tickerPart)) return undefined
  const market = readMarket()
  if (market < 0) return undefined
  const priceE4 = FrameBytes.fourDigits()
  if (!(priceE4 > 0) || !FrameBytes.skip(changePart)) return undefined
  const deltaE2 = FrameBytes.hundredths()
  if (Number.isNaN(deltaE2)) return undefined
  const isYes = FrameBytes.skip(yesPart)
  if (!isYes && !FrameBytes.skip(noPart)) return undefined
  let tsExchangeMicros: number | null = null
  let tsSentMicros: number | null = null
  if (FrameBytes.skip(timePart)) {
    tsExchangeMicros = FrameBytes.timeMicros()
    if (!(tsExchangeMicros >= 0)) return undefined
  }
  if (FrameBytes.skip(millisPart)) {
    const micros = FrameBytes.count() * 1000
    if (!(micros <= Number.MAX_SAFE_INTEGER)) return undefined
    tsExchangeMicros ??= micros
  }
  if (!FrameBytes.skipByte(braceClose)) return undefined
  if (FrameBytes.byte() === comma) {
    if (!FrameBytes.skip(sentPart)) return undefined
    tsSentMicros = FrameBytes.count() * 1000
    if (!(tsSentMicros <= Number.MAX_SAFE_INTEGER)) return undefined
  }
  if (!FrameBytes.skipByte(braceClose)) return undefined
  FrameBytes.skipByte(newline)
  if (!FrameBytes.isAtEnd()) return undefined
  return {
    _tag: "orderbook_delta",
    sid,
    seq,
    marketTicker: marketTickers[market] as string,
    marketId: marketIds[market] as string,
    side: isYes ? "yes" : "no",
    priceE4,
    deltaE2,
    tsExchangeMicros,
    tsSentMicros,
    unknownFields: noUnknownFields
  }
}

/**
 * The names of markets by their bytes in a frame, from the first of the ticker through `pricePart`. Made once per market, so that its
 * frames share the strings. A table of open addressing with bounded probes; when all places of a hash are taken, the one at home is
 * used again. About 300 bytes a market.
 */
const marketPlaces = 32_768
const probesMax = 8
const marketBytes = FrameBytes.shelf(marketPlaces)
const marketTickers = new Array<string>(marketPlaces).fill("")
const marketIds = new Array<string>(marketPlaces).fill("")

/** Reads ticker and id, and moves behind `pricePart`. Returns the market's place, -1 when they cannot be read. */
const readMarket = (): number => {
  const hash = FrameBytes.hashToQuote()
  const home = (hash ^ (hash >>> 15)) & (marketPlaces - 1)
  let free = -1
  for (let probe = 0; probe < probesMax; probe++) {
    const place = (home + probe) & (marketPlaces - 1)
    if (FrameBytes.skipShelved(marketBytes, place)) return place
    if (FrameBytes.isEmptyPlace(marketBytes, place)) {
      free = place
      break
    }
  }
  return readMarketAnew(free < 0 ? home : free)
}

const readMarketAnew = (place: number): number => {
  const marketTicker = FrameBytes.textToQuote()
  if (marketTicker === undefined || marketTicker === "" || !FrameBytes.skip(marketIdPart)) return -1
  const marketId = FrameBytes.textToQuote()
  if (marketId === undefined || !FrameBytes.skip(pricePart)) return -1
  const piece = FrameBytes.part(`${marketTicker}","market_id":"${marketId}","price_dollars":"0.`)
  if (!FrameBytes.put(marketBytes, place, piece)) return -1
  marketTickers[place] = marketTicker
  marketIds[place] = marketId
  return place
}
