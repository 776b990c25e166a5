/**
 * A market's book and trades as lines of the CSV files that tardis.dev sells (docs.tardis.dev, "Downloadable CSV files, data types",
 * 2026): `incremental_book_L2` and `trades`. Amounts are absolute, 0 takes a level away; times are Unix microseconds; a row whose two
 * times are equal had none of the exchange's.
 *
 * The format has no row that says "nothing is known": at a gap each level is taken away, so that the book is empty until the
 * snapshot. Before a snapshot those that were there are taken away too: who reads only changes gets the same book, and two
 * snapshots in a row are told apart.
 */
import * as Book from "../Book.ts"
import type { MarketTicker } from "../BookRecord.ts"
import type { TradeRecord } from "../TradeRecord.ts"
import { contractsFromSizeE2, dollarE4, dollarsFromPriceE4 } from "../Units.ts"
import type { BookSide, BookSink, Moment } from "./BookFold.ts"

/** In the column `exchange`. */
export const exchange = "kalshi"

export const bookHeader = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
export const tradesHeader = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"

/** Collects lines: `write` gets one at a time, with its line feed. */
export const sink = (marketTicker: MarketTicker, write: (line: string) => void): BookSink => {
  const symbol = csvText(marketTicker)
  const line = (moment: Moment, isSnapshot: boolean, side: BookSide, priceE4: number, sizeE2: number): void => {
    const { tsExchangeMicros, tsReceivedMicros } = moment
    const timestamp = Number.isNaN(tsExchangeMicros) ? tsReceivedMicros : tsExchangeMicros
    const head = `${exchange},${symbol},${timestamp},${tsReceivedMicros},${isSnapshot}`
    write(`${head},${side},${dollarsFromPriceE4(priceE4)},${contractsFromSizeE2(sizeE2)}\n`)
  }
  return {
    clear: (moment, before) => {
      const { no, yes } = Book.levels(before)
      for (const { priceE4 } of yes) line(moment, false, "bid", priceE4, 0)
      for (const { priceE4 } of no) line(moment, false, "ask", dollarE4 - priceE4, 0)
    },
    snapshotLevel: (moment, side, priceE4, sizeE2) => line(moment, true, side, priceE4, sizeE2),
    change: (moment, side, priceE4, sizeE2) => line(moment, false, side, priceE4, sizeE2)
  }
}

/** A trade as a line: the taker bought yes, or sold it, which on Kalshi is buying no. */
export const tradeLine = (trade: TradeRecord): string =>
  [
    exchange,
    csvText(trade.marketTicker),
    trade.tsExchangeMicros,
    trade.tsReceivedMicros,
    trade.tradeId,
    trade.takerSide === "yes" ? "buy" : "sell",
    dollarsFromPriceE4(trade.yesPriceE4),
    `${contractsFromSizeE2(trade.sizeE2)}\n`
  ].join(",")

/** A text as a field of a CSV file (RFC 4180). */
export const csvText = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
