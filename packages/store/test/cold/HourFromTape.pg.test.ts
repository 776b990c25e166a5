/** The same hour from the tape and from the Postgres into which it was recorded. */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { hourMicros as hourWidthMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Outbox from "@kalshibook/core/Outbox"
import * as TapeReplay from "@kalshibook/core/TapeReplay"
import * as HourFromHot from "@kalshibook/store/cold/HourFromHot"
import * as HourFromTape from "@kalshibook/store/cold/HourFromTape"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import * as SideRowsWriter from "@kalshibook/store/cold/SideRowsWriter"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer, Stream } from "effect"
import { watermark } from "../Batch.ts"
import * as PgTest from "../PgTest.ts"
import * as ColdLogs from "./ColdLogs.ts"
import * as ColdTape from "./ColdTape.ts"

const tape = ColdTape.make()

const recorded = Layer.effectDiscard(
  Effect.gen(function* () {
    const hot = yield* HotTier
    const replay = TapeReplay.make()
    for (const entry of tape) {
      TapeReplay.apply(replay, entry)
      if (entry.number % 200 > 0 && entry.number < tape.length) continue
      const { tsReceivedMicros } = entry
      yield* hot.append({ ...Outbox.drain(replay.recorder.outbox), watermark: watermark({ tsReceivedMicros }) })
    }
  })
)

const stores = recorded.pipe(Layer.provideMerge(HotTier.layerNoDeps), Layer.provideMerge(PgTest.layer))

const options = { fileBytesMax: 30_000, codeRevision: "test" }

layer(stores, { excludeTestServices: true })("HourFromTape", (it) => {
  it.effect("gives the bytes that the hot tier gives, hour by hour, and tells from which entries", () =>
    Effect.gen(function* () {
      const { config } = yield* PgClient.PgClient
      const { db, folder } = yield* ColdLogs.place
      let openings: HourFromHot.Openings | undefined
      for (const fromMicros of [ColdLogs.hourMicros - hourWidthMicros, ColdLogs.hourMicros]) {
        const hot = yield* HourFromHot.open(config, { fromMicros })
        const ours = yield* LogRowsWriter.write(db, hot.rows, { ...options, folder })
        const side = yield* hot.sideRows([])
        const trades = yield* SideRowsWriter.write(db, "trades", side.trades, { ...options, folder })
        assert.isAbove(ours.records, 500)
        assert.isAbove(trades[0]?.rows ?? 0, 20)
        for (const given of openings === undefined ? [undefined] : [undefined, openings]) {
          const again = yield* HourFromTape.read(Stream.fromIterable([tape]), { fromMicros, openings: given })
          const theirs = yield* LogRowsWriter.write(db, again.rows, { ...options, folder })
          assert.deepStrictEqual(theirs.files, ours.files)
          assert.deepStrictEqual(theirs.markets, ours.markets)
          assert.deepStrictEqual(
            yield* SideRowsWriter.write(db, "trades", again.trades, { ...options, folder }),
            trades
          )
          assert.isAbove(again.entryLast, again.entryFirst)
          openings = theirs.states
        }
      }
    }).pipe(Effect.scoped)
  )

  it.effect("refuses a tape that lacks an entry", () =>
    Effect.gen(function* () {
      const torn = tape.filter(({ number }) => number !== 700)
      const error = yield* Effect.flip(
        HourFromTape.read(Stream.fromIterable([torn]), { fromMicros: ColdLogs.hourMicros })
      )
      assert.strictEqual(error._tag, "TapeTorn")
      assert.strictEqual(error.entry, 701)
    })
  )
})
