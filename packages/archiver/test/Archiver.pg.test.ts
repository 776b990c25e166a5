/** The archiver over a real database and a folder of objects: what it seals, what it finds, and what it refuses to let go. */
import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Archiver } from "@kalshibook/archiver/Archiver"
import type { ArchiverSettings } from "@kalshibook/archiver/ArchiverSettings"
import * as SealedManifest from "@kalshibook/archiver/SealedManifest"
import { Sealer } from "@kalshibook/archiver/Sealer"
import { type Step, Steps } from "@kalshibook/archiver/Step"
import { Sweeper } from "@kalshibook/archiver/Sweeper"
import { Verifier } from "@kalshibook/archiver/Verifier"
import * as Book from "@kalshibook/core/Book"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Coverage } from "@kalshibook/store/Coverage"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { Segments } from "@kalshibook/store/cold/Segments"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { batch, gap, watermark } from "../../store/test/Batch.ts"
import * as PgTest from "../../store/test/PgTest.ts"
import * as Scene from "./Scene.ts"

const hours = 4
/** On a machine that is busy with other tests. */
const loadedMillisMax = 120_000
const round = Effect.flatMap(Archiver, (archiver) => archiver.round)
const span = (index: number) => ({ _tag: "hour", fromMicros: Scene.hour(index) }) as const

const current = (index: number) =>
  Effect.gen(function* () {
    return Option.getOrThrow(yield* (yield* Segments).current(span(index)))
  })

/** Everything is sealed once more, in a folder of its own. */
const sealedWith = Effect.fnUntraced(function* (settings: Partial<ArchiverSettings> = {}) {
  yield* Scene.forget
  const root = yield* Scene.folder
  const { problems, sealed } = yield* round.pipe(Effect.provide(Scene.archiver(root, settings)))
  assert.deepStrictEqual([...problems], [])
  assert.strictEqual(sealed, hours)
  return root
})
const sealedIn = sealedWith()

layer(Layer.mergeAll(HotTier.layerNoDeps, Coverage.layerNoDeps).pipe(Layer.provideMerge(PgTest.layer)), {
  excludeTestServices: true
})("The archiver", (it) => {
  it.effect("seals every hour that is settled, each with what was recorded in it, and says how far it is", () =>
    Effect.gen(function* () {
      yield* Scene.record(hours)
      const root = yield* sealedIn
      yield* Effect.gen(function* () {
        const segments = yield* Segments
        const history = yield* History
        const listed = yield* segments.list("hour", 0, Number.MAX_SAFE_INTEGER)
        assert.deepStrictEqual(
          listed.map(({ markets, records }) => [markets, records]),
          [60, 40, 40, 40].map((records) => [Scene.tickers.length, records])
        )
        // At the end of each hour the book of each market is the hot tier's.
        for (const segment of listed) {
          for (const market of (yield* SealedManifest.read(segment)).markets) {
            const atMicros = segment.span.fromMicros + hourMicros - 1
            const { book } = yield* history.bookAt(market.market_ticker, atMicros, "received")
            assert.strictEqual(market.book_hash, Book.hash(book))
          }
        }
        assert.deepStrictEqual(yield* segments.sealedUntil, Option.some(Scene.hour(hours)))
        const state = yield* (yield* ArchiveBoard).read
        assert.strictEqual(state.sealedUntilMicros, Scene.hour(hours))
        assert.strictEqual(state.hours, hours)
        assert.isNull(state.report?.problem)
        // There is nothing more to do, and nothing is done.
        const again = yield* round
        assert.deepStrictEqual([again.sealed, again.resealed, again.days, again.pruned], [0, 0, 0, 0])
      }).pipe(Effect.provide(History.layerHot.pipe(Layer.provideMerge(Scene.archiver(root)))))
    }).pipe(Effect.scoped)
  )

  it.effect("knows in which hours a market has rows", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql<{ ticker: string; hours: number }>`
        select ticker, hours from sealed_hours join markets using (market_id) order by ticker`
      assert.deepStrictEqual(
        rows.map((row) => row.ticker),
        Scene.tickers
      )
      assert.strictEqual(rows[0]?.hours, 0b1111 << 11)
    })
  )

  it.effect("two at once seal each hour once, with the same bytes", () =>
    Effect.gen(function* () {
      yield* Scene.forget
      const root = yield* Scene.folder
      const one = round.pipe(Effect.provide(Scene.archiver(root)))
      const rounds = yield* Effect.all([one, one, one], { concurrency: 3 })
      for (const { problems } of rounds) assert.deepStrictEqual([...problems], [])
      assert.strictEqual(
        rounds.reduce((sum, { sealed }) => sum + sealed, 0),
        hours
      )
      const { named, rows, stored } = yield* Scene.sealedWhole(root).pipe(Effect.provide(Scene.archiver(root)))
      assert.deepStrictEqual(
        rows.map((row) => row.revision),
        [1, 1, 1, 1]
      )
      // Whoever came second uploaded nothing else: only manifests differ, by who sealed, and when.
      const files = [...stored.keys()].filter((key) => key.endsWith(".parquet"))
      assert.deepStrictEqual(files.sort(), [...named.keys()].sort())
    }).pipe(Effect.scoped)
  )

  it.effect("seals the hours again that a late gap made wrong, as a new revision that says why", () =>
    Effect.gen(function* () {
      const root = yield* sealedIn
      const before = yield* current(2).pipe(Effect.provide(Scene.archiver(root)))
      yield* (yield* HotTier).append(
        batch({
          records: [
            gap({
              marketTicker: Scene.tickers[1] ?? "",
              offset: 21,
              tsReceivedMicros: Scene.hour(2) + 7,
              cause: "audit"
            })
          ],
          watermark: watermark({ tsReceivedMicros: Scene.hour(hours) + 600_000_001 })
        })
      )
      yield* Effect.gen(function* () {
        const { problems, resealed } = yield* round
        assert.deepStrictEqual([...problems], [])
        assert.isAtLeast(resealed, 1)
        const after = yield* current(2)
        assert.strictEqual(after.revision, 2)
        assert.strictEqual(after.reason, "late_gap")
        assert.strictEqual(after.records, before.records + 1)
        assert.deepStrictEqual(yield* (yield* SegmentMarks).list(0, Number.MAX_SAFE_INTEGER), [])
        // The hours before it stay as they were.
        assert.strictEqual((yield* current(1)).revision, 1)
        yield* Scene.sealedWhole(root)
      }).pipe(Effect.provide(Scene.archiver(root)))
    }).pipe(Effect.scoped)
  )

  it.effect(
    "finds a changed byte, a missing object, a changed manifest and a revision in another's place, and no damage where none is",
    () =>
      Effect.gen(function* () {
        const root = yield* sealedIn
        yield* Effect.gen(function* () {
          const verifier = yield* Verifier
          const segments = yield* Segments
          const list = yield* segments.list("hour", 0, Number.MAX_SAFE_INTEGER)
          for (const segment of list) assert.deepStrictEqual(yield* verifier.problems(segment), [])
          const [first, second, third, fourth] = list
          if (first === undefined || second === undefined || third === undefined || fourth === undefined) return
          const files = (folder: string) => Effect.promise(() => readdir(join(root, "objects", folder)))
          const dataOf = (index: number) => `v1/records/date=2026-11-22/hour=${11 + index}`
          const pathOf = (index: number, name = "") => join(root, "objects", dataOf(index), name)
          const [changed = ""] = yield* files(dataOf(0))
          yield* Effect.promise(async () => {
            const path = pathOf(0, changed)
            const bytes = await readFile(path)
            bytes[10] = (bytes[10] ?? 0) ^ 1
            await rm(path)
            await writeFile(path, bytes)
          })
          assert.match((yield* verifier.problems(first)).join(), /was changed/)
          const [missing = ""] = yield* files(dataOf(1))
          yield* Effect.promise(() => rm(pathOf(1, missing)))
          assert.match((yield* verifier.problems(second)).join(), /is missing/)
          const manifestPath = join(root, "objects", third.manifestKey)
          yield* Effect.promise(async () => {
            const text = await readFile(manifestPath, "utf8")
            await rm(manifestPath)
            await writeFile(manifestPath, text.replace('"revision":1', '"revision":7'))
          })
          assert.match((yield* verifier.problems(third)).join(), /was changed/)
          // A manifest of another hour, whole in itself, under the name of this one.
          const swapped = { ...fourth, manifestKey: second.manifestKey, manifestSha256: second.manifestSha256 }
          assert.match(
            (yield* verifier.problems(swapped)).join(),
            /it is revision 1 of 2026-11-22T12, not 1 of 2026-11-22T14/
          )
        }).pipe(Effect.provide(Scene.archiver(root)))
      }).pipe(Effect.scoped)
  )

  it.effect("sweeps what nobody refers to, when it is old, and nothing else", () =>
    Effect.gen(function* () {
      const root = yield* sealedIn
      yield* Effect.gen(function* () {
        const sweeper = yield* Sweeper
        const before = yield* Scene.objects(root)
        const folder = join(root, "objects", "v1/records/date=2026-11-22/hour=13")
        const orphan = join(folder, "part-0000-0123456789abcdef.parquet")
        const work = join(root, "work", "hour-2026-11-22T13-abcdef01")
        const unsealed = join(root, "objects", "v1/records/date=2026-11-22/hour=19")
        const underWay = join(unsealed, "part-0000-0123456789abcdef.parquet")
        yield* Effect.promise(async () => {
          await mkdir(work, { recursive: true })
          await mkdir(unsealed, { recursive: true })
          await writeFile(orphan, "left over")
          await writeFile(underWay, "about to be committed")
        })
        const all = [Scene.hour(0), Scene.hour(12)] as const
        assert.deepStrictEqual(yield* sweeper.sweep(...all), [])
        const old = new Date(Date.now() - 25 * 3_600_000)
        for (const path of [orphan, work, underWay]) yield* Effect.promise(() => utimes(path, old, old))
        assert.deepStrictEqual(yield* sweeper.sweep(...all), [work, orphan.slice(join(root, "objects").length + 1)])
        yield* Effect.promise(() => rm(unsealed, { recursive: true }))
        assert.deepStrictEqual(yield* Scene.objects(root), before)
      }).pipe(Effect.provide(Scene.archiver(root)))
    }).pipe(Effect.scoped)
  )

  it.effect("seals no hour that is not over, and none behind one that is not sealed", () =>
    Effect.gen(function* () {
      yield* Scene.forget
      const root = yield* Scene.folder
      yield* Effect.gen(function* () {
        const sealer = yield* Sealer
        const early = yield* Effect.flip(sealer.hour(Scene.hour(hours)))
        assert.match(early.message, /2026-11-22T15 cannot be sealed: what was received until its end/)
        const ahead = yield* Effect.flip(sealer.hour(Scene.hour(1)))
        assert.match(ahead.message, /the hour at 2026-11-22T11:00:00.000000Z is not sealed/)
      }).pipe(Effect.provide(Scene.archiver(root)))
    }).pipe(Effect.scoped)
  )

  it.effect("keeps hours hot while the bucket is away, tells why, goes on with the rest, and makes up for it", () =>
    Effect.gen(function* () {
      yield* Scene.forget
      const root = yield* Scene.folder
      let isAway = true
      const steps = Layer.succeed(Steps, {
        at: (step: Step) => (isAway && step === "upload" ? Effect.die(new Error("the bucket is away")) : Effect.void)
      })
      yield* Effect.gen(function* () {
        const board = yield* ArchiveBoard
        const first = yield* round
        assert.deepStrictEqual([...first.problems], [["seal", "the bucket is away"]])
        const away = yield* board.read
        assert.isNull(away.sealedUntilMicros)
        assert.strictEqual(away.report?.problem, "seal: the bucket is away")
        isAway = false
        const second = yield* round
        assert.deepStrictEqual([second.sealed, second.problems.size], [hours, 0])
        const back = yield* board.read
        assert.strictEqual(back.sealedUntilMicros, Scene.hour(hours))
        assert.isNull(back.report?.problem)
      }).pipe(Effect.provide(Scene.archiver(root)), Effect.provide(steps))
    }).pipe(Effect.scoped)
  )

  it.effect(
    "sweeps nothing that a restored database has forgotten and that says other things than what it sealed since",
    () =>
      Effect.gen(function* () {
        const root = yield* sealedIn
        const late = { marketTicker: Scene.tickers[1] ?? "", offset: 22, tsReceivedMicros: Scene.hour(2) + 8 }
        yield* (yield* HotTier).append(
          batch({
            records: [gap({ ...late, cause: "audit" })],
            watermark: watermark({ tsReceivedMicros: Scene.hour(hours) + 600_000_002 })
          })
        )
        yield* Effect.gen(function* () {
          assert.isAtLeast((yield* round).resealed, 1)
          const { revision } = yield* current(2)
          assert.strictEqual(revision, 2)
          yield* Scene.forget
          const before = yield* Scene.objects(root)
          assert.strictEqual((yield* round).sealed, hours)
          const old = new Date(Date.now() - 25 * 3_600_000)
          const keys = [...(yield* Scene.objects(root)).keys()]
          for (const key of keys) yield* Effect.promise(() => utimes(join(root, "objects", key), old, old))
          const removed = yield* (yield* Sweeper).sweep(Scene.hour(0), Scene.hour(12))
          // Of the hours that were sealed again as they were, the manifests that told the same; of the other nothing.
          assert.isNotEmpty(removed)
          for (const key of removed) assert.match(key, /^v1\/manifests\/date=2026-11-22\/hour=1[12]\/r1-/)
          const left = [...(yield* Scene.objects(root)).keys()]
          const manifests = left.filter((key) => key.startsWith("v1/manifests/date=2026-11-22/hour=13/"))
          assert.lengthOf(manifests, revision + 1)
          assert.includeMembers(
            left,
            [...before.keys()].filter((key) => key.endsWith(".parquet"))
          )
        }).pipe(Effect.provide(Scene.archiver(root)))
      }).pipe(Effect.scoped),
    loadedMillisMax
  )

  it.effect(
    "keeps in the hot tier what is damaged in the bucket, repairs it there, and only then lets it go",
    () =>
      Effect.gen(function* () {
        const root = yield* sealedWith({ fileBytesMax: 1 })
        yield* Effect.gen(function* () {
          const hot = yield* HotHours
          const data = join(root, "objects", "v1/records/date=2026-11-22/hour=11")
          const [one = "", other = ""] = yield* Effect.promise(() => readdir(data))
          yield* Effect.promise(async () => {
            await rm(join(data, one))
            await rm(join(data, other))
            await writeFile(join(data, other), "something else")
          })
          const first = yield* round
          assert.match(
            first.problems.get("prune") ?? "",
            /2026-11-22T11 stays in the hot tier, because its copy is damaged/
          )
          assert.strictEqual(first.pruned, 0)
          assert.strictEqual((yield* hot.partitions).length, hours)
          const second = yield* round
          assert.deepStrictEqual([...second.problems], [])
          assert.strictEqual(second.pruned, hours)
          assert.deepStrictEqual(yield* hot.partitions, [])
          assert.strictEqual((yield* current(0)).revision, 1)
          yield* Scene.sealedWhole(root)

          // A gap reaches back into hours that have left: they are sealed again, of what they were and of it.
          const before = yield* SealedManifest.read(yield* current(1))
          const resting = Scene.tickers[1] ?? ""
          yield* (yield* HotTier).append(
            batch({
              records: [
                gap({ marketTicker: resting, offset: 23, tsReceivedMicros: Scene.hour(2) + 9, cause: "audit" })
              ],
              watermark: watermark({ tsReceivedMicros: Scene.hour(hours) + 600_000_003 })
            })
          )
          const third = yield* round
          assert.deepStrictEqual([...third.problems], [])
          assert.deepStrictEqual([third.resealed, third.pruned], [2, 1])
          assert.deepStrictEqual(yield* SealedManifest.read(yield* current(1)), before)
          for (const index of [2, 3]) {
            const { markets, revision, files } = yield* SealedManifest.read(yield* current(index))
            const market = markets.find(({ market_ticker }) => market_ticker === resting)
            assert.strictEqual(revision, 2)
            assert.deepStrictEqual([market?.offset_last, market?.gap_cause], [23, "audit"])
            assert.includeMembers(
              files.map((file) => file.kind),
              ["records", "trades", "lifecycle"]
            )
          }
          assert.strictEqual(yield* hot.floor, Scene.hour(hours))
          yield* Scene.sealedWhole(root)
        }).pipe(Effect.provide(Scene.archiver(root, { hotMicros: 0, fileBytesMax: 1 })))
      }).pipe(Effect.scoped),
    loadedMillisMax
  )
})
