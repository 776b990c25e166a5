/** Days without frames, held to what the exchange's books are in the end. */
import * as Book from "@kalshibook/core/Book"
import * as Replay from "@kalshibook/core/Replay"
import * as SwiftDays from "@kalshibook/simulator/past/SwiftDays"
import { assert, it } from "vitest"

/** 2026-11-21T00:00:00Z. */
const fromMicros = 1_795_219_200_000_000

it("the logs fold to the exchange's books, without a gap, and no record is behind its watermark", () => {
  const days = SwiftDays.make({ seed: 5, fromMicros, untilMicros: fromMicros + 3_600_000_000, deltasPerSecond: 20 })
  const replays = new Map<string, Replay.Replay>()
  let trades = 0
  let late = 0
  for (let batch = SwiftDays.next(days); batch !== undefined; batch = SwiftDays.next(days)) {
    trades += batch.rows.trades.length
    for (const record of batch.rows.records) {
      const replay = replays.get(record.marketTicker) ?? Replay.make()
      replays.set(record.marketTicker, replay)
      Replay.apply(replay, record)
      if (record.tsReceivedMicros > batch.mark.tsReceivedMicros) late++
    }
  }
  assert.strictEqual(late, 0)
  assert.isAbove(replays.size, 60)
  assert.isAbove(trades, 1_000)
  for (const market of days.logs.keys()) {
    const replay = replays.get(market.ticker)
    assert.strictEqual(replay?.trust._tag, "trusted")
    assert.strictEqual(replay === undefined ? "" : Book.hash(replay.book), Book.hash(market.book), market.ticker)
  }
})
