/**
 * Frames of a real session, one a line as they came: what is served again, to the byte.
 *
 * Refuses a file that does not fold: a snapshot before the deltas of each market, and no change that its book forbids.
 */
import * as Book from "@kalshibook/core/Book"
import type { BookLevels } from "@kalshibook/core/BookRecord"
import type { OrderbookDelta, OrderbookSnapshot, Trade } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import { Result } from "effect"

export interface RecordedFrame {
  readonly message: OrderbookSnapshot | OrderbookDelta | Trade
  /** The frame behind its seq, newline included. */
  readonly tail: string
  /** Exchange time of the frame; a snapshot has none and takes that of the frame before, or of the first that has one. */
  readonly tsMicros: number
}

export interface RecordedMarket {
  readonly marketTicker: string
  readonly marketId: string
  /** Its first snapshot: the book before the first frame is played. */
  readonly levels: BookLevels
  readonly snapshotTail: string
}

export interface Recording {
  /** By order of appearance. */
  readonly markets: ReadonlyArray<RecordedMarket>
  /** What is played: everything but the first snapshot of each market. */
  readonly frames: ReadonlyArray<RecordedFrame>
  /** The sid of the order book subscription. */
  readonly sid: number
  /** Frames of other kinds (acks, summaries), which are not served. */
  readonly framesLeftOut: number
}

/** Type, sid and seq in the exchange's own order, and what follows. */
const numberedFrame = /^\{"type":"\w+","sid":(\d+),"seq":\d+(,.*\})\s*$/s

const encoder = new TextEncoder()

type Kept = { readonly line: number; readonly message: RecordedFrame["message"]; readonly tail: string }

/** Reads the text of a recording; fails with the first problem, for people. */
export const parse = (text: string): Result.Result<Recording, string> => {
  const kept: Array<Kept> = []
  let sid = 0
  let framesLeftOut = 0
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue
    // As bytes, for the fast path of the many.
    const message = Wire.decode(encoder.encode(line))
    if (message._tag === "undecodable") return Result.fail(`line ${index + 1}: ${message.problem}`)
    if (message._tag !== "orderbook_snapshot" && message._tag !== "orderbook_delta" && message._tag !== "trade") {
      framesLeftOut++
      continue
    }
    const match = numberedFrame.exec(line)
    if (match === null) return Result.fail(`line ${index + 1}: does not begin with type, sid and seq`)
    if (message._tag !== "trade") sid = message.sid
    kept.push({ line: index + 1, message, tail: `${match[2]}\n` })
  }
  return Result.map(fold(kept), (folded) => ({ ...folded, sid, framesLeftOut }))
}

const fold = (kept: ReadonlyArray<Kept>): Result.Result<Pick<Recording, "markets" | "frames">, string> => {
  const markets: Array<RecordedMarket> = []
  const books = new Map<string, Book.Book>()
  const frames: Array<RecordedFrame> = []
  let tsMicros = kept.map(({ message }) => timeOf(message)).find((time) => time !== undefined) ?? 0
  for (const { line, message, tail } of kept) {
    tsMicros = Math.max(tsMicros, timeOf(message) ?? 0)
    const { marketTicker } = message
    const book = books.get(marketTicker)
    if (message._tag === "orderbook_snapshot") {
      books.set(marketTicker, Book.fromLevels(message.levels))
      if (book !== undefined) frames.push({ message, tail, tsMicros })
      else markets.push({ marketTicker, marketId: message.marketId ?? "", levels: message.levels, snapshotTail: tail })
      continue
    }
    if (book === undefined) return Result.fail(`line ${line}: ${marketTicker} has no snapshot yet`)
    if (message._tag === "orderbook_delta") {
      const problem = Book.apply(book, message.side, message.priceE4, message.deltaE2)
      if (problem !== undefined) return Result.fail(`line ${line}: ${marketTicker}: ${problem}`)
    }
    frames.push({ message, tail, tsMicros })
  }
  return markets.length === 0 ? Result.fail("there is no snapshot in it") : Result.succeed({ markets, frames })
}

const timeOf = (message: RecordedFrame["message"]): number | undefined =>
  message._tag === "orderbook_snapshot" ? undefined : (message.tsExchangeMicros ?? undefined)
