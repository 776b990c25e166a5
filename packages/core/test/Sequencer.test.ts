import * as Sequencer from "@kalshibook/core/Sequencer"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "./PropertyRuns.ts"

describe("Sequencer", () => {
  it("knows nothing of the numbers of another connection (1)", () => {
    const before = Sequencer.make()
    for (const seq of [1, 2, 3]) Sequencer.accept(before, 1, seq)
    assert.strictEqual(Sequencer.accept(Sequencer.make(), 1, 1), "next")
  })

  it("counts each subscription by itself, from 1 (2, 3)", () => {
    const sequencer = Sequencer.make()
    assert.strictEqual(Sequencer.expected(sequencer, 7), 1)
    for (const [sid, seq] of [
      [1, 1],
      [2, 1],
      [1, 2],
      [1, 3],
      [2, 2]
    ] as const) {
      assert.strictEqual(Sequencer.accept(sequencer, sid, seq), "next")
    }
  })

  it("names exactly the numbers that are missing, and goes on behind them (4)", () => {
    const sequencer = Sequencer.make()
    Sequencer.accept(sequencer, 1, 1)
    assert.deepStrictEqual(Sequencer.accept(sequencer, 1, 5), {
      _tag: "SequenceGap",
      sid: 1,
      seqExpected: 2,
      seqReceived: 5
    })
    assert.strictEqual(Sequencer.accept(sequencer, 1, 6), "next")
  })

  it("sees that the very first frames of a subscription are missing (2, 4)", () => {
    assert.deepStrictEqual(Sequencer.accept(Sequencer.make(), 1, 2), {
      _tag: "SequenceGap",
      sid: 1,
      seqExpected: 1,
      seqReceived: 2
    })
  })

  it("calls repeated and late frames repeated, and loses no count over them (5)", () => {
    const sequencer = Sequencer.make()
    for (const seq of [1, 2, 5]) Sequencer.accept(sequencer, 1, seq)
    for (const seq of [5, 3, 4, 1]) assert.strictEqual(Sequencer.accept(sequencer, 1, seq), "repeated")
    assert.strictEqual(Sequencer.accept(sequencer, 1, 6), "next")
  })

  it("lets nothing of an ended subscription pass until the exchange gives its number again (6)", () => {
    const sequencer = Sequencer.make()
    for (const seq of [1, 2]) Sequencer.accept(sequencer, 1, seq)
    Sequencer.end(sequencer, 1)
    for (const seq of [1, 3, 4_000_000]) assert.strictEqual(Sequencer.accept(sequencer, 1, seq), "repeated")
    Sequencer.begin(sequencer, 1)
    assert.strictEqual(Sequencer.accept(sequencer, 1, 1), "next")
  })

  it("does not start a living subscription again because its acknowledgement is repeated (5)", () => {
    const sequencer = Sequencer.make()
    for (const seq of [1, 2]) Sequencer.accept(sequencer, 1, seq)
    Sequencer.begin(sequencer, 1)
    assert.strictEqual(Sequencer.accept(sequencer, 1, 3), "next")
  })

  it("finds every lost frame that is followed by another, whichever frames are lost, repeated or late", () => {
    const sids = [1, 2, 3]
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...sids), fc.constantFrom("sent", "lost", "repeated", "late")), {
          maxLength: 120
        }),
        (fates) => {
          const sequencer = Sequencer.make()
          for (const sid of sids) {
            const frames = fates.filter(([each]) => each === sid).map(([, fate], index) => ({ seq: index + 1, fate }))
            const arrivals = frames.flatMap(({ fate, seq }) =>
              fate === "lost" || fate === "late" ? [] : fate === "repeated" ? [seq, seq] : [seq]
            )
            for (const { fate, seq } of frames) if (fate === "late") arrivals.push(seq)
            const missing = new Set(frames.map(({ seq }) => seq))
            let highest = 0
            for (const seq of arrivals) {
              const verdict = Sequencer.accept(sequencer, sid, seq)
              if (seq <= highest) {
                assert.strictEqual(verdict, "repeated")
                continue
              }
              const lost = Array.from({ length: seq - highest - 1 }, (_, index) => highest + 1 + index)
              const found = typeof verdict === "string" ? [] : range(verdict.seqExpected, verdict.seqReceived)
              assert.deepStrictEqual(found, lost)
              assert.isTrue(lost.every((each) => missing.has(each)))
              missing.delete(seq)
              highest = seq
            }
          }
        }
      ),
      propertyRuns(200)
    )
  })
})

const range = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from }, (_, index) => from + index)
