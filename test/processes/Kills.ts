/** Kills the collector again and again at moments that hurt, and starts the next one at once. */

import { readdir } from "node:fs/promises"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import { Effect } from "effect"
import type { CollectorProcess } from "./CollectorProcess.ts"
import type { Stop } from "./Proof.ts"
import type { Scene } from "./Scene.ts"

/**
 * When it is killed:
 * - `starting`: while it opens the tape, replays it, or reads the database
 * - `connecting`: with its first connection, before the books are there
 * - `steady`: with every book live, at a random moment
 * - `rotating`: as a new segment of the tape begins, with its checkpoint
 * - `behind`: while it stores from the tape what memory could not hold
 * - `committing`: within a transaction, which is then rolled back
 * - `unheard`: after a transaction was committed, before it hears of that
 */
export const phases = ["starting", "connecting", "steady", "rotating", "behind", "committing", "unheard"] as const
export type Phase = (typeof phases)[number]

export interface KillPlan {
  readonly seed: number
  readonly kills: number
  readonly onKill?: (kill: number, phase: Phase) => void
}

const startingMillisMax = 600
const connectingMillisMax = 60
const steadyMillisMax = 600
const rotatingMillisMax = 40
const behindMillisMax = 120
const pollMillis = 5

/** Gives the collector that runs at the end, and when none did. */
export const run = Effect.fnUntraced(function* (scene: Scene, { kills, onKill, seed }: KillPlan) {
  const prng = Prng.make(seed, 0)
  const stops: Array<Stop> = []
  let collector = yield* scene.start
  yield* scene.untilLive(collector)
  for (let kill = 0; kill < kills; kill++) {
    // Each phase in turn; now and then one strikes again before the one before has got anywhere.
    const phase = phases[kill % phases.length] ?? "steady"
    onKill?.(kill + 1, phase)
    const stop = yield* strike(scene, collector, phase, prng)
    stops.push({ ...stop, cause: "recorder_stopped" })
    collector = yield* scene.start
  }
  return { collector, stops }
})

const strike = Effect.fnUntraced(function* (scene: Scene, collector: CollectorProcess, phase: Phase, prng: Prng.Prng) {
  const within = (millisMax: number) => Effect.sleep(Prng.fraction(prng) * millisMax)
  const { network } = scene.postgres
  switch (phase) {
    case "starting":
      yield* within(startingMillisMax)
      return yield* collector.kill
    case "connecting":
      yield* collector.until("a connection", ({ connections }) => connections > 0)
      yield* within(connectingMillisMax)
      return yield* collector.kill
    case "steady":
      yield* scene.untilLive(collector)
      yield* within(steadyMillisMax)
      return yield* collector.kill
    case "rotating": {
      yield* collector.until("recording", ({ connections }) => connections > 0)
      yield* untilNextSegment(scene.tapeFolder)
      yield* within(rotatingMillisMax)
      return yield* collector.kill
    }
    case "behind":
      yield* scene.untilLive(collector)
      yield* network.set("held")
      yield* collector.until("more than memory may hold", ({ isSpilled }) => isSpilled)
      yield* network.set("open")
      yield* within(behindMillisMax)
      return yield* collector.kill
    case "committing":
      yield* collector.until("recording", ({ connections }) => connections > 0)
      return yield* Effect.scoped(killWithin(scene, collector))
    case "unheard": {
      yield* scene.untilLive(collector)
      yield* network.set("answersHeld")
      yield* within(steadyMillisMax)
      const stop = yield* collector.kill
      yield* network.set("open")
      return stop
    }
  }
})

/** Holds the watermark, which is written last, until a transaction waits for it; then the collector is killed within it. */
const killWithin = Effect.fnUntraced(function* ({ postgres }: Scene, collector: CollectorProcess) {
  const holder = yield* postgres.client
  return yield* Effect.gen(function* () {
    yield* holder`select * from watermark for update`
    for (;;) {
      const waiting = yield* postgres.sql`
        select 1 from pg_stat_activity where application_name = 'kalshibook' and wait_event_type = 'Lock'`
      if (waiting.length > 0) break
      yield* Effect.sleep(pollMillis)
    }
    return yield* collector.kill
  }).pipe(holder.withTransaction, Effect.orDie)
})

const untilNextSegment = (folder: string): Effect.Effect<void> =>
  Effect.promise(async () => {
    const before = new Set(await readdir(folder))
    const isNew = (name: string): boolean => name.endsWith(".kbt") && !before.has(name)
    while (!(await readdir(folder)).some(isNew)) await new Promise((resolve) => setTimeout(resolve, pollMillis))
  })
