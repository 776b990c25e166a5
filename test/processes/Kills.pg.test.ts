/** A collector that is killed (`kill -9`) at moments that hurt, under load, with Postgres and the collector as processes of their own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Kills from "./Kills.ts"
import * as Scene from "./Scene.ts"

/** Each phase three or four times. */
const killsCount = 25
const seed = Number(process.env["KALSHIBOOK_KILLS_SEED"] ?? Math.floor(Math.random() * 2 ** 31))

describe("a collector that is killed", () => {
  it.live(
    `${killsCount} times has stored everything that it received once and in order, and every book outside of a gap is the exchange's own (repeat with KALSHIBOOK_KILLS_SEED=${seed})`,
    () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ exchange: { seed } })
        const { collector, stops } = yield* Kills.run(scene, { seed, kills: killsCount })
        const counts = yield* scene.prove(collector, stops)
        yield* Effect.logInfo("proved").pipe(Effect.annotateLogs({ ...counts }))
        assert.strictEqual(stops.length, killsCount)
        assert.isAbove(counts.booksCompared, 5_000)
        assert.isAbove(counts.gaps, killsCount * 10)
      }).pipe(Effect.scoped),
    1_800_000
  )
})
