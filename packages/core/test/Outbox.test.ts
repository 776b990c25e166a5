import * as Outbox from "@kalshibook/core/Outbox"
import { assert, describe, it } from "vitest"
import * as Frames from "./Frames.ts"
import * as Listening from "./Listening.ts"

describe("Outbox", () => {
  it("gives everything exactly once, in the order in which it was recorded", () => {
    const { recorder } = Listening.make()
    Listening.open(recorder, 1)
    Listening.follow(recorder, "A")
    const levels = { yes: Frames.ladder([4_300, 1_000]), no: [] }
    assert.lengthOf(Outbox.drain(recorder.outbox).connections, 1)
    assert.isTrue(Outbox.isEmpty(recorder.outbox))
    Listening.receiveAll(recorder, 100, [
      Frames.snapshot(1, 1, "A", levels),
      Frames.trade(2, 1, "A"),
      Frames.lifecycle(3, 1, "A")
    ])
    assert.isFalse(Outbox.isEmpty(recorder.outbox))
    const first = Outbox.drain(recorder.outbox)
    assert.isTrue(Outbox.isEmpty(recorder.outbox))
    assert.deepStrictEqual(
      [first.records.length, first.keyframes.length, first.trades.length, first.lifecycle.length],
      [1, 1, 1, 1]
    )
    Listening.receive(recorder, Frames.delta(1, 2, "A", { priceE4: 4_300, deltaE2: 5 }), 200)
    Listening.receive(recorder, Frames.delta(1, 3, "A", { priceE4: 4_300, deltaE2: 6 }), 210)
    const second = Outbox.drain(recorder.outbox)
    assert.deepStrictEqual(
      [...first.records, ...second.records].map(({ offset }) => offset),
      [1, 2, 3]
    )
    assert.lengthOf(second.keyframes, 0)
    assert.isTrue(Outbox.isEmpty(Outbox.drain(recorder.outbox)))
  })
})
