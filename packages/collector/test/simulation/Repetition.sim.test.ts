import { assert, describe, it } from "vitest"
import * as Report from "./Report.ts"
import * as Seeds from "./Seeds.ts"
import * as Simulation from "./Simulation.ts"

describe("a simulation", () => {
  it("is the same again for the same seed, to the byte of what is stored, and another one for another", () => {
    const seeds = Seeds.fresh(3)
    const digests = seeds.map((seed) => Simulation.run(seed).digest)
    assert.deepStrictEqual(
      seeds.map((seed) => Simulation.run(seed).digest),
      digests,
      `seeds ${seeds.join(", ")}`
    )
    assert.strictEqual(new Set(digests).size, seeds.length)
  }, 120_000)

  it("that fails says how to repeat it, what was done when, and what is stored around the broken promise", () => {
    const [seed = 1] = Seeds.fresh(1)
    const outcome = Simulation.run(seed)
    const [[marketTicker, log] = []] = outcome.evidence.logs
    const violations = [{ rule: "a promise", detail: "is broken", marketTicker, offset: log?.at(-1)?.value.offset }]
    const report = Report.of({ ...outcome, violations })
    assert.include(report, `KALSHIBOOK_SIMULATION_SEED=${seed} `)
    assert.include(report, `a promise: ${marketTicker} at offset ${log?.length}: is broken`)
    assert.include(report, `Records of ${marketTicker}`)
    for (const { trouble } of outcome.evidence.deeds) assert.include(report, JSON.stringify(trouble))
  }, 60_000)
})
