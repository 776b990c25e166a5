/** Any number of simulations (packages/collector/test/simulation), one after the other, until one breaks a promise. */
import * as Report from "../../packages/collector/test/simulation/Report.ts"
import * as Seeds from "../../packages/collector/test/simulation/Seeds.ts"
import * as Simulation from "../../packages/collector/test/simulation/Simulation.ts"

export interface SimulationSoakOptions {
  readonly seeds: number
  /** The others follow it; `undefined` for a fresh one. */
  readonly seedFirst: number | undefined
}

/** How often it is said how far it is. */
const progressMillis = 5_000

/** Whether all of them kept their promises; prints how far it is, and of the first that did not, everything. */
export const run = async ({ seedFirst, seeds }: SimulationSoakOptions): Promise<boolean> => {
  const first = seedFirst ?? Seeds.fresh(1)[0] ?? 1
  const began = performance.now()
  let told = began
  const totals = { records: 0, gaps: 0, kills: 0, frames: 0 }
  const say = (done: number): void => {
    const seconds = (performance.now() - began) / 1000
    const { frames, gaps, kills, records } = totals
    process.stdout.write(
      `${done} of ${seeds} seeds from ${first} on, ${seconds.toFixed(0)} s: ${frames} frames, ${records} records, ${gaps} gaps, ${kills} kills\n`
    )
  }
  for (let at = 0; at < seeds; at++) {
    // So that a signal is heard between two of them.
    await new Promise(setImmediate)
    const outcome = Simulation.run(first + at)
    if (outcome.violations.length > 0) {
      say(at)
      process.stdout.write(`${Report.of(outcome)}\n`)
      return false
    }
    const { derived, messages, world } = outcome.evidence
    totals.frames += messages.size
    totals.records += derived.records.length
    totals.gaps += derived.records.filter(({ value }) => value.kind === "gap").length
    totals.kills += world.machine.kills.length
    if (performance.now() - told > progressMillis) {
      told = performance.now()
      say(at + 1)
    }
  }
  say(seeds)
  return true
}
