/** Files of days: made of the hours' files alone, and the same log in them. */
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Archiver } from "@kalshibook/archiver/Archiver"
import * as SealedManifest from "@kalshibook/archiver/SealedManifest"
import { Sealer } from "@kalshibook/archiver/Sealer"
import { Verifier } from "@kalshibook/archiver/Verifier"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import * as LogRowsReader from "@kalshibook/store/cold/LogRowsReader"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { Segments } from "@kalshibook/store/cold/Segments"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer, Option } from "effect"
import { batch, delta, snapshot, watermark } from "../../store/test/Batch.ts"
import * as PgTest from "../../store/test/PgTest.ts"
import * as Scene from "./Scene.ts"

/** 2026-11-23T00:00:00Z. */
const day = Scene.hour(13)
const round = Effect.flatMap(Archiver, (archiver) => archiver.round)

/** Two records of one market in each hour of the day; of another only a snapshot in the third. */
const record = Effect.gen(function* () {
  const hot = yield* HotTier
  const records = Array.from({ length: 48 }, (_, index) => {
    const at = {
      marketTicker: "KXDAY-1",
      offset: index + 1,
      tsReceivedMicros: day + Math.floor(index / 2) * hourMicros + 1 + (index % 2)
    }
    return index === 0 ? snapshot(at) : delta({ ...at, deltaE2: 100 + index })
  })
  const resting = snapshot({ marketTicker: "KXDAY-2", offset: 1, tsReceivedMicros: day + 2 * hourMicros + 5 })
  yield* hot.append(
    batch({
      records: [...records, resting],
      watermark: watermark({ tsReceivedMicros: day + 24 * hourMicros + 600_000_000 })
    })
  )
})

layer(HotTier.layerNoDeps.pipe(Layer.provideMerge(PgTest.layer)), { excludeTestServices: true })("A day", (it) => {
  it.effect(
    "is made of its hours once all are sealed, each market's keyframe once, and again when one of them is replaced",
    () =>
      Effect.gen(function* () {
        yield* record
        const root = yield* Scene.folder
        yield* Effect.gen(function* () {
          const segments = yield* Segments
          const { days, problems, sealed } = yield* round
          assert.deepStrictEqual([...problems], [])
          assert.deepStrictEqual([sealed, days], [24, 1])
          const current = yield* segments.current({ _tag: "day", fromMicros: day })
          const made = Option.getOrThrow(current)
          assert.deepStrictEqual([made.records, made.rows, made.markets], [49, 49, 2])
          const manifest = yield* SealedManifest.read(made)
          const last = Option.getOrThrow(yield* segments.current({ _tag: "hour", fromMicros: day + 23 * hourMicros }))
          const hourly = yield* SealedManifest.read(last)
          assert.deepStrictEqual(
            manifest.markets.map(({ book_hash, offset_first, offset_last }) => [book_hash, offset_first, offset_last]),
            hourly.markets.map(({ book_hash, offset_last }) => [book_hash, 1, offset_last])
          )
          assert.deepStrictEqual(yield* (yield* Verifier).problems(made), [])

          const folder = join(root, "objects")
          const connection = yield* (yield* DuckDb.make({ memoryMebibytes: 64, threads: 1, folders: [folder] })).connect
          const offsets: Array<number> = []
          yield* LogRowsReader.forEach(connection, { file: join(folder, manifest.files[0]?.key ?? "") }, (rows) => {
            for (let row = 0; row < rows.rows; row++) offsets.push(rows.offset[row] ?? 0)
          })
          assert.deepStrictEqual(offsets, [...Array.from({ length: 48 }, (_, index) => index + 1), 1])

          // A person asks for an hour again: nothing about it is new, so the day stays as well.
          yield* (yield* SegmentMarks).set({ hourMicros: day, reason: "asked for", tsMarkedMicros: 1 })
          assert.deepStrictEqual(yield* segments.daysDue, [])
          assert.strictEqual((yield* (yield* Sealer).hour(day)).outcome, "unchanged")
          assert.deepStrictEqual(yield* segments.daysDue, [])

          const hot = yield* HotTier
          const gap = {
            kind: "gap",
            marketTicker: "KXDAY-2",
            offset: 2,
            epoch: 1,
            sid: 1,
            seq: 0,
            tsExchangeMicros: null,
            tsReceivedMicros: day + 22 * hourMicros,
            cause: "audit",
            tsDetectedMicros: day + 24 * hourMicros
          } as const
          yield* hot.append(
            batch({ records: [gap], watermark: watermark({ tsReceivedMicros: day + 24 * hourMicros + 600_000_001 }) })
          )
          assert.deepStrictEqual(yield* segments.daysDue, [])
          const again = yield* round
          assert.deepStrictEqual([...again.problems], [])
          assert.deepStrictEqual([again.resealed, again.days], [2, 1])
          const next = Option.getOrThrow(yield* segments.current({ _tag: "day", fromMicros: day }))
          assert.deepStrictEqual([next.revision, next.records], [2, 50])
          const { markets } = yield* SealedManifest.read(next)
          assert.deepStrictEqual(
            markets.map((market) => market.gap_cause),
            [null, "audit"]
          )
          yield* Scene.sealedWhole(root)
        }).pipe(Effect.provide(Scene.archiver(root)))
      }).pipe(Effect.scoped),
    120_000
  )
})
