import { assert, describe, it } from "vitest"
import * as Faults from "../src/Faults.ts"

const hole = (markets: number, epoch = 3): Faults.FaultNote => ({
  kind: "gap",
  cause: "sequence_hole",
  action: "snapshots are asked for",
  epoch,
  sid: 1,
  ticker: "KXA-1",
  markets
})

describe("the last faults", () => {
  it("tell of one that keeps coming back once, with how often and how many markets, as the newest", () => {
    const faults = Faults.make()
    Faults.note(faults, 1_000_000, hole(400))
    Faults.note(faults, 1_500_000, { kind: "connection", cause: "silence", action: "connecting again", slot: 1 })
    Faults.note(faults, 2_000_000, hole(12))
    assert.deepStrictEqual(
      faults.last.map(({ cause, markets, times, tsFirstMicros, tsLastMicros }) => [
        cause,
        markets,
        times,
        tsFirstMicros,
        tsLastMicros
      ]),
      [
        ["silence", 0, 1, 1_500_000, 1_500_000],
        ["sequence_hole", 412, 2, 1_000_000, 2_000_000]
      ]
    )
    assert.deepInclude(faults.counts, { gap: 2, connection: 1, tape: 0 })
  })

  it("keep apart what is on another connection, or a minute later", () => {
    const faults = Faults.make()
    Faults.note(faults, 0, hole(1))
    Faults.note(faults, 1, hole(1, 4))
    Faults.note(faults, 70_000_000, hole(1))
    assert.deepStrictEqual(
      faults.last.map(({ epoch }) => epoch),
      [3, 4, 3]
    )
  })

  it("are at most a hundred: the oldest go", () => {
    const faults = Faults.make()
    for (let epoch = 1; epoch <= 250; epoch++) Faults.note(faults, epoch, hole(1, epoch))
    assert.strictEqual(faults.last.length, 100)
    assert.strictEqual(faults.last[0]?.epoch, 151)
    assert.strictEqual(faults.counts.gap, 250)
  })
})
