/** Closed segments of a real tape go into the bucket, and leave the recorder's disk only when nobody needs them there. */
import { readdir, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { TapeUploads } from "@kalshibook/archiver/TapeUploads"
import { TapeFiles } from "@kalshibook/store/cold/TapeFiles"
import { HotTier } from "@kalshibook/store/HotTier"
import { Tape } from "@kalshibook/store/tape/Tape"
import { Effect, Layer } from "effect"
import { batch, hourStartMicros, watermark } from "../../store/test/Batch.ts"
import * as PgTest from "../../store/test/PgTest.ts"
import * as Scene from "./Scene.ts"

const round = Effect.flatMap(TapeUploads, (uploads) => uploads.round)
const compressedMillisMax = 10_000

/** Three closed segments with a checkpoint at the beginning of each, and one that is being written. */
const write = (folder: string) =>
  Effect.gen(function* () {
    const tape = yield* Tape
    const append = (kind: "received" | "checkpoint_begin" | "checkpoint_part" | "checkpoint_end", body: string) =>
      tape.append({ kind, epoch: 1, tsReceivedMicros: hourStartMicros + tape.appended(), body: Buffer.from(body) })
    for (let segment = 0; segment < 4; segment++) {
      append("checkpoint_begin", "{}")
      append("checkpoint_part", "{}")
      append("checkpoint_end", "{}")
      for (let entry = 0; entry < 7; entry++) append("received", `{"segment":${segment},"entry":${entry}}`)
      if (segment < 3) yield* tape.rotate
    }
    yield* tape.untilSynced(tape.appended())
    const waited = performance.now()
    while ((yield* tape.status).segmentsUncompressed > 0 && performance.now() - waited < compressedMillisMax) {
      yield* Effect.sleep(20)
    }
    return { id: tape.id, entries: tape.appended() }
  }).pipe(Effect.provide(Tape.layer(folder)))

layer(HotTier.layerNoDeps.pipe(Layer.provideMerge(PgTest.layer)), { excludeTestServices: true })("Tapes", (it) => {
  it.effect("are copied when they are closed, each file once, as it is, and proved", () =>
    Effect.gen(function* () {
      const root = yield* Scene.folder
      const tapeFolder = join(root, "tape")
      const { entries, id } = yield* write(tapeFolder)
      const local = () =>
        Effect.promise(() => readdir(tapeFolder).then((names) => names.filter((name) => /^tape-/.test(name))))
      yield* Effect.gen(function* () {
        const hot = yield* HotTier
        const files = yield* TapeFiles
        assert.deepStrictEqual(yield* round, { uploaded: 3, removed: 0 })
        assert.deepStrictEqual(yield* round, { uploaded: 0, removed: 0 })
        const copied = yield* files.list(id)
        assert.deepStrictEqual(
          copied.map(({ entryFirst, entryLast }) => [entryFirst, entryLast]),
          [
            [1, 10],
            [11, 20],
            [21, 30]
          ]
        )
        assert.deepStrictEqual([...(yield* Scene.objects(root)).keys()], copied.map((file) => file.key).sort())

        // All are old; but nothing of them is stored, so all are needed.
        const long = new Date(Date.now() - 100 * 3_600_000)
        for (const name of yield* local()) yield* Effect.promise(() => utimes(join(tapeFolder, name), long, long))
        assert.strictEqual((yield* round).removed, 0)
        const stored = (tapeEntry: number, tapeId = id) =>
          hot.append(
            batch({ watermark: watermark({ tapeId, tapeEntry, tsReceivedMicros: hourStartMicros + tapeEntry }) })
          )
        // Stored up to the middle of the third: a recorder would take up from its checkpoint.
        yield* stored(25)
        assert.strictEqual((yield* round).removed, 2)
        assert.strictEqual((yield* local()).length, 2)
        assert.isNotNull((yield* files.list(id))[0]?.tsRemovedMicros)
        yield* stored(entries)
        assert.strictEqual((yield* round).removed, 1)
        // The last is the tape: nobody removes what is being written.
        assert.strictEqual((yield* local()).length, 1)
      }).pipe(Effect.provide(Scene.archiver(root)))
    }).pipe(Effect.scoped)
  )

  it.effect("stay while the copy is not what the file is, and while they are another database's", () =>
    Effect.gen(function* () {
      const root = yield* Scene.folder
      const tapeFolder = join(root, "tape")
      const { id } = yield* write(tapeFolder)
      yield* Effect.gen(function* () {
        const files = yield* TapeFiles
        yield* round
        const [first] = yield* files.list(id)
        const names = yield* Effect.promise(() => readdir(tapeFolder))
        const long = new Date(Date.now() - 100 * 3_600_000)
        for (const name of names) yield* Effect.promise(() => utimes(join(tapeFolder, name), long, long))
        assert.strictEqual((yield* round).removed, 0)
        yield* (yield* HotTier).append(
          batch({ watermark: watermark({ tapeId: id, tapeEntry: 40, tsReceivedMicros: hourStartMicros + 100 }) })
        )
        yield* Effect.promise(() => writeFile(join(root, "objects", first?.key ?? ""), "something else"))
        const failed = yield* Effect.flip(round)
        assert.match(failed.message, /came back with|expected/)
        assert.includeMembers(yield* Effect.promise(() => readdir(tapeFolder)), [first?.fileName ?? ""])
      }).pipe(Effect.provide(Scene.archiver(root)))
    }).pipe(Effect.scoped)
  )
})
