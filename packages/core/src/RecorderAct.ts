/**
 * What is done to a recorder beside handing it frames, as values: they stand on the tape between the frames, so that a recording
 * can be derived again from it. Each is JSON; its moment and its connection are those of its tape entry.
 */
import type { GapCause, MarketTicker } from "./BookRecord.ts"
import type { ChannelGap } from "./ChannelGap.ts"
import type { LogEnd } from "./MarketLog.ts"
import * as MarketLog from "./MarketLog.ts"
import type { PriceBand } from "./PriceGrid.ts"
import * as Recorder from "./Recorder.ts"

/** Where a market's log ends: what a recorder needs to go on writing it. */
export interface MarketEnd {
  readonly ticker: MarketTicker
  readonly end: LogEnd
}

/**
 * - `open`, `close`: a connection
 * - `begin`: a market is recorded from now on; `end` is where its log ends, `null` for a new one
 * - `prices`: the prices that a market allows, as bands
 * - `follow`, `unfollow`: the exchange sends these markets on the connection, or will not
 * - `forget`: markets are not recorded any more
 * - `doubt`: somebody who knows better says that a book is wrong
 * - `abandon`: an earlier recorder left these logs without a gap, and what happened since its last commit was not seen
 * - `missed`: the same of the channels of the whole exchange, and the latest exchange time that was known then
 */
export type RecorderAct =
  | { readonly act: "open"; readonly slot: number; readonly url: string; readonly source: string }
  | { readonly act: "close"; readonly cause: GapCause }
  | { readonly act: "begin"; readonly ticker: MarketTicker; readonly end: LogEnd | null }
  | { readonly act: "prices"; readonly ticker: MarketTicker; readonly bands: ReadonlyArray<PriceBand> }
  | { readonly act: "follow"; readonly tickers: ReadonlyArray<MarketTicker> }
  | { readonly act: "unfollow"; readonly tickers: ReadonlyArray<MarketTicker>; readonly cause: GapCause }
  | { readonly act: "forget"; readonly tickers: ReadonlyArray<MarketTicker>; readonly cause: GapCause }
  | { readonly act: "doubt"; readonly ticker: MarketTicker; readonly cause: GapCause }
  | {
      readonly act: "abandon"
      readonly ends: ReadonlyArray<MarketEnd>
      readonly cause: GapCause
      readonly proven: Proven
    }
  | {
      readonly act: "missed"
      readonly gaps: ReadonlyArray<ChannelGap>
      readonly tsExchangeMicros: number | null
      readonly tsExchangeReceivedMicros: number | null
    }

/** Up to where an earlier recorder's logs are known. */
export interface Proven {
  readonly epoch: number
  readonly tsReceivedMicros: number
  readonly tsExchangeMicros: number | null
}

/** Does it. Returns where the logs end that are not written any more because of it. */
export const perform = (
  recorder: Recorder.Recorder,
  epoch: number,
  act: RecorderAct,
  tsMicros: number
): ReadonlyArray<MarketEnd> => {
  switch (act.act) {
    case "open": {
      const { slot, source, url } = act
      const open = { tsOpenedMicros: tsMicros, tsClosedMicros: null, closeCause: null }
      Recorder.open(recorder, { epoch, slot, url, source, ...open })
      return []
    }
    case "close":
      Recorder.close(recorder, epoch, act.cause, tsMicros)
      return []
    case "begin":
      Recorder.begin(recorder, act.ticker, act.end ?? undefined)
      return []
    case "prices":
      Recorder.allowPrices(recorder, act.ticker, { bands: act.bands })
      return []
    case "follow":
      for (const ticker of act.tickers) Recorder.follow(recorder, epoch, ticker, tsMicros)
      return []
    case "unfollow":
      for (const ticker of act.tickers) Recorder.unfollow(recorder, ticker, act.cause, tsMicros)
      return []
    case "forget":
      return forget(recorder, act.tickers, act.cause, tsMicros)
    case "doubt":
      Recorder.doubt(recorder, act.ticker, act.cause, tsMicros)
      return []
    case "abandon":
      return act.ends.map(({ end, ticker }) => {
        const log = MarketLog.make(ticker, end)
        const { tsReceivedMicros, ...proven } = act.proven
        const start = { ...proven, sid: 0, seq: 0, cause: act.cause, tsReceivedMicros: tsReceivedMicros + 1 }
        MarketLog.resume(log, { ...start, tsDetectedMicros: tsMicros }, recorder.outbox)
        return { ticker, end: MarketLog.end(log) ?? end }
      })
    case "missed":
      recorder.tsExchangeMicros = act.tsExchangeMicros
      recorder.tsExchangeReceivedMicros = act.tsExchangeReceivedMicros
      for (const gap of act.gaps) {
        recorder.channels.set(gap.channel, gap)
        Recorder.noteChannelGap(recorder, gap)
      }
      return []
  }
}

const forget = (
  recorder: Recorder.Recorder,
  tickers: ReadonlyArray<MarketTicker>,
  cause: GapCause,
  tsMicros: number
): ReadonlyArray<MarketEnd> => {
  const ends: Array<MarketEnd> = []
  for (const ticker of tickers) {
    const end = Recorder.forget(recorder, ticker, cause, tsMicros)
    if (end !== undefined) ends.push({ ticker, end })
  }
  return ends
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** As it stands on the tape. */
export const encode = (act: RecorderAct): Uint8Array => encoder.encode(JSON.stringify(act))

/** An act of a tape: our own writing, whose checksum was proved, so it is not checked again. */
export const decode = (body: Uint8Array): RecorderAct => JSON.parse(decoder.decode(body)) as RecorderAct
