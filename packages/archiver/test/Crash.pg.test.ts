/** The archiver is ended at every step, and what is found afterwards, and made by the next one, is held to an undisturbed run. */
import { assert, layer } from "@effect/vitest"
import { Archiver } from "@kalshibook/archiver/Archiver"
import { type Step, steps } from "@kalshibook/archiver/Step"
import { Coverage } from "@kalshibook/store/Coverage"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import { Segments } from "@kalshibook/store/cold/Segments"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Exit, Layer } from "effect"
import * as PgTest from "../../store/test/PgTest.ts"
import * as PlainMaker from "./PlainMaker.ts"
import * as Scene from "./Scene.ts"

const hours = 2
const chains = 16
/** Of the steps of a hour; those of tapes and sweeping have their own tests. */
const sealing: ReadonlyArray<Step> = steps.slice(0, steps.indexOf("prune_verify"))

const round = Effect.flatMap(Archiver, (archiver) => archiver.round)

/** A round of a new archiver that is ended at the n-th step it comes to; whether it was. */
const killed = (root: string, index: number, told: Array<Step> = []) =>
  Effect.exit(
    round.pipe(Effect.provide(Scene.archiver(root, {}, PlainMaker.layer)), Effect.provide(Scene.killingAt(index, told)))
  ).pipe(Effect.map((exit) => Exit.isFailure(exit)))

/** A small generator of numbers, the same every time. */
const numbers = (seed: number) => {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

layer(Layer.mergeAll(HotTier.layerNoDeps, Coverage.layerNoDeps).pipe(Layer.provideMerge(PgTest.layer)), {
  excludeTestServices: true
})("An archiver that is ended", (it) => {
  let undisturbed: ReadonlyMap<string, string> = new Map()
  let stepsOfAll = 0

  it.effect("comes to every step in an undisturbed run", () =>
    Effect.gen(function* () {
      yield* Scene.record(hours)
      const root = yield* Scene.folder
      const told: Array<Step> = []
      assert.isFalse(yield* killed(root, Number.POSITIVE_INFINITY, told))
      assert.deepStrictEqual([...new Set(told)].sort(), [...sealing].sort())
      stepsOfAll = told.length
      const { named, rows } = yield* Scene.sealedWhole(root).pipe(Effect.provide(Segments.layerNoDeps))
      assert.deepStrictEqual(
        rows.map((row) => [row.span.fromMicros, row.revision]),
        [0, 1].map((index) => [Scene.hour(index), 1])
      )
      undisturbed = named
    }).pipe(Effect.scoped)
  )

  it.effect(
    "at any one step leaves nothing half, and the next one seals the same bytes, each hour once",
    () =>
      Effect.gen(function* () {
        assert.isAbove(stepsOfAll, 30)
        for (let index = 0; index < stepsOfAll; index++) {
          yield* Scene.forget
          const root = yield* Scene.folder
          const told: Array<Step> = []
          assert.isTrue(yield* killed(root, index, told))
          yield* Scene.sealedWhole(root).pipe(Effect.provide(Segments.layerNoDeps))
          assert.isFalse(yield* killed(root, Number.POSITIVE_INFINITY))
          const { named, rows } = yield* Scene.sealedWhole(root).pipe(Effect.provide(Segments.layerNoDeps))
          assert.deepStrictEqual(named, undisturbed, `ended at ${told.at(-1)}`)
          assert.deepStrictEqual(
            rows.map((row) => row.revision),
            [1, 1]
          )
        }
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "again and again, in the middle of taking up what the one before left, comes to the same end",
    () =>
      Effect.gen(function* () {
        const next = numbers(7)
        let kills = 0
        for (let chain = 0; chain < chains; chain++) {
          yield* Scene.forget
          const root = yield* Scene.folder
          while (yield* killed(root, Math.floor(next() * 16))) {
            kills++
            yield* Scene.sealedWhole(root).pipe(Effect.provide(Segments.layerNoDeps))
          }
          const { named, rows } = yield* Scene.sealedWhole(root).pipe(Effect.provide(Segments.layerNoDeps))
          assert.deepStrictEqual(named, undisturbed)
          assert.deepStrictEqual(
            rows.map((row) => row.revision),
            [1, 1]
          )
        }
        assert.isAbove(kills + stepsOfAll, 100)
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect("while it prunes loses no hour, and the next one goes on", () =>
    Effect.gen(function* () {
      const root = yield* Scene.folder
      const hotMicros = 0
      const told: Array<Step> = []
      const pruning = (index: number) =>
        Effect.exit(
          round.pipe(
            Effect.provide(Scene.archiver(root, { hotMicros }, PlainMaker.layer)),
            Effect.provide(Scene.killingAt(index, told))
          )
        )
      yield* Scene.forget
      yield* killed(root, Number.POSITIVE_INFINITY)
      const hot = yield* HotHours.pipe(Effect.provide(HotHours.layerNoDeps))
      // One step further each time: before the copy is read, before the hour goes, right after it went; then all others.
      for (const [index, left] of [
        [0, 2],
        [1, 2],
        [2, 1],
        [Number.POSITIVE_INFINITY, 0]
      ] as const) {
        yield* pruning(index)
        assert.strictEqual((yield* hot.partitions).length, left)
        assert.strictEqual(yield* hot.floor, left === hours ? 0 : Scene.hour(hours - left))
        const { named } = yield* Scene.sealedWhole(root).pipe(Effect.provide(Segments.layerNoDeps))
        assert.deepStrictEqual(named, undisturbed)
      }
    }).pipe(Effect.scoped)
  )
})
