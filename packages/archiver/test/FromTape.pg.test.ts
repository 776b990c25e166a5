/** Hours whose manifests name the entries of the tape that they came from, and which come again out of it when nothing else has them. */
import { readdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Archiver } from "@kalshibook/archiver/Archiver"
import * as SealedManifest from "@kalshibook/archiver/SealedManifest"
import { Sealer } from "@kalshibook/archiver/Sealer"
import type { Manifest } from "@kalshibook/core/cold/Manifest"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Outbox from "@kalshibook/core/Outbox"
import * as RecorderCheckpoint from "@kalshibook/core/RecorderCheckpoint"
import type { TapeEntryKind } from "@kalshibook/core/TapeEntry"
import * as TapeReplay from "@kalshibook/core/TapeReplay"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { Segments } from "@kalshibook/store/cold/Segments"
import { HotTier } from "@kalshibook/store/HotTier"
import { Tape } from "@kalshibook/store/tape/Tape"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { batch, gap, trade, watermark } from "../../store/test/Batch.ts"
import * as ColdLogs from "../../store/test/cold/ColdLogs.ts"
import * as ColdTape from "../../store/test/cold/ColdTape.ts"
import * as PgTest from "../../store/test/PgTest.ts"
import * as Scene from "./Scene.ts"

const hours = [ColdLogs.hourMicros - hourMicros, ColdLogs.hourMicros] as const
const batchEntries = 150
const segmentEntries = 700
const compressedMillisMax = 10_000

/** Records the tape as a collector does: onto the disk, in segments with a checkpoint each, and then batch by batch into Postgres. */
const record = (tapeFolder: string) =>
  Effect.gen(function* () {
    const tape = yield* Tape
    const hot = yield* HotTier
    const replay = TapeReplay.make()
    let tsReceivedMicros = 0
    const append = (kind: TapeEntryKind, epoch: number, body: Uint8Array): void => {
      const number = tape.append({ kind, epoch, tsReceivedMicros, body })
      TapeReplay.apply(replay, { kind, epoch, tsReceivedMicros, tsMonotonicMicros: 0, body, number })
    }
    const store = (nowMicros: number) =>
      hot.append({
        ...Outbox.drain(replay.recorder.outbox),
        watermark: watermark({ tsReceivedMicros: nowMicros, tapeId: tape.id, tapeEntry: tape.appended() })
      })
    for (const entry of ColdTape.make()) {
      tsReceivedMicros = entry.tsReceivedMicros
      append(entry.kind, entry.epoch, entry.body)
      if (entry.number % batchEntries === 0) yield* store(tsReceivedMicros)
      if (entry.number % segmentEntries > 0) continue
      yield* tape.rotate
      append("checkpoint_begin", 0, RecorderCheckpoint.beginning(replay.recorder))
      // All logs are in one part, which is the last.
      append("checkpoint_part", 0, RecorderCheckpoint.parts(replay.recorder).next().value)
      append("checkpoint_end", 0, new Uint8Array())
    }
    yield* store(tsReceivedMicros)
    yield* tape.rotate
    tsReceivedMicros = hours[1] + 2 * hourMicros
    append("checkpoint_begin", 0, RecorderCheckpoint.beginning(replay.recorder))
    yield* store(tsReceivedMicros)
    yield* (yield* Coverage).rollUp
    const waited = performance.now()
    while ((yield* tape.status).segmentsUncompressed > 0 && performance.now() - waited < compressedMillisMax) {
      yield* Effect.sleep(20)
    }
  }).pipe(Effect.provide(Tape.layer(tapeFolder)))

const round = Effect.flatMap(Archiver, (archiver) => archiver.round)

const manifestOf = Effect.fnUntraced(function* (fromMicros: number) {
  const segment = Option.getOrThrow(yield* (yield* Segments).current({ _tag: "hour", fromMicros }))
  return yield* SealedManifest.read(segment)
})

const reseal = Effect.fnUntraced(function* (fromMicros: number) {
  yield* (yield* SegmentMarks).set({ hourMicros: fromMicros, reason: "its objects are damaged", tsMarkedMicros: 1 })
  return yield* (yield* Sealer).hour(fromMicros)
})

const sums = ({ files }: Manifest) => files.map(({ kind, part, sha256 }) => `${kind} ${part} ${sha256}`)

const damage = (root: string, manifest: Manifest, kinds: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    for (const { key, kind } of manifest.files) {
      if (!kinds.includes(kind)) continue
      await rm(join(root, "objects", key))
      // Some are missing, some are something else.
      if (kind === "trades") await writeFile(join(root, "objects", key), "something else")
    }
  })

const stores = Layer.mergeAll(HotTier.layerNoDeps, ChannelGaps.layerNoDeps, Coverage.layerNoDeps).pipe(
  Layer.provideMerge(PgTest.layer)
)

layer(stores, { excludeTestServices: true })("An hour and its tape", (it) => {
  it.effect("name each other, and the hour comes again out of it, byte for byte, when nothing else has it", () =>
    Effect.gen(function* () {
      const root = yield* Scene.folder
      const tapeFolder = join(root, "tape")
      yield* record(tapeFolder)
      const filled = { marketTicker: ColdLogs.tickerOf(1), tradeId: "by REST", epoch: 0, sid: 0, seq: 0 }
      yield* (yield* ChannelGaps).fillPart([trade({ ...filled, tsReceivedMicros: hours[0] + hourMicros - 1 })])
      yield* Effect.gen(function* () {
        const first = yield* round
        assert.deepStrictEqual([...first.problems], [])
        assert.strictEqual(first.sealed, hours.length)
        const [before, after] = [yield* manifestOf(hours[0]), yield* manifestOf(hours[1])]
        const [one] = before.tapes
        const [two] = after.tapes
        if (one === undefined || two === undefined) return assert.fail("the manifests name no tape")
        assert.strictEqual(one.tape_id, two.tape_id)
        assert.strictEqual(one.entry_first, 1)
        // The batch over the hour's end is of both.
        assert.strictEqual(one.entry_last - two.entry_first + 1, batchEntries)
        const sealed = yield* Scene.sealedWhole(root)
        const keys = [...sealed.stored.keys()].filter((key) => key.startsWith("raw/"))
        assert.match(keys[0] ?? "", /^raw\/[^/]+\/000000000001-000000000700\/tape-\d+-\w+\.kbt\.zst$/)

        // What is not there any more is dropped by whoever may: sealed it was, and the hour is made again of what was sealed.
        const sql = yield* SqlClient.SqlClient
        const hot = yield* HotHours
        assert.isTrue(yield* hot.isWhole(hours[0]))
        const partition = (hour: number) =>
          `records_${new Date(hour / 1_000).toISOString().slice(0, 13).replace(/[-T]/g, "")}`
        yield* sql.unsafe(`drop table ${partition(hours[0])}`)
        assert.isFalse(yield* hot.isWhole(hours[0]))
        assert.strictEqual((yield* reseal(hours[0])).outcome, "unchanged")
        yield* damage(root, before, ["records"])
        assert.strictEqual((yield* reseal(hours[0])).outcome, "unchanged")

        yield* sql`select prune_hour(${hours[0]}::bigint)`
        yield* sql`select prune_hour(${hours[1]}::bigint)`
        // The recorder's own files are gone, too, but for the last, which is not needed.
        yield* Effect.promise(async () => {
          const names = (await readdir(tapeFolder)).filter((name) => name.endsWith(".zst"))
          for (const name of names) await rm(join(tapeFolder, name))
        })
        yield* damage(root, before, ["records", "lifecycle"])
        assert.strictEqual((yield* reseal(hours[0])).outcome, "unchanged")
        yield* damage(root, after, ["records", "trades", "lifecycle"])
        assert.strictEqual((yield* reseal(hours[1])).outcome, "unchanged")
        assert.deepStrictEqual((yield* Scene.sealedWhole(root)).named, sealed.named)

        // Not even its manifest is left.
        const { manifestKey } = Option.getOrThrow(
          yield* (yield* Segments).current({ _tag: "hour", fromMicros: hours[1] })
        )
        yield* damage(root, after, ["records"])
        yield* Effect.promise(() => rm(join(root, "objects", manifestKey)))
        assert.strictEqual((yield* reseal(hours[1])).outcome, "sealed")
        const again = yield* manifestOf(hours[1])
        assert.strictEqual(again.revision, 2)
        assert.deepStrictEqual(sums(again), sums(after))
        assert.deepStrictEqual(again.tapes, after.tapes)

        // A trade of the first hour was filled by REST: the tape does not have it, and nobody is told that it does.
        yield* damage(root, before, ["trades"])
        const refused = yield* Effect.flip(reseal(hours[0]))
        assert.match(refused.message, /were filled by REST and are on no tape/)
      }).pipe(Effect.provide(Scene.archiver(root)))
    }).pipe(Effect.scoped)
  )

  it.effect("a gap that is told late lets the hour name the tape up to there, and one of another tape both", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const hot = yield* HotTier
      const spans = sql<{ tape_id: string; entry_first: number; entry_last: number | null }>`
        select tape_id, entry_first, entry_last from hour_tapes where hour_micros = ${hours[0]}::bigint order by entry_first desc`
      const [known] = yield* spans
      if (known === undefined) return assert.fail("the first test records")
      const marketTicker = ColdLogs.tickerOf(3)
      const [head] = (yield* hot.heads).filter((one) => one.marketTicker === marketTicker)
      const late = (offset: number, tapeId: string, tapeEntry: number) =>
        hot
          .append(
            batch({
              records: [gap({ marketTicker, offset, tsReceivedMicros: hours[0] + 1, cause: "audit" })],
              watermark: watermark({ tsReceivedMicros: hours[1] + 3 * hourMicros + tapeEntry, tapeId, tapeEntry })
            })
          )
          // Whoever stores remembers that the hour had a partition, until it fails.
          .pipe(Effect.retry({ times: 1 }))
      yield* late((head?.offset ?? 0) + 1, known.tape_id, 9_000)
      assert.deepStrictEqual(yield* spans, [{ ...known, entry_last: 9_000 }])
      yield* late((head?.offset ?? 0) + 2, "another", 7)
      assert.deepStrictEqual(
        (yield* spans).map(({ entry_first, entry_last }) => [entry_first, entry_last]),
        [
          [1, 9_000],
          [1, 7]
        ]
      )
    })
  )
})
