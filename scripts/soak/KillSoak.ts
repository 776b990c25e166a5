/** Any number of kills of a collector under load (test/processes), in scenes of a seed each, until one breaks a promise. */
import { Cause, Effect } from "effect"
import * as Kills from "../../test/processes/Kills.ts"
import * as Scene from "../../test/processes/Scene.ts"

export interface KillSoakOptions {
  readonly kills: number
  /** That of the first scene; the others follow it. `undefined` for a fresh one. */
  readonly seedFirst: number | undefined
}

/** Kills of one scene: what is stored is proved at its end, and all of it is held in memory for that. */
const killsPerScene = 28
const seedsBelow = 2 ** 31

/** Whether every scene kept every promise; prints how far it is, and what was broken. */
export const run = async ({ kills, seedFirst }: KillSoakOptions): Promise<boolean> => {
  const first = seedFirst ?? Math.floor(Math.random() * seedsBelow)
  for (let done = 0, seed = first; done < kills; done += killsPerScene, seed++) {
    const exit = await Effect.runPromiseExit(scene(seed, Math.min(killsPerScene, kills - done), done))
    if (exit._tag === "Success") continue
    process.stdout.write(`seed ${seed}: a promise is broken\n${Cause.pretty(exit.cause)}\n`)
    process.stdout.write(`Again: npm run soak -- --kills ${killsPerScene} --seed ${seed}\n`)
    return false
  }
  return true
}

const scene = (seed: number, kills: number, done: number) =>
  Effect.gen(function* () {
    const made = yield* Scene.make({ exchange: { seed } })
    const onKill = (kill: number, phase: Kills.Phase): void => {
      process.stdout.write(`kill ${done + kill}: ${phase}\n`)
    }
    const { collector, stops } = yield* Kills.run(made, { seed, kills, onKill })
    const counts = yield* made.prove(collector, stops)
    process.stdout.write(`seed ${seed}: proved ${JSON.stringify(counts)}\n`)
  }).pipe(Effect.scoped)
