/**
 * The fast path for `orderbook_delta`, nine frames of ten: bytes to message by a template of the current form, without JSON.
 *
 * It is an optimization and nothing else. `Wire.decodeText` defines what a frame means; whatever differs from the template by one
 * byte (legacy forms, escapes, other key order, unknown fields, a number out of range) is declined and goes that way. A property
 * test holds both to the same result. Not reentrant, which a synchronous function without callbacks need not be.
 */
import * as FrameBytes from "./FrameBytes.ts"
import { noUnknownFields, type OrderbookDelta } from "./ServerMessage.ts"

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
  if (!(sid >= 0) || !FrameBytes.skip(seqPart)) return undefined
  const seq = FrameBytes.count()
  if (!(seq >= 0) || !FrameBytes.skip(tickerPart)) return undefined
  const market = readMarket()
  if (market === undefined) return undefined
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
    marketTicker: market.marketTicker,
    marketId: market.marketId,
    side: isYes ? "yes" : "no",
    priceE4,
    deltaE2,
    tsExchangeMicros,
    tsSentMicros,
    unknownFields: noUnknownFields
  }
}

/** A market's names as they stand in its frames. Made once per market, so that its frames share the strings. */
interface Market {
  /** Hash of the ticker's bytes. */
  readonly hash: number
  /** From the first byte of the ticker through `pricePart`. */
  readonly bytes: FrameBytes.Part
  readonly marketTicker: string
  readonly marketId: string
}

/** An open-addressing table; about 400 bytes a market in use. When all places of a hash are taken, the market at home gives way. */
const marketSlots = 65_536
const probesMax = 8
const markets = new Array<Market | undefined>(marketSlots).fill(undefined)

/** Reads ticker and id, and moves behind `pricePart`. */
const readMarket = (): Market | undefined => {
  const hash = FrameBytes.hashToQuote()
  const home = (hash ^ (hash >>> 15)) & (marketSlots - 1)
  let free = home
  for (let probe = 0; probe < probesMax; probe++) {
    const slot = (home + probe) & (marketSlots - 1)
    const known = markets[slot]
    if (known === undefined) {
      free = slot
      break
    }
    if (known.hash === hash && FrameBytes.skip(known.bytes)) return known
  }
  const market = readMarketAnew(hash)
  if (market !== undefined) markets[free] = market
  return market
}

const readMarketAnew = (hash: number): Market | undefined => {
  const marketTicker = FrameBytes.textToQuote()
  if (marketTicker === undefined || marketTicker === "" || !FrameBytes.skip(marketIdPart)) return undefined
  const marketId = FrameBytes.textToQuote()
  if (marketId === undefined || !FrameBytes.skip(pricePart)) return undefined
  return {
    hash,
    bytes: FrameBytes.part(`${marketTicker}","market_id":"${marketId}","price_dollars":"0.`),
    marketTicker,
    marketId
  }
}
