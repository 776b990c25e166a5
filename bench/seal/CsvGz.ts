/**
 * The same rows as Tardis' `incremental_book_L2` of a whole exchange, ordered by `local_timestamp` as that format is, CSV in gzip: with
 * what the size of the files is compared.
 */
import { createGzip } from "node:zlib"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { dollarsFromPriceE4 } from "@kalshibook/core/Units"
import { startMicros } from "./HourOfLogs.ts"

const header = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
const dollarE4 = 10_000
const linesPerWrite = 5_000
const bucketMicros = 500

/** All rows with the size that their level has afterwards: in that format the amount is no change. */
interface Lines {
  readonly count: number
  readonly tickers: ReadonlyArray<string>
  readonly market: Uint16Array
  readonly exchangeMicros: Float64Array
  readonly receivedMicros: Float64Array
  readonly isSnapshot: Uint8Array
  readonly isBid: Uint8Array
  readonly priceE4: Uint16Array
  readonly sizeE2: Float64Array
}

const linesOf = (batches: Iterable<LogRows.LogRows>, rowsMax: number): Lines => {
  const tickers: Array<string> = []
  const sizes = new Map<number, number>()
  const market = new Uint16Array(rowsMax)
  const exchangeMicros = new Float64Array(rowsMax)
  const receivedMicros = new Float64Array(rowsMax)
  const isSnapshot = new Uint8Array(rowsMax)
  const isBid = new Uint8Array(rowsMax)
  const priceE4 = new Uint16Array(rowsMax)
  const sizeE2 = new Float64Array(rowsMax)
  let count = 0
  for (const rows of batches) {
    for (let row = 0; row < rows.rows; row++, count++) {
      const ticker = LogRows.tickerAt(rows, row)
      if (ticker !== tickers.at(-1)) {
        tickers.push(ticker)
        sizes.clear()
      }
      const isKeyframe = rows.kind[row] !== LogRows.kindDelta
      const key = (rows.priceE4[row] as number) * 4 + (rows.side[row] as number)
      const size = (isKeyframe ? 0 : (sizes.get(key) ?? 0)) + (rows.sizeE2[row] as number)
      sizes.set(key, size)
      const ownMicros = rows.tsExchangeMicros[row] as number
      market[count] = tickers.length - 1
      receivedMicros[count] = Math.max(startMicros, rows.tsReceivedMicros[row] as number)
      exchangeMicros[count] = Number.isNaN(ownMicros) ? (receivedMicros[count] as number) : ownMicros
      isSnapshot[count] = isKeyframe ? 1 : 0
      isBid[count] = rows.side[row] === LogRows.sideYes ? 1 : 0
      priceE4[count] = isBid[count] === 1 ? (rows.priceE4[row] as number) : dollarE4 - (rows.priceE4[row] as number)
      sizeE2[count] = size
    }
  }
  return { count, tickers, market, exchangeMicros, receivedMicros, isSnapshot, isBid, priceE4, sizeE2 }
}

/** Places of the lines by receipt; of one time as they come. */
const orderOf = ({ count, receivedMicros }: Lines): Uint32Array => {
  const starts = new Uint32Array(hourMicros / bucketMicros + 1)
  const bucketOf = (line: number): number => Math.floor(((receivedMicros[line] as number) - startMicros) / bucketMicros)
  for (let line = 0; line < count; line++) starts[bucketOf(line) + 1] = (starts[bucketOf(line) + 1] as number) + 1
  for (let bucket = 1; bucket < starts.length; bucket++) {
    starts[bucket] = (starts[bucket] as number) + (starts[bucket - 1] as number)
  }
  const ends = starts.slice()
  const order = new Uint32Array(count)
  for (let line = 0; line < count; line++) {
    const bucket = bucketOf(line)
    order[ends[bucket] as number] = line
    ends[bucket] = (ends[bucket] as number) + 1
  }
  for (let bucket = 0; bucket + 1 < starts.length; bucket++) {
    const within = order.subarray(starts[bucket], ends[bucket])
    if (within.length > 1) {
      within.sort((left, right) => (receivedMicros[left] as number) - (receivedMicros[right] as number) || left - right)
    }
  }
  return order
}

/** How many bytes it takes. The no side is told as asks, as that format knows bids and asks of one price. */
export const bytesOf = async (batches: Iterable<LogRows.LogRows>, rowsMax: number): Promise<number> => {
  const lines = linesOf(batches, rowsMax)
  const gzip = createGzip()
  let bytes = 0
  gzip.on("data", (part: Buffer) => {
    bytes += part.length
  })
  gzip.write(header)
  let text = ""
  for (const [index, line] of orderOf(lines).entries()) {
    text += `kalshi,${lines.tickers[lines.market[line] as number]},${lines.exchangeMicros[line]},${lines.receivedMicros[line]},`
    text += `${lines.isSnapshot[line] === 1},${lines.isBid[line] === 1 ? "bid" : "ask"},`
    text += `${dollarsFromPriceE4(lines.priceE4[line] as number)},${(lines.sizeE2[line] as number) / 100}\n`
    if ((index + 1) % linesPerWrite > 0) continue
    if (!gzip.write(text)) await new Promise((resolve) => gzip.once("drain", resolve))
    text = ""
  }
  await new Promise<void>((resolve) => {
    gzip.once("end", resolve)
    gzip.end(text)
  })
  return bytes
}
