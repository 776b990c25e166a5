/** Recorded hours to archive, and what an archive of them must be, whatever happened on the way. */
import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import * as ArchiverParts from "@kalshibook/archiver/ArchiverParts"
import { type ArchiverSettings, Settings } from "@kalshibook/archiver/ArchiverSettings"
import * as ParquetMaker from "@kalshibook/archiver/ParquetMaker"
import { type Step, Steps } from "@kalshibook/archiver/Step"
import type { Manifest } from "@kalshibook/core/cold/Manifest"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Coverage } from "@kalshibook/store/Coverage"
import { Segments } from "@kalshibook/store/cold/Segments"
import { HotTier } from "@kalshibook/store/HotTier"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import type { ObjectStoreError } from "@kalshibook/store/objects/ObjectStoreError"
import { Effect, Layer, Logger, Option } from "effect"
import { SqlClient } from "effect/sql"
import { batch, delta, hourStartMicros, lifecycle, snapshot, trade, watermark } from "../../store/test/Batch.ts"
import * as PgTest from "../../store/test/PgTest.ts"

export const hour = (index: number): number => hourStartMicros + index * hourMicros
const ticker = "KXARCHIVE-1"
export const tickers = [ticker, "KXARCHIVE-2", "KXARCHIVE-3"]

/** So many hours of three markets; the second rests after the first hour, the last hour has nothing but a watermark behind it. */
export const record = (hours: number, fromHour = 0) =>
  Effect.gen(function* () {
    const hot = yield* HotTier
    for (let index = fromHour; index < hours; index++) {
      const records = tickers.flatMap((marketTicker, market) =>
        Array.from({ length: market === 1 && index > 0 ? 0 : 20 }, (_, place) => {
          const offset = index * 20 + place + 1
          const at = { marketTicker, offset, tsReceivedMicros: hour(index) + place * 1_000_000 + market }
          return offset === 1 ? snapshot(at) : delta({ ...at, deltaE2: 100 + place })
        })
      )
      yield* hot.append(
        batch({
          records,
          trades: [trade({ marketTicker: ticker, tradeId: `t${index}`, tsReceivedMicros: hour(index) + 5 })],
          lifecycle: [lifecycle({ seq: index + 1, tsReceivedMicros: hour(index) + 6 })],
          watermark: watermark({ tsReceivedMicros: hour(index) + 60_000_000 })
        })
      )
    }
    yield* hot.append(batch({ watermark: watermark({ tsReceivedMicros: hour(hours) + 600_000_000 }) }))
    yield* (yield* Coverage).rollUp
  })

/** A folder for everything of one archive. */
export const folder = PgTest.temporaryFolder

const objectsIn = (root: string) =>
  ObjectStore.layerFolder({
    folder: join(root, "objects"),
    baseUrl: "http://127.0.0.1/v1/objects",
    secret: Option.none()
  })

/** An archiver over the database in the context, and the objects in this folder. */
export const archiver = (
  root: string,
  settings: Partial<ArchiverSettings> = {},
  maker = ParquetMaker.layer,
  store: Layer.Layer<ObjectStore, ObjectStoreError> = objectsIn(root)
) =>
  ArchiverParts.layer.pipe(
    Layer.provideMerge(maker),
    Layer.provideMerge(
      Layer.mergeAll(
        store,
        Settings.layerOf({ workFolder: join(root, "work"), tapeFolder: join(root, "tape"), ...settings })
      )
    ),
    Layer.provideMerge(Logger.layer([])),
    Layer.fresh
  )

/** Ends, as if killed, whoever comes to the n-th step from here on; tells the others. */
export const killingAt = (index: number, told: Array<Step>) => {
  let met = 0
  return Layer.succeed(Steps, {
    at: (step: Step) =>
      Effect.suspend(() => {
        told.push(step)
        return met++ === index ? Effect.interrupt : Effect.void
      })
  })
}

/** Every object by its key, with its content; in the order of the keys. */
export const objects = (root: string): Effect.Effect<ReadonlyMap<string, string>> =>
  Effect.promise(async () => {
    const found = new Map<string, string>()
    const names = await readdir(join(root, "objects"), { recursive: true, withFileTypes: true })
    const paths = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    for (const path of paths.sort()) {
      const key = path.slice(join(root, "objects").length + 1)
      if (key.startsWith("v1/") || key.startsWith("raw/")) found.set(key, await readFile(path, "latin1"))
    }
    return found
  })

/** Forgets what was sealed, so that it can be sealed once more. Nothing may have been pruned. */
export const forget = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const table of ["segments", "sealed_hours", "segment_marks"]) yield* sql.unsafe(`delete from ${table}`)
})

/** What the database says is sealed, with what its manifests name; dies where an object of it is missing or is another. */
export const sealedWhole = (root: string) =>
  Effect.gen(function* () {
    const segments = yield* Segments
    const stored = yield* objects(root)
    const named = new Map<string, string>()
    const rows = [...(yield* segments.revisions("hour", 0, Number.MAX_SAFE_INTEGER))]
    rows.push(...(yield* segments.revisions("day", 0, Number.MAX_SAFE_INTEGER)))
    for (const row of rows) {
      assert.strictEqual(sha256(stored.get(row.manifestKey)), row.manifestSha256, row.manifestKey)
      const manifest: Manifest = JSON.parse(stored.get(row.manifestKey) ?? "")
      for (const file of manifest.files) {
        const content = stored.get(file.key)
        assert.strictEqual(sha256(content), file.sha256, file.key)
        named.set(file.key, content ?? "")
      }
    }
    return { rows, named, stored }
  })

const sha256 = (content: string | undefined): string =>
  createHash("sha256")
    .update(Buffer.from(content ?? "", "latin1"))
    .digest("hex")
