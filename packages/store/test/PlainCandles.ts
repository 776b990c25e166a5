/** Candles as they are meant: from a whole log and all trades, in one piece. */
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as Candles from "@kalshibook/core/Candles"
import * as Replay from "@kalshibook/core/Replay"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { hourMicros } from "@kalshibook/core/Units"

interface Asked {
  readonly fromMicros: number
  readonly toMicros: number
  readonly intervalMicros: number
}

const folder = (log: ReadonlyArray<BookRecord>) => {
  const replay = Replay.make()
  let at = 0
  const foldUntil = (atMicros: number): number => {
    for (let record = log[at]; record !== undefined; record = log[++at]) {
      if (record.tsReceivedMicros > atMicros) return record.tsReceivedMicros
      Replay.apply(replay, record)
    }
    return Number.POSITIVE_INFINITY
  }
  return { replay, foldUntil }
}

/** `trades` in their order; everything before `knownMicros` is there. */
export const of = (
  log: ReadonlyArray<BookRecord>,
  trades: ReadonlyArray<TradeRecord>,
  { fromMicros, intervalMicros, toMicros }: Asked,
  knownMicros: number
): ReadonlyArray<Candles.Candle> => {
  const { foldUntil, replay } = folder(log)
  foldUntil(fromMicros - 1)
  const times = [
    ...log.map(({ tsReceivedMicros }) => tsReceivedMicros),
    ...trades.map(({ tsExchangeMicros }) => tsExchangeMicros)
  ]
  const first = Math.min(...times.filter((micros) => micros >= fromMicros))
  if (replay.last === undefined && first >= knownMicros) return []
  const last = log.at(-1)
  const isClosed = last?.kind === "gap" && last.cause === "market_closed"
  const closedMicros = isClosed ? Candles.startOf(last.tsReceivedMicros, intervalMicros) + intervalMicros : knownMicros
  const late = trades.filter(
    ({ tsExchangeMicros: micros }) => micros >= closedMicros && micros < closedMicros + hourMicros
  )
  const endMicros = Math.max(closedMicros, (late.at(-1)?.tsExchangeMicros ?? 0) + 1)
  const found: Array<Candles.Candle> = []
  let start = replay.last === undefined ? Candles.startOf(first, intervalMicros) : fromMicros
  for (; start < Math.min(toMicros, endMicros, knownMicros); start += intervalMicros) {
    const candle = Candles.make(start, start + intervalMicros)
    Candles.addBook(candle, replay, start, Math.min(candle.endMicros, knownMicros), foldUntil)
    for (const trade of trades) {
      if (trade.tsExchangeMicros >= start && trade.tsExchangeMicros < candle.endMicros) Candles.addTrade(candle, trade)
    }
    found.push(candle)
  }
  return found
}
