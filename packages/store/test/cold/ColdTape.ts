/** A tape to derive hours from: what it tells is recorded by the real recorder. */
import { hourMicros as hourWidthMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as RecorderAct from "@kalshibook/core/RecorderAct"
import type { TapeEntry, TapeEntryKind } from "@kalshibook/core/TapeEntry"
import { isoFromMicros, unitsToDecimal } from "@kalshibook/core/Units"
import * as ColdLogs from "./ColdLogs.ts"

/** A tape of frames as an exchange sends them, over the boundary of two hours, with connections that are lost. */
export const make = (): ReadonlyArray<TapeEntry> => {
  const below = ColdLogs.numbers(5)
  const entries: Array<TapeEntry> = []
  let nowMicros = ColdLogs.hourMicros - hourWidthMicros / 2
  const append = (kind: TapeEntryKind, epoch: number, body: Uint8Array): void => {
    nowMicros += below(2_000_000)
    entries.push({ number: entries.length + 1, kind, epoch, tsReceivedMicros: nowMicros, tsMonotonicMicros: 0, body })
  }
  const act = (epoch: number, what: RecorderAct.RecorderAct): void => append("act", epoch, RecorderAct.encode(what))
  const frame = (epoch: number, json: unknown): void =>
    append("received", epoch, new TextEncoder().encode(JSON.stringify(json)))
  const tickers = Array.from({ length: 12 }, (_, market) => ColdLogs.tickerOf(market))
  for (const ticker of tickers) act(0, { act: "begin", ticker, end: null })
  for (let epoch = 1; epoch <= 3; epoch++) {
    act(epoch, { act: "open", slot: 0, url: "ws://exchange", source: "simulator" })
    frame(epoch, { id: 1, type: "subscribed", msg: { channel: "orderbook_delta", sid: 1 } })
    frame(epoch, { id: 2, type: "subscribed", msg: { channel: "trade", sid: 2 } })
    act(epoch, { act: "follow", tickers })
    let seq = 0
    let tradeSeq = 0
    for (const market_ticker of tickers) {
      const ladder = Array.from({ length: 1 + below(5) }, (_, level) => [
        unitsToDecimal(100 * (level + 1), 4),
        "100.00"
      ])
      const msg = { market_ticker, yes_dollars_fp: ladder, no_dollars_fp: ladder }
      frame(epoch, { type: "orderbook_snapshot", sid: 1, seq: ++seq, msg })
    }
    for (let index = 0; index < 900; index++) {
      const market_ticker = tickers[below(tickers.length - (epoch === 2 ? 3 : 0))] as string
      const ts = isoFromMicros(nowMicros - below(30_000))
      const price_dollars = unitsToDecimal(100 * (1 + below(30)), 4)
      const msg = {
        market_ticker,
        price_dollars,
        delta_fp: unitsToDecimal(1 + below(9_999), 2),
        side: below(2) ? "yes" : "no",
        ts
      }
      // Now and then a frame is lost: the books of the subscription are not known, and get snapshots again.
      if (below(300) === 0) {
        seq++
        for (const market_ticker of tickers) {
          frame(epoch, {
            type: "orderbook_snapshot",
            sid: 1,
            seq: ++seq,
            msg: { market_ticker, yes_dollars_fp: [], no_dollars_fp: [] }
          })
        }
      }
      frame(epoch, { type: "orderbook_delta", sid: 1, seq: ++seq, msg })
      if (below(9) > 0) continue
      const trade = {
        trade_id: `${epoch}-${index}`,
        market_ticker,
        yes_price_dollars: "0.3600",
        no_price_dollars: "0.6400"
      }
      const ts_ms = Math.floor(nowMicros / 1_000)
      const rest = { count_fp: "1.50", taker_side: "no", is_block_trade: false, ts: Math.floor(ts_ms / 1_000), ts_ms }
      frame(epoch, { type: "trade", sid: 2, seq: ++tradeSeq, msg: { ...trade, ...rest } })
    }
    act(epoch, { act: "close", cause: "connection_lost" })
  }
  return entries
}
