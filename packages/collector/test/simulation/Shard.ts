/**
 * Which seeds a test run goes through: fresh ones each time, unless one is to be repeated. They are dealt out to files of tests, so that
 * each core has its own.
 *
 * `KALSHIBOOK_SIMULATION_SEED=7` repeats one; `KALSHIBOOK_SIMULATION_SEEDS=1000` says how many there are.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Report from "./Report.ts"
import * as Seeds from "./Seeds.ts"
import * as Simulation from "./Simulation.ts"

const seedsDefault = 200
/** On a busy machine a seed takes some seconds. */
const millisPerSeedMax = 10_000

const repeated = process.env["KALSHIBOOK_SIMULATION_SEED"]
const seedsCount = Number(process.env["KALSHIBOOK_SIMULATION_SEEDS"] ?? seedsDefault)

const seedsOf = (shard: number, shards: number): ReadonlyArray<number> => {
  if (repeated !== undefined) return shard === 1 ? [Number(repeated)] : []
  return Seeds.fresh(Math.ceil(seedsCount / shards), shard)
}

/**
 * From so many seeds on, all that can go wrong has gone wrong in some. The rarest causes are met by one seed of twenty, so that a hundred
 * miss one of them once in two hundred runs: then as many seeds again are gone through, until none is missing.
 */
const seedsOfAllKinds = 60

const causesMet = [
  "channel_error",
  "connection_lost",
  "inconsistent",
  "market_closed",
  "recorder_stopped",
  "sequence_hole",
  "silence",
  "storage",
  "undecodable",
  "unsubscribed"
]

/** The tests of one file of so many. */
export const testShard = (shard: number, shards: number): void => {
  const seeds = seedsOf(shard, shards)
  describe.skipIf(seeds.length === 0)(`simulations ${shard} of ${shards}, seeds ${seeds[0]} to ${seeds.at(-1)}`, () => {
    const causes = new Set<string>()

    /** Goes through one, and notes the causes of its gaps. */
    const goThrough = (seed: number) =>
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => {
          const outcome = Simulation.run(seed)
          if (outcome.violations.length > 0) assert.fail(Report.of(outcome))
          for (const { value } of outcome.evidence.derived.records) if (value.kind === "gap") causes.add(value.cause)
        })
      )

    it.effect(
      "never lose, never lie: every stored book is the exchange's outside gaps, every gap has a reason, all that was received is stored once",
      () => Effect.forEach(seeds, goThrough, { discard: true }),
      seeds.length * millisPerSeedMax
    )

    it.effect.skipIf(seeds.length < seedsOfAllKinds)(
      "meet every kind of trouble",
      () =>
        Effect.gen(function* () {
          for (const seed of seeds) {
            if (causesMet.every((cause) => causes.has(cause))) break
            yield* goThrough(seed + seedsCount)
          }
          assert.includeMembers([...causes], causesMet)
        }),
      seeds.length * millisPerSeedMax
    )
  })
}
