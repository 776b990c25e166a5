/** Frames for the tests of the wire: random messages of every kind, ways to damage a frame, and the recorded production frames. */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { BookLevels, Level, Side } from "@kalshibook/core/BookRecord"
import {
  noUnknownFields,
  type OrderbookDelta,
  type OrderbookSnapshot,
  type ServerMessage
} from "@kalshibook/core/kalshi/ServerMessage"
import fc from "fast-check"

const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..")

/** Where recorded frames are, `undefined` when they are not on this machine. They are never part of the repository. */
export const recordedDirectory = (): string | undefined => {
  const directory = resolve(repositoryRoot, process.env["KALSHI_RECORDED_DIR"] ?? "../shared/kalshi/recorded")
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true ? directory : undefined
}

/** Every recorded frame, one a line in the files, as text without its newline. */
export const recordedFrames = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(directory, name), "utf8").trimEnd().split("\n"))

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const side = fc.constantFrom<Side>("yes", "no")
const count = fc.integer({ min: 1, max: 1_000_000_000 })
const sid = fc.integer({ min: 1, max: 40 })
const priceE4 = fc.integer({ min: 1, max: 9_999 })
const sizeE2 = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 999_999_999_999_999 }))
const deltaE2 = fc.oneof(
  fc.integer({ min: -5_000, max: 5_000 }),
  fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 })
)
/** From 1970 to 2255. */
const micros = fc.oneof(
  fc.integer({ min: 1_777_000_000_000_000, max: 1_800_000_000_000_000 }),
  fc.integer({ min: 0, max: 8_990_000_000_000_000 })
)
const millisInMicros = micros.map((value) => Math.floor(value / 1000) * 1000)
const secondsOrMillis = fc.constantFrom(1, 10, 1_000, 100_000, 1_000_000)
/** Often with a cut fraction: the exchange leaves out trailing zeros. */
const microsRounded = fc.tuple(micros, secondsOrMillis).map(([value, unit]) => Math.floor(value / unit) * unit)
const tickerLetter = fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
/** Real tickers have dots. A few share a prefix, so that the names of markets collide. */
const ticker = fc.oneof(
  fc.constantFrom("KXBTCD-26JUL0609-T62399.99", "KXBTCD-26JUL0609-T62399.9", "KXBTC15M-26MAY141815-15"),
  fc.string({ unit: tickerLetter, minLength: 1, maxLength: 60 })
)
const marketId = fc.uuid()
const sent = fc.option(millisInMicros)
const seqMaybe = fc.option(count)
const head = { tsSentMicros: sent, unknownFields: fc.constant(noUnknownFields) }

export const delta: fc.Arbitrary<OrderbookDelta> = fc.record({
  _tag: fc.constant("orderbook_delta"),
  sid,
  seq: count,
  marketTicker: ticker,
  marketId,
  side,
  priceE4,
  deltaE2,
  tsExchangeMicros: fc.option(microsRounded),
  ...head
})

const levels: fc.Arbitrary<ReadonlyArray<Level>> = fc
  .uniqueArray(fc.record({ priceE4, sizeE2 }), { selector: (level) => level.priceE4, maxLength: 30 })
  .map((list) => list.toSorted((left, right) => left.priceE4 - right.priceE4))
const bookLevels: fc.Arbitrary<BookLevels> = fc.record({ yes: levels, no: levels })

export const snapshot: fc.Arbitrary<OrderbookSnapshot> = fc.record({
  _tag: fc.constant("orderbook_snapshot"),
  sid,
  seq: count,
  id: fc.option(count),
  marketTicker: ticker,
  marketId: fc.option(marketId),
  levels: bookLevels,
  ...head
})

const quoteE4 = fc.integer({ min: 0, max: 10_000 })
const body = fc.record({ market_ticker: ticker, event_type: fc.constantFrom("settled", "created"), settled_ts: count })
const tickers = fc.array(ticker, { minLength: 2, maxLength: 5 })

/** Every kind of message that has a text of its own. */
export const message: fc.Arbitrary<ServerMessage> = fc.oneof(
  delta,
  snapshot,
  fc.record({
    _tag: fc.constant("trade" as const),
    sid,
    seq: seqMaybe,
    tradeId: fc.uuid(),
    marketTicker: ticker,
    yesPriceE4: priceE4,
    sizeE2,
    takerSide: side,
    isBlockTrade: fc.boolean(),
    tsExchangeMicros: millisInMicros,
    ...head
  }),
  fc.record({
    _tag: fc.constant("ticker" as const),
    sid,
    marketTicker: ticker,
    marketId: fc.option(marketId),
    lastPriceE4: fc.option(quoteE4),
    yesBidE4: quoteE4,
    yesAskE4: quoteE4,
    yesBidSizeE2: sizeE2,
    yesAskSizeE2: sizeE2,
    lastTradeSizeE2: sizeE2,
    volumeE2: sizeE2,
    openInterestE2: sizeE2,
    volumeDollars: count,
    openInterestDollars: count,
    tsExchangeMicros: microsRounded,
    ...head
  }),
  fc.record({ sid, seq: seqMaybe, body, ...head }).map((fields) => ({
    ...fields,
    _tag: "market_lifecycle_v2" as const,
    marketTicker: fields.body.market_ticker,
    eventType: fields.body.event_type
  })),
  fc
    .record({ sid, seq: seqMaybe, body: fc.record({ event_ticker: ticker, title: fc.string() }), ...head })
    .map((fields) => ({
      ...fields,
      _tag: "event_lifecycle" as const,
      eventTicker: fields.body.event_ticker
    })),
  fc.record({
    _tag: fc.constant("subscribed" as const),
    id: fc.option(count),
    channel: fc.constantFrom("trade", "orderbook_delta"),
    sid,
    ...head
  }),
  fc.record({
    _tag: fc.constant("ok" as const),
    id: fc.option(count),
    sid: fc.option(sid),
    seq: seqMaybe,
    marketTickers: fc.option(tickers),
    marketIds: fc.option(fc.array(marketId, { maxLength: 3 })),
    subscriptions: fc.constant(null),
    ...head
  }),
  fc.record({
    _tag: fc.constant("ok" as const),
    id: fc.option(count),
    sid: fc.constant(null),
    seq: fc.constant(null),
    marketTickers: fc.constant(null),
    marketIds: fc.constant(null),
    subscriptions: fc.array(fc.record({ channel: fc.constantFrom("trade", "ticker"), sid }), { maxLength: 4 }),
    ...head
  }),
  fc.record({ _tag: fc.constant("unsubscribed" as const), id: fc.option(count), sid, seq: seqMaybe, ...head }),
  fc.record({
    _tag: fc.constant("error" as const),
    id: fc.option(count),
    code: fc.integer({ min: 1, max: 40 }),
    message: fc.string(),
    sid: fc.option(sid),
    seq: seqMaybe,
    marketTickers: fc.option(fc.oneof(tickers, fc.tuple(ticker))),
    ...head
  })
)

/** Bytes that hurt: JSON's own, digits, controls, and halves of UTF-8. */
const hurtfulByte = fc.oneof(
  fc.constantFrom(...bytesOf('"\\{}[],:.-+eE0123456789nulZTs \n\t')),
  fc.integer({ min: 0, max: 255 })
)

/** One to three changes of single bytes, a cut, or a piece said twice. */
export const damaged = (frame: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      frame,
      fc.array(fc.tuple(fc.nat(400), fc.constantFrom("set", "insert", "remove", "cut", "repeat"), hurtfulByte), {
        minLength: 1,
        maxLength: 3
      })
    )
    .map(([bytes, changes]) => changes.reduce(damage, Array.from(bytes)))
    .map((bytes) => Uint8Array.from(bytes))

const damage = (bytes: Array<number>, [place, kind, byte]: readonly [number, string, number]): Array<number> => {
  if (bytes.length === 0) return [byte]
  const at = place % bytes.length
  switch (kind) {
    case "set":
      return bytes.with(at, byte)
    case "insert":
      return bytes.toSpliced(at, 0, byte)
    case "remove":
      return bytes.toSpliced(at, 1)
    case "cut":
      return bytes.slice(0, at)
    default:
      return bytes.toSpliced(at, 0, ...bytes.slice(at, at + 12))
  }
}
