import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Recorder from "@kalshibook/core/Recorder"
import { assert, describe, it } from "vitest"
import * as Frames from "./Frames.ts"
import * as Listening from "./Listening.ts"

const levels = { yes: Frames.ladder([4_300, 1_000]), no: Frames.ladder([5_600, 500]) }

const open = (recorder: Recorder.Recorder, epoch: number, slot: number): void =>
  Recorder.open(recorder, { ...Listening.opening, epoch, slot, tsOpenedMicros: 50 })

const record = (recorder: Recorder.Recorder, epoch: number, ticker: string): void => {
  Recorder.begin(recorder, ticker)
  Recorder.follow(recorder, epoch, ticker, 60)
}

/** Market A on connection 1, market B on connection 2, both on sid 1 and trusted. */
const twoConnections = (): Listening.Listening => {
  const listening = Listening.make()
  const { recorder, told } = listening
  open(recorder, 1, 0)
  open(recorder, 2, 1)
  record(recorder, 1, "A")
  record(recorder, 2, "B")
  receive(recorder, 1, 100, Frames.subscribed(1), Frames.snapshot(1, 1, "A", levels))
  receive(recorder, 2, 105, Frames.subscribed(1), Frames.snapshot(1, 1, "B", levels))
  told.length = 0
  return listening
}

const receive = (
  recorder: Recorder.Recorder,
  epoch: number,
  micros: number,
  ...messages: Array<ServerMessage>
): void => {
  for (const [index, message] of messages.entries()) Recorder.receive(recorder, epoch, message, micros + index)
}

const isTrusted = (recorder: Recorder.Recorder, ticker: string): boolean =>
  MarketLog.isTrusted(Listening.logOf(recorder, ticker))

const linesOf = (recorder: Recorder.Recorder, ticker: string): ReadonlyArray<string> =>
  Listening.lines(Listening.recordsOf(recorder, ticker))

describe("Recorder on several connections", () => {
  it("counts each connection's numbers by themselves, and a hole in one distrusts the books of that one alone", () => {
    const { recorder, told } = twoConnections()
    receive(recorder, 2, 200, Frames.ok(1, 5))
    assert.deepStrictEqual(told, ["distrusted B sequence_hole"])
    assert.isTrue(isTrusted(recorder, "A"))
    receive(recorder, 1, 210, Frames.delta(1, 2, "A", { priceE4: 4_300, deltaE2: 5 }))
    assert.isTrue(isTrusted(recorder, "A"))
  })

  it("loses with a connection the books of that one alone", () => {
    const { recorder, told } = twoConnections()
    Recorder.close(recorder, 1, "silence", 300)
    assert.deepStrictEqual(told, ["distrusted A silence"])
    assert.deepStrictEqual(
      recorder.outbox.connections.map(({ closeCause, epoch, tsClosedMicros }) => [epoch, tsClosedMicros, closeCause]),
      [
        [1, null, null],
        [2, null, null],
        [1, 300, "silence"]
      ]
    )
  })

  it("ends the connection before in the same slot when a new one opens, and no other", () => {
    const { recorder, told } = twoConnections()
    open(recorder, 3, 1)
    assert.deepStrictEqual(told, ["distrusted B connection_lost"])
    assert.sameMembers([...recorder.connections.keys()], [1, 3])
  })

  it("goes on with a market's log when it moves to another connection, and takes nothing of it from the one it left", () => {
    const { recorder } = twoConnections()
    Recorder.follow(recorder, 2, "A", 200)
    assert.isFalse(isTrusted(recorder, "A"))
    receive(
      recorder,
      1,
      210,
      Frames.delta(1, 2, "A", { priceE4: 4_300, deltaE2: 5 }),
      Frames.snapshot(1, 3, "A", levels)
    )
    assert.isFalse(isTrusted(recorder, "A"))
    receive(recorder, 2, 220, Frames.snapshot(1, 2, "A", levels))
    assert.isTrue(isTrusted(recorder, "A"))
    receive(recorder, 1, 230, Frames.delta(1, 4, "A", { priceE4: 4_300, deltaE2: 5 }))
    assert.isTrue(isTrusted(recorder, "A"))
    assert.deepStrictEqual(
      Listening.recordsOf(recorder, "A").map(({ epoch, kind, offset }) => `${offset} ${kind} of ${epoch}`),
      ["1 snapshot of 1", "2 gap of 1", "3 snapshot of 2"]
    )
    assert.strictEqual(recorder.counts.framesStray, 3)
  })

  it("takes nothing from a connection that has ended", () => {
    const { recorder } = twoConnections()
    Recorder.close(recorder, 1, "connection_lost", 200)
    receive(recorder, 1, 210, Frames.snapshot(1, 2, "A", levels))
    assert.deepStrictEqual(linesOf(recorder, "A").at(-1), "gap connection_lost @102..200 seq 0")
    assert.isFalse(isTrusted(recorder, "A"))
  })

  it("distrusts one market alone, from its last record on, when somebody knows better", () => {
    const { recorder, told } = twoConnections()
    Recorder.doubt(recorder, "A", "audit", 500)
    Recorder.doubt(recorder, "A", "audit", 510)
    assert.deepStrictEqual(told, ["distrusted A audit"])
    assert.deepStrictEqual(linesOf(recorder, "A").at(-1), "gap audit @102..500 seq 0")
    assert.isTrue(isTrusted(recorder, "B"))
    receive(recorder, 1, 600, Frames.snapshot(1, 2, "A", levels))
    assert.isTrue(isTrusted(recorder, "A"))
  })
})
