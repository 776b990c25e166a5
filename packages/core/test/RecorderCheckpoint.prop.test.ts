import * as Outbox from "@kalshibook/core/Outbox"
import * as Recorder from "@kalshibook/core/Recorder"
import * as RecorderCheckpoint from "@kalshibook/core/RecorderCheckpoint"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "./PropertyRuns.ts"
import * as Scenario from "./Scenario.ts"

/** Does these things to both recorders. */
const doAll = (steps: ReadonlyArray<Scenario.Done>, ...recorders: ReadonlyArray<Recorder.Recorder>): void => {
  for (const step of steps) for (const recorder of recorders) step(recorder)
}

/** Log by log: in which order a loss reaches the markets that it touches means nothing. */
const byLog = (outbox: Outbox.Outbox): Outbox.Outbox => ({
  ...outbox,
  records: outbox.records.toSorted(
    (one, other) => one.marketTicker.localeCompare(other.marketTicker) || one.offset - other.offset
  )
})

const moment = fc.nat({ max: 400 })

describe("RecorderCheckpoint", () => {
  it("gives a recorder that goes on exactly as the one it was taken of, wherever it is taken", () => {
    let restored = 0
    fc.assert(
      fc.property(Scenario.scenario, moment, (scenario, pick) => {
        const { script } = Scenario.run(scenario)
        const at = pick % script.length
        const one = Recorder.make(Recorder.silentListener)
        doAll(script.slice(0, at), one)
        const other = RecorderCheckpoint.restore(RecorderCheckpoint.beginning(one), Recorder.silentListener)
        const parts = RecorderCheckpoint.parts(one)
        RecorderCheckpoint.restoreLogs(other, parts.next().value)
        RecorderCheckpoint.finish(other)
        Outbox.drain(one.outbox)
        doAll(script.slice(at), one, other)
        restored += other.outbox.records.length
        assert.deepStrictEqual(byLog(other.outbox), byLog(one.outbox))
      }),
      propertyRuns(80)
    )
    assert.isAbove(restored, 1_000)
  })

  it("may be taken log by log while recording goes on: what is recorded behind its end is the same", () => {
    let restored = 0
    fc.assert(
      fc.property(Scenario.scenario, moment, fc.nat({ max: 10 }), (scenario, pick, between) => {
        const { script } = Scenario.run(scenario)
        let at = pick % script.length
        const one = Recorder.make(Recorder.silentListener)
        doAll(script.slice(0, at), one)
        const other = RecorderCheckpoint.restore(RecorderCheckpoint.beginning(one), Recorder.silentListener)
        const parts = RecorderCheckpoint.parts(one, 1)
        const goOn = (): void => {
          doAll(script.slice(at, at + between), one, other)
          at += between
        }
        goOn()
        for (;;) {
          const part = parts.next()
          RecorderCheckpoint.restoreLogs(other, part.value)
          if (part.done === true) break
          goOn()
        }
        RecorderCheckpoint.finish(other)
        Outbox.drain(one.outbox)
        Outbox.drain(other.outbox)
        doAll(script.slice(at), one, other)
        restored += other.outbox.records.length
        assert.deepStrictEqual(byLog(other.outbox), byLog(one.outbox))
      }),
      propertyRuns(80)
    )
    assert.isAbove(restored, 400)
  })
})
