/** A log that was lost for more than a day: hours do not have it any more, and nothing that is asked of it changes. */
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Archiver } from "@kalshibook/archiver/Archiver"
import * as ArchiverParts from "@kalshibook/archiver/ArchiverParts"
import { Settings } from "@kalshibook/archiver/ArchiverSettings"
import * as ParquetMaker from "@kalshibook/archiver/ParquetMaker"
import * as SealedManifest from "@kalshibook/archiver/SealedManifest"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Coverage } from "@kalshibook/store/Coverage"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { Segments } from "@kalshibook/store/cold/Segments"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { batch, delta, gap, hourStartMicros, snapshot, watermark } from "../../store/test/Batch.ts"
import * as TwoTiers from "../../store/test/cold/TwoTiers.ts"

const hours = 29
const hour = (index: number): number => hourStartMicros + index * hourMicros
const minute = 60_000_000
const [lost, ended, steady] = ["KXREST-LOST", "KXREST-ENDED", "KXREST-STEADY"] as const

/** It has a book, is lost in the first hour, and goes on after more than a day: another gap comes before its snapshot. */
const logs: ReadonlyArray<BookRecord> = [
  snapshot({ marketTicker: lost, offset: 1, tsReceivedMicros: hour(0) }),
  delta({ marketTicker: lost, offset: 2, deltaE2: 700, tsReceivedMicros: hour(0) + minute }),
  gap({ marketTicker: lost, offset: 3, tsReceivedMicros: hour(0) + 2 * minute }),
  gap({ marketTicker: lost, offset: 4, cause: "silence", tsReceivedMicros: hour(27) + 10 * minute }),
  snapshot({
    marketTicker: lost,
    offset: 5,
    levels: { yes: [{ priceE4: 1_200, sizeE2: 5 }], no: [] },
    tsReceivedMicros: hour(27) + 20 * minute
  }),
  // The same, and its close is known before a day is over.
  snapshot({ marketTicker: ended, offset: 1, tsReceivedMicros: hour(0) }),
  gap({ marketTicker: ended, offset: 2, tsReceivedMicros: hour(0) + 2 * minute }),
  gap({ marketTicker: ended, offset: 3, cause: "market_closed", tsReceivedMicros: hour(2) }),
  snapshot({ marketTicker: steady, offset: 1, tsReceivedMicros: hour(0) }),
  delta({ marketTicker: steady, offset: 2, tsReceivedMicros: hour(28) })
]

const moments = [0, 3, 24.5, 25.5, 26.9, 27.05, 27.2, 27.4, 28.5].map((at) => hour(0) + at * hourMicros)

const answers = Effect.gen(function* () {
  const history = yield* History
  const listed: Array<ReadonlyArray<string>> = []
  const books: Array<unknown> = []
  for (const atMicros of moments) {
    const tickers = yield* history.recordedAt(atMicros)
    const many = yield* history.booksAt({ tickers, atMicros, clock: "received", withClosed: false })
    listed.push(many.books.map((book) => book.marketTicker))
    for (const marketTicker of [lost, steady]) {
      for (const clock of ["received", "exchange"] as const) {
        const { book, last, trust } = yield* history.bookAt(marketTicker, atMicros, clock)
        books.push({ marketTicker, atMicros, clock, trust, offset: last.offset, hash: Book.hash(book) })
      }
    }
  }
  return { listed, books }
})

const archiver = Layer.unwrap(
  Effect.map(TwoTiers.Folder, ({ path }) =>
    ArchiverParts.layer.pipe(
      Layer.provideMerge(ParquetMaker.layer),
      Layer.provide(Settings.layerOf({ workFolder: join(path, "work"), tapeFolder: join(path, "tape") }))
    )
  )
)

const tickersOf = Effect.fnUntraced(function* (index: number) {
  const [segment] = yield* (yield* Segments).list("hour", hour(index), hour(index + 1))
  if (segment === undefined) return []
  return (yield* SealedManifest.read(segment)).markets.map(
    (market) => `${market.market_ticker} ${market.has_keyframe ? "keyframe" : ""} ${market.records}`
  )
})

const world = Coverage.layerNoDeps.pipe(Layer.provideMerge(TwoTiers.layer()), Layer.provideMerge(Logger.layer([])))

/** On a machine that is busy with other tests. */
const loadedMillisMax = 120_000

layer(world, { excludeTestServices: true, timeout: loadedMillisMax })(
  "A log that was lost for more than a day",
  (it) => {
    it.effect(
      "leaves the hours, comes back with its last good book, and is answered the same throughout",
      () =>
        Effect.gen(function* () {
          const hot = yield* HotTier
          for (let index = 0; index <= hours; index++) {
            const records = logs.filter(
              ({ tsReceivedMicros }) => tsReceivedMicros >= hour(index) && tsReceivedMicros < hour(index + 1)
            )
            yield* hot.append(batch({ records, watermark: watermark({ tsReceivedMicros: hour(index) + 30 * minute }) }))
          }
          // A day at a time.
          for (let day = 0; day < 3; day++) yield* (yield* Coverage).rollUp
          const truth = yield* answers
          const round = Effect.flatMap(Archiver, (one) => one.round)

          const sealed = yield* round.pipe(Effect.provide(archiver))
          assert.deepStrictEqual([...sealed.problems], [])
          assert.strictEqual(sealed.sealed, hours)
          assert.deepStrictEqual(yield* answers, truth)

          assert.deepStrictEqual(yield* tickersOf(24), [`${lost} keyframe 0`, `${steady} keyframe 0`])
          assert.deepStrictEqual(yield* tickersOf(25), [`${steady} keyframe 0`])
          assert.deepStrictEqual(yield* tickersOf(26), [`${steady} keyframe 0`])
          assert.deepStrictEqual(yield* tickersOf(27), [`${lost} keyframe 2`, `${steady} keyframe 0`])
          assert.deepStrictEqual(yield* tickersOf(28), [`${lost} keyframe 0`, `${steady} keyframe 1`])

          // What the archiver would prove once more first.
          const sql = yield* SqlClient.SqlClient
          for (let index = 0; index < hours; index++) yield* sql`select prune_hour(${hour(index)}::bigint)`
          const [first, between] = [truth.listed[0], truth.listed[3]]
          assert.deepStrictEqual(first, [ended, lost, steady])
          // Nobody who asks for everything is kept from knowing that it is lost.
          assert.deepStrictEqual(between, [lost, steady])
          assert.deepStrictEqual(yield* answers, truth)
          assert.deepStrictEqual(yield* (yield* SealedHours).resting(hour(26)), [lost])

          // Sealed once more, also after the hours have left, they are the same.
          yield* Effect.gen(function* () {
            for (const index of [26, 27]) {
              yield* (yield* SegmentMarks).set({ hourMicros: hour(index), reason: "a test", tsMarkedMicros: 1 })
            }
            const again = yield* round
            assert.deepStrictEqual([...again.problems], [])
            assert.strictEqual(again.resealed, 0)
            assert.deepStrictEqual(yield* (yield* SegmentMarks).list(0, Number.MAX_SAFE_INTEGER), [])
          }).pipe(Effect.provide(archiver))
        }),
      loadedMillisMax
    )
  }
)
