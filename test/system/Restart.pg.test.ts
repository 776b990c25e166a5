/** What a reader sees when the recorder is stopped and started: no hole in the offsets, and a gap for the time it was away. */
import { assert, describe, it } from "@effect/vitest"
import type { Orderbook } from "@kalshibook/core/contract/OrderbookAnswer"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Effect } from "effect"
import * as System from "./System.ts"

const recordedAtLeast = (recording: System.Recording, records: number) =>
  System.until(
    recording.collector,
    (status) => status.recordsCommitted >= records && status.marketsByState.waiting === 0
  )

describe("a recorder that is stopped and started again", () => {
  it.live(
    "goes on at the next offset of every log, answers stale for the time it was away, and is trusted again after it",
    () =>
      Effect.gen(function* () {
        const system = yield* System.start({ marketsOpen: 20, deltasPerSecond: 400, seed: 3 })
        yield* recordedAtLeast(system, 600)
        yield* system.stop
        const [stopped] = yield* system.sql<{ micros: number }>`select ts_received_micros as micros from watermark`
        yield* Effect.sleep(300)
        const again = yield* system.startAgain
        yield* recordedAtLeast(again, 600)
        yield* again.stop

        const holes = yield* system.sql`
          select market_id from records group by market_id having count(*) <> max(record_offset) or min(record_offset) <> 1`
        assert.deepStrictEqual(holes, [])
        const backwards = yield* system.sql`
          select * from (
            select market_id, ts_received_micros - lag(ts_received_micros) over (partition by market_id order by record_offset) as step
            from records) as steps where step < 0`
        assert.deepStrictEqual(backwards, [])

        const markets = yield* system.sql<{ ticker: string; micros: number }>`
          select ticker, min(ts_received_micros) as micros from records join markets using (market_id)
          where kind = 's' and epoch = 2 group by ticker limit 5`
        assert.isAbove(markets.length, 0)
        const away = (stopped?.micros ?? 0) + 100_000
        for (const { micros, ticker } of markets) {
          const bookAt = (atMicros: number) =>
            Effect.map(
              system.get<Orderbook>(`/v1/markets/${ticker}/orderbook?at=${isoFromMicros(atMicros)}`),
              ({ body }) => body.trust
            )
          const meanwhile = yield* bookAt(away)
          assert.strictEqual(meanwhile.gap?.cause, "recorder_stopped")
          assert.strictEqual(meanwhile.gap?.to, isoFromMicros(micros))
          assert.strictEqual((yield* bookAt(micros)).state, "trusted")
        }
      }).pipe(Effect.scoped),
    60_000
  )
})
