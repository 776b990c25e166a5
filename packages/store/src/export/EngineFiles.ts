/**
 * What a backtesting engine gets of one market and one day: its files, by name, each made in memory from the fold of the market's rows
 * and its trades. Names and folders are those that the engine's own tools make.
 */
import { gzipSync } from "node:zlib"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { dateText } from "@kalshibook/core/cold/SegmentKeys"
import type { BookSink } from "@kalshibook/core/export/BookFold"
import * as HftbacktestEvents from "@kalshibook/core/export/HftbacktestEvents"
import * as NautilusInstrument from "@kalshibook/core/export/NautilusInstrument"
import * as NautilusRows from "@kalshibook/core/export/NautilusRows"
import * as TardisCsv from "@kalshibook/core/export/TardisCsv"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Effect } from "effect"
import * as NautilusParquet from "./NautilusParquet.ts"
import * as Npz from "./Npz.ts"

export const engineFormats = ["nautilus", "hftbacktest", "tardis"] as const
export type EngineFormat = (typeof engineFormats)[number]

/** A market's part of a day. */
export interface MarketDay {
  readonly marketTicker: MarketTicker
  /** [from, to) of what is exported, Unix microseconds. */
  readonly fromMicros: number
  readonly toMicros: number
  /** Kalshi's market object as last seen; empty where the catalogue has none. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface EngineFile {
  /** With `/` between folders. */
  readonly name: string
  readonly kind: "records" | "trades" | "markets"
  /** Rows or events in it. */
  readonly rows: number
  readonly pieces: ReadonlyArray<Uint8Array>
}

/** Collects the book; then makes the files. */
export interface EngineFiles {
  readonly sink: BookSink
  /** How many events of the book there are so far. */
  readonly events: () => number
  /** Trades are those of the same time, in the order of receipt. `undefined`: none are wanted. */
  readonly files: (
    trades: ReadonlyArray<TradeRecord> | undefined,
    isBookWanted: boolean
  ) => Effect.Effect<ReadonlyArray<EngineFile>, Npz.ArrayTooLarge>
}

export const make = (format: EngineFormat, day: MarketDay): EngineFiles => makers[format](day)

const makers: Readonly<Record<EngineFormat, (day: MarketDay) => EngineFiles>> = {
  nautilus: (day) => {
    const rows = NautilusRows.make()
    const { body, marketTicker } = day
    const id = NautilusInstrument.instrumentId(marketTicker)
    const span = `${fileTime(day.fromMicros)}_${fileTime(day.toMicros)}.parquet`
    return {
      sink: NautilusRows.sink(rows),
      events: () => rows.rows,
      files: Effect.fnUntraced(function* (trades, isBookWanted) {
        const json = new TextEncoder().encode(NautilusInstrument.instrumentJson(marketTicker, body))
        const files: Array<EngineFile> = [
          { name: `instruments/${fileText(id)}.json`, kind: "markets", rows: 1, pieces: [json] }
        ]
        if (isBookWanted) {
          const pieces = yield* inTurns(NautilusParquet.deltas(marketTicker, rows))
          files.push({ name: `order_book_deltas/${fileText(id)}/${span}`, kind: "records", rows: rows.rows, pieces })
        }
        if (trades !== undefined) {
          const pieces = yield* inTurns(NautilusParquet.trades(marketTicker, trades))
          files.push({ name: `trade_tick/${fileText(id)}/${span}`, kind: "trades", rows: trades.length, pieces })
        }
        return files
      })
    }
  },
  hftbacktest: (day) => {
    const events = HftbacktestEvents.make()
    return {
      sink: HftbacktestEvents.sink(events),
      events: () => events.rows,
      files: Effect.fnUntraced(function* (trades, isBookWanted) {
        if (!isBookWanted) events.rows = 0
        HftbacktestEvents.settleTimes(events)
        HftbacktestEvents.addTrades(events, trades ?? [])
        const { bytes, rows } = HftbacktestEvents.encode(events)
        const pieces = yield* Npz.pieces("data", [HftbacktestEvents.npyHeader(rows), bytes])
        const name = `${fileText(day.marketTicker)}_${dateText(day.fromMicros).replaceAll("-", "")}.npz`
        return [{ name, kind: isBookWanted ? ("records" as const) : ("trades" as const), rows, pieces }]
      })
    }
  },
  tardis: (day) => {
    const book = gzipLines(TardisCsv.bookHeader)
    const name = (type: string) =>
      `${TardisCsv.exchange}_${type}_${dateText(day.fromMicros)}_${fileText(day.marketTicker)}.csv.gz`
    return {
      sink: TardisCsv.sink(day.marketTicker, book.write),
      events: book.lines,
      files: (trades, isBookWanted) =>
        Effect.sync(() => {
          const files: Array<EngineFile> = []
          if (isBookWanted) {
            const pieces = book.end()
            files.push({ name: name("incremental_book_L2"), kind: "records", rows: book.lines(), pieces })
          }
          if (trades !== undefined) {
            const lines = gzipLines(TardisCsv.tradesHeader)
            for (const trade of trades) lines.write(TardisCsv.tradeLine(trade))
            files.push({ name: name("trades"), kind: "trades", rows: trades.length, pieces: lines.end() })
          }
          return files
        })
    }
  }
}

/** All pieces; whoever shares the process has a turn after each. */
const inTurns = Effect.fnUntraced(function* (pieces: Iterable<Uint8Array>) {
  const made: Array<Uint8Array> = []
  for (const piece of pieces) {
    made.push(piece)
    yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
  }
  return made
})

/** A time as a catalogue of the engine has it in file names. */
const fileTime = (micros: number): string => `${isoFromMicros(micros).slice(0, 26)}000Z`.replaceAll(/[:.]/g, "-")

/** A ticker as a part of an object's key: other characters than those are not in Kalshi's names. */
export const fileText = (text: string): string => text.replaceAll(/[^A-Za-z0-9._=-]/g, "_")

/** Lines that are held packed until they are half a megabyte: gzip members that follow each other are one file. */
const gzipLines = (header: string) => {
  const pieces: Array<Uint8Array> = []
  let text = header
  let lines = 0
  const pack = () => {
    if (text !== "") pieces.push(new Uint8Array(gzipSync(text)))
    text = ""
  }
  return {
    write: (line: string) => {
      text += line
      lines++
      if (text.length > 524_288) pack()
    },
    lines: () => lines,
    end: () => {
      pack()
      return pieces
    }
  }
}
