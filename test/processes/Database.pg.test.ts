/** A database that is stopped, killed, frozen and cut off while the collector records: that costs nothing that was received. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { CollectorProcess } from "./CollectorProcess.ts"
import * as Scene from "./Scene.ts"

const mebibyte = 2 ** 20
/** The process with all that it loads holds a third of it; what waits in memory is bounded, however long the database is away. */
const rssMebibytesMax = 640

/** What is done to the database, each with what undoes it. */
type Disturbance = (scene: Scene.Scene, collector: CollectorProcess) => Effect.Effect<void>

const untilSpilled = (collector: CollectorProcess) =>
  Effect.asVoid(collector.until("more than memory may hold", ({ isSpilled }) => isSpilled))

const disturbances: Readonly<Record<string, Disturbance>> = {
  "stopped in order and started": ({ postgres }, collector) =>
    postgres.stop.pipe(Effect.andThen(untilSpilled(collector)), Effect.andThen(postgres.start)),
  "shut down fast": ({ postgres }) => postgres.crash("SIGINT"),
  "shut down at once": ({ postgres }) => postgres.crash("SIGQUIT"),
  killed: ({ postgres }) => postgres.crash("SIGKILL"),
  "frozen until memory is full": ({ postgres }, collector) =>
    postgres.freeze.pipe(Effect.andThen(untilSpilled(collector)), Effect.andThen(postgres.thaw)),
  "frozen, and killed": ({ postgres }) =>
    postgres.freeze.pipe(Effect.andThen(Effect.sleep(300)), Effect.andThen(postgres.crash("SIGKILL"))),
  "without its connections, again and again": ({ postgres }) =>
    postgres.terminate.pipe(Effect.andThen(Effect.sleep(50)), Effect.repeat({ times: 10 }), Effect.asVoid),
  "not to be reached": ({ postgres: { network } }, collector) =>
    network.set("cut").pipe(Effect.andThen(untilSpilled(collector)), Effect.andThen(network.set("open"))),
  "behind a network that stands still": ({ postgres: { network } }, collector) =>
    network.set("held").pipe(Effect.andThen(untilSpilled(collector)), Effect.andThen(network.set("open"))),
  "behind a network that loses its answers": ({ postgres: { network } }) =>
    network
      .set("answersHeld")
      .pipe(
        Effect.andThen(Effect.sleep(300)),
        Effect.andThen(network.set("cut")),
        Effect.andThen(Effect.sleep(100)),
        Effect.andThen(network.set("open")),
        Effect.repeat({ times: 3 })
      )
}

describe("a database that is away", () => {
  it.live(
    `costs nothing that was received, and no more memory than is allowed: ${Object.keys(disturbances).join("; ")}`,
    () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ exchange: { seed: 11 }, collectors: { hasStandby: false } })
        const collector = yield* scene.start
        yield* scene.untilLevel(collector)
        let rssBytesMax = 0
        yield* Effect.sync(() => {
          rssBytesMax = Math.max(rssBytesMax, collector.status()?.rssBytes ?? 0)
        }).pipe(Effect.delay(50), Effect.forever, Effect.forkScoped)
        for (const [name, disturb] of Object.entries(disturbances)) {
          yield* Effect.logInfo(`the database is ${name}`)
          yield* disturb(scene, collector)
          yield* scene.untilLevel(collector)
        }
        const counts = yield* scene.prove(collector, [])
        yield* Effect.logInfo("proved").pipe(Effect.annotateLogs({ ...counts, rssBytesMax }))

        assert.isAbove(counts.booksCompared, 10_000)
        assert.isBelow(rssBytesMax, rssMebibytesMax * mebibyte)
      }).pipe(Effect.scoped),
    1_800_000
  )
})
