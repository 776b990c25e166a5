/**
 * A busy exchange written down as frames, for the simulator to serve as fast as a client reads: the snapshot of every open
 * market, then changes of their books in the order in which invented traders made them.
 *
 * The same settings give the same bytes. What comes of each market is returned, to compare a store with.
 */
import { closeSync, openSync, writeSync } from "node:fs"
import * as Book from "@kalshibook/core/Book"
import { noUnknownFields } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import { defaultSettings, type ExchangeSettings } from "@kalshibook/simulator/exchange/ExchangeSettings"
import * as Simulation from "@kalshibook/simulator/exchange/Simulation"
import * as FrameTail from "@kalshibook/simulator/session/FrameTail"

/** What comes of one market's frames: one that is missing, repeated or altered shows in one of the two. */
export interface MarketOutcome {
  readonly changes: number
  /** Digest of the book after the last change. */
  readonly bookHash: string
}

export interface RecordingFile {
  readonly markets: ReadonlyMap<string, MarketOutcome>
  readonly changes: number
  /** Mean length of a change's frame as it goes over the wire, without the websocket's own 4 bytes. */
  readonly frameBytesMean: number
}

const bookSid = 1
const linesPerWrite = 10_000
const stepsAtOnce = 100

/** Writes a recording of `changesWanted` changes or a few more. About 10 us a change. */
export const write = (path: string, marketsOpen: number, changesWanted: number, startMicros: number): RecordingFile => {
  const settings: ExchangeSettings = {
    ...defaultSettings,
    marketsOpen,
    deltasPerSecond: 50_000,
    startMicros,
    seed: 20261122
  }
  const simulation = Simulation.make(settings)
  const markets = [...simulation.exchange.markets.values()].filter(({ status }) => status === "active")
  const file = openSync(path, "w")
  let lines: Array<string> = []
  const flush = (): void => {
    writeSync(file, lines.join(""))
    lines = []
  }

  let seq = 0
  const changesOf = new Map<string, number>()
  for (const { book, marketId, ticker } of markets) {
    changesOf.set(ticker, 0)
    lines.push(
      Wire.encode({
        _tag: "orderbook_snapshot",
        sid: bookSid,
        seq: ++seq,
        id: null,
        marketTicker: ticker,
        marketId,
        levels: Book.levels(book),
        tsSentMicros: null,
        unknownFields: noUnknownFields
      })
    )
  }

  let changes = 0
  let bytes = 0
  simulation.exchange.listeners.add({
    levelChanged: (market, change) => {
      const before = changesOf.get(market.ticker)
      // A market that opened meanwhile has no snapshot in the recording.
      if (before === undefined) return
      const line = FrameTail.numbered(FrameTail.ofDelta(market, change, false), bookSid, ++seq)
      lines.push(line)
      changes++
      bytes += line.length
      changesOf.set(market.ticker, before + 1)
      if (lines.length >= linesPerWrite) flush()
    },
    bookReplaced: () => undefined,
    traded: () => undefined,
    noticed: () => undefined,
    marketForgotten: () => undefined
  })
  while (changes < changesWanted) Simulation.step(simulation, stepsAtOnce)
  flush()
  closeSync(file)
  const outcomes = markets.map(({ book, ticker }): [string, MarketOutcome] => [
    ticker,
    { changes: changesOf.get(ticker) ?? 0, bookHash: Book.hash(book) }
  ])
  return { markets: new Map(outcomes), changes, frameBytesMean: bytes / changes }
}
