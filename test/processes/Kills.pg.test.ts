/** A collector that is killed (`kill -9`) at random moments under load, with Postgres and the collector as processes of their own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Kills from "./Kills.ts"
import * as Scene from "./Scene.ts"

const killsCount = Number(process.env["KALSHIBOOK_KILLS"] ?? 28)
const seed = Number(process.env["KALSHIBOOK_KILLS_SEED"] ?? Math.floor(Math.random() * 2 ** 32))

describe("a collector that is killed", () => {
  it.live(
    `${killsCount} times (seed ${seed}) has stored everything that was received once, in order, and every book outside of a gap is the exchange's own`,
    () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ exchange: { seed } })
        const { collector, stops } = yield* Kills.run(scene, {
          seed,
          kills: killsCount,
          onKill: (kill, phase) => console.info(`${(performance.now() / 1000).toFixed(1)} ${kill} ${phase}`)
        })
        const counts = yield* scene.prove(collector, stops)
        console.info(`seed ${seed}: ${JSON.stringify(counts)}`)
        assert.strictEqual(stops.length, killsCount)
        assert.isAbove(counts.booksCompared, 10_000)
        assert.isAbove(counts.gaps, killsCount * 10)
      }).pipe(Effect.scoped),
    1_800_000
  )
})
