/**
 * An hour out of a tape, as the hot tier would give it: the recorder's own code derives the records again, so that the files made of
 * them are the same bytes.
 *
 * The records of the hour are in memory until they are read, about 100 bytes a row. What no tape holds is not in it: trades that were
 * filled by REST, gaps that an audit by another process added, metadata.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Outbox from "@kalshibook/core/Outbox"
import * as Replay from "@kalshibook/core/Replay"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import * as TapeReplay from "@kalshibook/core/TapeReplay"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { Data, Effect, Stream } from "effect"
import type { Openings } from "./HourFromHot.ts"
import type { SideRow } from "./HourSideRows.ts"
import { jsonInOrder } from "./JsonInOrder.ts"

/** Entries are missing: what follows would be guessed. */
export class TapeTorn extends Data.TaggedError("TapeTorn")<{ readonly entryExpected: number; readonly entry: number }> {
  override get message(): string {
    return `the tape goes on with entry ${this.entry}, where ${this.entryExpected} must come`
  }
}

export interface Options {
  /** Beginning of the hour, Unix microseconds. */
  readonly fromMicros: number
  /**
   * The states before the hour, as the rows of the hour before fold; the entries may then begin at any checkpoint that is whole before
   * the hour. Absent: the entries are those of the tape from its beginning.
   */
  readonly openings?: Openings | undefined
}

export interface HourFromTape {
  /** Rows in the order of the files; to be read once. */
  readonly rows: Stream.Stream<LogRows.LogRows>
  readonly trades: ReadonlyArray<SideRow>
  readonly lifecycle: ReadonlyArray<SideRow>
  /** The first and last entry of which records, trades or lifecycle messages are in the hour; 0 where there is none. */
  readonly entryFirst: number
  readonly entryLast: number
}

const marketRows = 512

/**
 * Reads the entries to their end. They must reach as far behind the hour as whatever it is compared with: a gap may be noticed after the
 * hour in which it begins.
 */
export const read = Effect.fn("HourFromTape.read")(function* <E>(
  entries: Stream.Stream<ReadonlyArray<TapeEntry>, E>,
  { fromMicros, openings }: Options
): Effect.fn.Return<HourFromTape, E | TapeTorn> {
  const toMicros = fromMicros + hourMicros
  const isWithin = ({ tsReceivedMicros }: { readonly tsReceivedMicros: number }): boolean =>
    tsReceivedMicros >= fromMicros && tsReceivedMicros < toMicros
  const replay = TapeReplay.make()
  const states = new Map(openings)
  const logs = new Map<MarketTicker, MarketRows>()
  const trades = new Map<string, TradeRecord>()
  const lifecycle: Array<LifecycleRecord> = []
  let entryFirst = 0
  let entryLast = 0

  const take = (entry: TapeEntry): void => {
    TapeReplay.apply(replay, entry)
    const { outbox } = replay.recorder
    if (Outbox.isEmpty(outbox)) return
    let isIn = false
    for (const record of outbox.records) {
      const { marketTicker, tsReceivedMicros } = record
      if (isWithin(record)) {
        isIn = true
        const log = logs.get(marketTicker) ?? marketRowsOf(states.get(marketTicker))
        logs.set(marketTicker, log)
        log.builder.record(record)
      } else if (openings === undefined && tsReceivedMicros < fromMicros) {
        const state = states.get(marketTicker) ?? Replay.make()
        states.set(marketTicker, state)
        Replay.apply(state, record)
      }
    }
    for (const trade of outbox.trades) {
      if (trades.has(trade.tradeId)) continue
      // One that came before is stored then, and not again.
      trades.set(trade.tradeId, trade)
      isIn ||= isWithin(trade)
    }
    for (const message of outbox.lifecycle) {
      if (!isWithin(message)) continue
      isIn = true
      lifecycle.push(message)
    }
    Outbox.clear(outbox)
    if (!isIn) return
    if (entryFirst === 0) entryFirst = entry.number
    entryLast = entry.number
  }

  yield* Stream.runForEach(entries, (group): Effect.Effect<void, TapeTorn> => {
    for (const entry of group) {
      if (!TapeReplay.isNext(replay, entry)) {
        return Effect.fail(new TapeTorn({ entryExpected: replay.entryLast + 1, entry: entry.number }))
      }
      take(entry)
    }
    return Effect.void
  })

  for (const [ticker, state] of states) {
    if (!logs.has(ticker) && LogRowsBuilder.hasKeyframe(state)) logs.set(ticker, marketRowsOf(state))
  }
  const tickers = [...logs.keys()].sort(LogRowsBuilder.compareTickers)
  return {
    rows: Stream.flatMap(Stream.fromIterable(tickers), (ticker) => {
      const { builder, parts } = logs.get(ticker) as MarketRows
      builder.flush()
      logs.delete(ticker)
      return Stream.fromIterable(parts)
    }),
    trades: [...trades.values()].filter(isWithin).map(tradeRow),
    lifecycle: lifecycle.map(lifecycleRow),
    entryFirst,
    entryLast
  }
})

/** Rows of one market, of its state before the hour first. */
interface MarketRows {
  readonly builder: LogRowsBuilder.LogRowsBuilder
  readonly parts: Array<LogRows.LogRows>
}

const marketRowsOf = (state: Replay.Replay | undefined): MarketRows => {
  const parts: Array<LogRows.LogRows> = []
  const builder = LogRowsBuilder.make(marketRows, (rows) => parts.push(rows))
  if (state !== undefined) builder.keyframe(state)
  return { builder, parts }
}

const tradeRow = (trade: TradeRecord): SideRow => [
  trade.marketTicker,
  trade.tradeId,
  trade.tsExchangeMicros,
  trade.tsReceivedMicros,
  trade.epoch,
  trade.sid,
  trade.seq,
  trade.yesPriceE4,
  trade.sizeE2,
  trade.takerSide,
  trade.isBlockTrade,
  false
]

const lifecycleRow = (message: LifecycleRecord): SideRow => [
  message.ticker,
  message.eventType,
  message.tsReceivedMicros,
  message.epoch,
  message.sid,
  message.seq,
  jsonInOrder(message.body)
]
