/** A subscriber that keeps up to where it was told of each market, and believes nothing: every update is held to the truth. */
import { assert } from "@effect/vitest"
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { LiveUpdate } from "../../src/live/LiveMarkets.ts"
import type { ModelRecorder } from "./ModelRecorder.ts"

export interface ModelSubscriber {
  /** Up to where it was told, by market. */
  readonly told: ReadonlyMap<MarketTicker, Told>
  readonly counts: { ahead: number; rewritten: number; records: number }
  readonly hear: (update: LiveUpdate) => void
}

export interface Told {
  /** `undefined` where only the offset was told, and the log does not have it any more. */
  readonly last: BookRecord | undefined
  readonly offset: number
}

export const make = (recorder: ModelRecorder, offsetOf: (ticker: MarketTicker) => number): ModelSubscriber => {
  const told = new Map<MarketTicker, Told>()
  const counts = { ahead: 0, rewritten: 0, records: 0 }
  const hear = ({ recordsByMarket, resynced }: LiveUpdate): void => {
    for (const [ticker, how] of resynced) {
      assert.isFalse(recordsByMarket.has(ticker))
      counts[how]++
      const log = recorder.logs().get(ticker)
      const before = told.get(ticker)?.last
      // "ahead" promises that what was told last is part of the log.
      if (how === "ahead" && before !== undefined) assert.deepStrictEqual(log?.[before.offset - 1], before)
      const offset = offsetOf(ticker)
      told.set(ticker, { last: log?.[offset - 1], offset })
    }
    for (const [ticker, records] of recordsByMarket) {
      for (const record of records) {
        assert.strictEqual(record.offset, (told.get(ticker)?.offset ?? 0) + 1)
        told.set(ticker, { last: record, offset: record.offset })
        counts.records++
      }
      assert.strictEqual(offsetOf(ticker), told.get(ticker)?.offset)
    }
  }
  return { told, counts, hear }
}
