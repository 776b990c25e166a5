import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Recorder from "@kalshibook/core/Recorder"
import { assert, describe, it } from "vitest"
import * as Frames from "./Frames.ts"
import * as Listening from "./Listening.ts"

const levels = { yes: Frames.ladder([4_300, 1_000]), no: Frames.ladder([5_600, 500]) }
const crossed = { yes: Frames.ladder([4_300, 1_000]), no: Frames.ladder([5_700, 500]) }

const change = (seq: number, ticker: string, exchange: number | null = null, sid = 1): ServerMessage =>
  Frames.delta(sid, seq, ticker, { priceE4: 4_300, deltaE2: 10, tsExchangeMicros: exchange })

/** Markets A and B on sid 1, trusted: snapshots at 110 and 120, a change of A at 130 that the exchange made at 125. */
const twoMarkets = (): Listening.Listening => {
  const listening = Listening.make()
  const { recorder, told } = listening
  Listening.open(recorder, 7)
  Listening.follow(recorder, "A")
  Listening.follow(recorder, "B")
  Listening.receiveAll(recorder, 100, [
    Frames.subscribed(1),
    Frames.snapshot(1, 1, "A", levels),
    Frames.snapshot(1, 2, "B", levels),
    change(3, "A", 125)
  ])
  assert.deepStrictEqual(told.splice(0), ["trusted A", "trusted B"])
  recorder.outbox.records.length = 0
  return listening
}

const isTrusted = (recorder: Recorder.Recorder, ticker: string): boolean =>
  MarketLog.isTrusted(Listening.logOf(recorder, ticker))

const linesOf = (recorder: Recorder.Recorder, ticker: string): ReadonlyArray<string> =>
  Listening.lines(Listening.recordsOf(recorder, ticker))

describe("Recorder", () => {
  it("distrusts every book of the subscription from the first unproven microsecond when a number is missing", () => {
    const { recorder, told } = twoMarkets()
    Listening.receive(recorder, change(5, "B", 180), 200)
    assert.deepStrictEqual(linesOf(recorder, "A"), ["gap sequence_hole @131..200 seq 4 x125"])
    assert.deepStrictEqual(linesOf(recorder, "B"), ["gap sequence_hole @131..200 seq 4 x125", "delta @200 seq 5 x180"])
    assert.deepStrictEqual(told, ["distrusted A sequence_hole", "distrusted B sequence_hole"])
    assert.deepInclude(recorder.counts, { sequenceGaps: 1, framesLost: 1 })
  })

  it("counts `ok` frames: losing one is a hole, receiving one is proof", () => {
    const { recorder } = twoMarkets()
    Listening.receive(recorder, Frames.ok(1, 4), 140)
    Listening.receive(recorder, change(6, "A"), 200)
    assert.deepStrictEqual(linesOf(recorder, "B"), ["gap sequence_hole @141..200 seq 5 x125"])
  })

  it("trusts each market again from its own snapshot on, and no other", () => {
    const { recorder, told } = twoMarkets()
    Listening.receive(recorder, change(5, "B"), 200)
    told.length = 0
    Listening.receive(recorder, Frames.snapshot(1, 6, "B", levels), 210)
    assert.deepStrictEqual(told, ["trusted B"])
    assert.isFalse(isTrusted(recorder, "A"))
    assert.isTrue(isTrusted(recorder, "B"))
  })

  it("does not apply a repeated frame a second time, nor a late one ever", () => {
    const { recorder } = twoMarkets()
    Listening.receive(recorder, change(3, "A", 125), 140)
    assert.deepStrictEqual(linesOf(recorder, "A"), [])
    Listening.receive(recorder, change(5, "A"), 150)
    Listening.receive(recorder, Frames.snapshot(1, 4, "A", levels), 160)
    assert.isFalse(isTrusted(recorder, "A"))
    assert.strictEqual(recorder.counts.framesRepeated, 2)
  })

  it("does not distrust books for a hole in another subscription", () => {
    const { recorder, told } = twoMarkets()
    Listening.receiveAll(recorder, 140, [
      Frames.subscribed(2, "trade"),
      Frames.trade(2, 1, "A"),
      Frames.trade(2, 5, "A")
    ])
    assert.deepStrictEqual(told, [])
    assert.isTrue(isTrusted(recorder, "A"))
    assert.lengthOf(recorder.outbox.trades, 2)
  })

  it("distrusts exactly the books of one of two book subscriptions", () => {
    const { recorder, told } = twoMarkets()
    Listening.follow(recorder, "C")
    Listening.receiveAll(recorder, 140, [Frames.subscribed(2), Frames.snapshot(2, 1, "C", levels)])
    told.length = 0
    Listening.receive(recorder, change(9, "C", null, 2), 200)
    assert.deepStrictEqual(told, ["distrusted C sequence_hole"])
    assert.isTrue(isTrusted(recorder, "A"))
  })

  it("distrusts one market alone for a delta that does not fit, with a gap before the delta", () => {
    const { recorder, told } = twoMarkets()
    Listening.receive(recorder, Frames.delta(1, 4, "A", { priceE4: 4_300, deltaE2: -5_000 }), 200)
    assert.deepStrictEqual(linesOf(recorder, "A"), ["gap inconsistent @131..200 seq 4 x125", "delta @200 seq 4"])
    assert.deepStrictEqual(told, ["distrusted A inconsistent"])
    assert.isTrue(isTrusted(recorder, "B"))
  })

  it("distrusts one market alone for a crossed snapshot", () => {
    const { recorder, told } = twoMarkets()
    Listening.receive(recorder, Frames.snapshot(1, 4, "A", crossed), 200)
    assert.deepStrictEqual(linesOf(recorder, "A"), [
      "gap inconsistent @131..200 seq 4 x125",
      "snapshot @200 seq 4",
      "gap inconsistent @200..200 seq 4"
    ])
    assert.deepStrictEqual(told, ["distrusted A inconsistent"])
    assert.isTrue(isTrusted(recorder, "B"))
  })

  it("distrusts the books of a subscription for a frame of it that it cannot read", () => {
    for (const frame of [Frames.undecodable(1, 4), Frames.unknown(1, 4)]) {
      const { recorder } = twoMarkets()
      Listening.receive(recorder, frame, 200)
      assert.deepStrictEqual(linesOf(recorder, "B"), ["gap undecodable @131..200 seq 4 x125"])
      Listening.receiveAll(recorder, 210, [Frames.snapshot(1, 5, "A", levels), change(6, "A")])
      assert.isTrue(isTrusted(recorder, "A"))
      assert.strictEqual(recorder.counts.sequenceGaps, 0)
    }
  })

  it("finds the hole that a frame without readable numbers leaves, at the next frame", () => {
    const { recorder } = twoMarkets()
    Listening.receiveAll(recorder, 140, [Frames.undecodable(null, null), Frames.undecodable(1, null)])
    assert.isTrue(isTrusted(recorder, "A"))
    Listening.receive(recorder, Frames.ok(1, 6), 200)
    assert.deepStrictEqual(linesOf(recorder, "A"), ["gap sequence_hole @131..200 seq 4 x125"])
  })

  it("goes on counting where it was when the numbers of an unreadable frame are nonsense", () => {
    const { recorder } = twoMarkets()
    Listening.receive(recorder, Frames.undecodable(1, 4_000_000), 200)
    assert.deepStrictEqual(linesOf(recorder, "A"), ["gap undecodable @131..200 seq 4 x125"])
    Listening.receiveAll(recorder, 210, [Frames.snapshot(1, 5, "A", levels), change(6, "A")])
    assert.isTrue(isTrusted(recorder, "A"))
    Listening.receive(recorder, Frames.undecodable(1, 2), 230)
    assert.isTrue(isTrusted(recorder, "A"))
  })

  it("does not distrust books for unreadable frames of other subscriptions or of none", () => {
    const { recorder, told } = twoMarkets()
    Listening.receiveAll(recorder, 140, [Frames.unknown(null, null), Frames.unknown(2, 1), Frames.undecodable(2, 2)])
    assert.deepStrictEqual(told, [])
    assert.deepInclude(recorder.counts, { framesUnknown: 2, framesUndecodable: 1 })
  })

  it.each([10, 25])("ends the subscription that error %d names, whatever number the error has", (code) => {
    for (const seq of [4, 2, null]) {
      const { recorder, told } = twoMarkets()
      Listening.receive(recorder, Frames.error(code, 1, seq), 200)
      assert.deepStrictEqual(linesOf(recorder, "A"), ["gap channel_error @131..200 seq 0 x125"])
      assert.deepStrictEqual(told, [
        "distrusted A channel_error",
        "distrusted B channel_error",
        "ended 1 orderbook_delta"
      ])
    }
  })

  it("believes no snapshot of a subscription that ended", () => {
    for (const end of [Frames.error(25, 1, 4), Frames.unsubscribed(1, 4), Frames.unsubscribed(1, null)]) {
      const { recorder } = twoMarkets()
      Listening.receiveAll(recorder, 200, [end, Frames.snapshot(1, 5, "A", levels), Frames.snapshot(1, 1, "A", levels)])
      assert.isFalse(isTrusted(recorder, "A"))
      Listening.receiveAll(recorder, 230, [Frames.subscribed(2), Frames.snapshot(2, 1, "A", levels)])
      assert.isTrue(isTrusted(recorder, "A"))
    }
  })

  it("believes a new subscription that the exchange gives the number of an ended one", () => {
    const { recorder } = twoMarkets()
    Listening.receiveAll(recorder, 200, [
      Frames.unsubscribed(1, 4),
      Frames.subscribed(1),
      Frames.snapshot(1, 1, "A", levels),
      Frames.subscribed(1),
      change(2, "A")
    ])
    assert.isTrue(isTrusted(recorder, "A"))
    assert.strictEqual(recorder.counts.sequenceGaps, 0)
  })

  it("distrusts every book for a terminal error that names no subscription, and goes on with those that live", () => {
    const { recorder, told } = twoMarkets()
    Listening.receive(recorder, Frames.subscribed(2, "trade"), 140)
    Listening.receive(recorder, Frames.error(10, null, null), 200)
    assert.deepStrictEqual(told, [
      "distrusted A channel_error",
      "distrusted B channel_error",
      "ended 1 orderbook_delta",
      "ended 2 trade"
    ])
    Listening.receiveAll(recorder, 210, [change(4, "A"), Frames.snapshot(1, 5, "A", levels), change(6, "A")])
    assert.isTrue(isTrusted(recorder, "A"))
    assert.strictEqual(recorder.counts.framesLost, 0)
  })

  it("trusts on after an error that ends nothing", () => {
    const { recorder, told } = twoMarkets()
    Listening.receiveAll(recorder, 200, [Frames.error(7, 1, 4), Frames.error(8, null, null), change(5, "A")])
    assert.deepStrictEqual(told, [])
  })

  it("distrusts every book when the subscription is closed", () => {
    const { recorder } = twoMarkets()
    Listening.receive(recorder, Frames.unsubscribed(1, 4), 200)
    assert.deepStrictEqual(linesOf(recorder, "B"), ["gap unsubscribed @131..200 seq 0 x125"])
  })

  it("distrusts every book from its last proof on when the connection closes", () => {
    const { recorder, told } = twoMarkets()
    Listening.receive(recorder, change(4, "A", 140), 150)
    Listening.close(recorder, "silence", 9_000)
    assert.deepStrictEqual(linesOf(recorder, "B"), ["gap silence @151..9000 seq 0 x140"])
    assert.deepStrictEqual(told, ["distrusted A silence", "distrusted B silence"])
    Listening.close(recorder, "connection_lost", 9_100)
    assert.lengthOf(told, 2)
  })

  it("distrusts every book of the connection before when a new one opens, though nobody closed it", () => {
    const { recorder } = twoMarkets()
    Listening.open(recorder, 8, 200)
    assert.deepStrictEqual(linesOf(recorder, "A"), ["gap connection_lost @131..200 seq 0 x125"])
  })

  it("starts to count anew on a new connection", () => {
    const { recorder } = twoMarkets()
    Listening.close(recorder, "connection_lost", 200)
    Listening.open(recorder, 8)
    Listening.follow(recorder, "A")
    Listening.receiveAll(recorder, 300, [Frames.subscribed(1), Frames.snapshot(1, 1, "A", levels), change(2, "A")])
    assert.isTrue(isTrusted(recorder, "A"))
    assert.isFalse(isTrusted(recorder, "B"))
    assert.deepStrictEqual(
      Listening.recordsOf(recorder, "A").map(({ epoch, offset }) => [epoch, offset]),
      [
        [7, 3],
        [8, 4],
        [8, 5]
      ]
    )
  })

  it("takes a snapshot that comes before the acknowledgement of its subscription", () => {
    const { recorder } = Listening.make()
    Listening.open(recorder, 1)
    Listening.follow(recorder, "A")
    Listening.receiveAll(recorder, 100, [
      Frames.snapshot(1, 1, "A", levels),
      Frames.subscribed(1),
      change(2, "A"),
      change(4, "A")
    ])
    assert.deepStrictEqual(linesOf(recorder, "A"), [
      "snapshot @100 seq 1",
      "delta @120 seq 2",
      "gap sequence_hole @121..130 seq 3",
      "delta @130 seq 4"
    ])
  })

  it("keeps no log of a market that nobody asked for, and tells of it", () => {
    const { recorder, told } = twoMarkets()
    Listening.receiveAll(recorder, 200, [Frames.snapshot(1, 4, "Z", levels), change(5, "Z")])
    assert.deepStrictEqual(linesOf(recorder, "Z"), [])
    assert.deepStrictEqual(told, ["unannounced Z", "unannounced Z"])
    assert.strictEqual(recorder.counts.framesStray, 2)
  })

  it("lets no change of a market that is not followed pass as known", () => {
    const { recorder, told } = twoMarkets()
    Recorder.begin(recorder, "Z")
    Listening.receiveAll(recorder, 200, [Frames.snapshot(1, 4, "Z", levels), change(5, "Z")])
    assert.deepStrictEqual(linesOf(recorder, "Z"), [
      "snapshot @200 seq 4",
      "gap unsubscribed @200..200 seq 4",
      "delta @210 seq 5"
    ])
    assert.deepStrictEqual(told, ["unannounced Z", "unannounced Z"])
  })

  it("distrusts one market when it is not followed any more, and again believes a snapshot when it is", () => {
    const { recorder, told } = twoMarkets()
    Recorder.unfollow(recorder, "A", "unsubscribed", 200)
    assert.deepStrictEqual(linesOf(recorder, "A"), ["gap unsubscribed @131..200 seq 0 x125"])
    assert.isTrue(isTrusted(recorder, "B"))
    Listening.follow(recorder, "A")
    Listening.receive(recorder, Frames.snapshot(1, 4, "A", levels), 210)
    assert.deepStrictEqual(told, ["trusted A"])
  })

  it("keeps of a market that it forgets where its log ends, and goes on from there", () => {
    const { recorder } = twoMarkets()
    const end = Recorder.forget(recorder, "A", "market_closed", 200)
    assert.isFalse(recorder.logs.has("A"))
    assert.isUndefined(Recorder.forget(recorder, "never seen", "market_closed", 200))
    Listening.follow(recorder, "A", end)
    Listening.receive(recorder, Frames.snapshot(1, 4, "A", levels), 300)
    assert.deepStrictEqual(
      Listening.recordsOf(recorder, "A").map(({ kind, offset }) => `${offset} ${kind}`),
      ["3 gap", "4 snapshot"]
    )
  })

  it("ends the log of a market that it forgets with a gap, also where changes stand behind an earlier one", () => {
    const { recorder } = twoMarkets()
    // The snapshot behind the hole has not come yet, changes have.
    Listening.receive(recorder, change(5, "A"), 200)
    Recorder.forget(recorder, "A", "market_closed", 300)
    Recorder.forget(recorder, "B", "market_closed", 300)
    const kinds = (ticker: string) =>
      Listening.recordsOf(recorder, ticker).map((record) => (record.kind === "gap" ? record.cause : record.kind))
    assert.deepStrictEqual(kinds("A"), ["sequence_hole", "delta", "market_closed"])
    assert.deepStrictEqual(kinds("B"), ["sequence_hole"])
  })

  it("writes no record for a change of nothing, but counts its number", () => {
    const { recorder } = twoMarkets()
    Listening.receive(recorder, Frames.delta(1, 4, "A", { priceE4: 4_300, deltaE2: 0 }), 200)
    Listening.receive(recorder, change(5, "A"), 210)
    assert.deepStrictEqual(linesOf(recorder, "A"), ["delta @210 seq 5"])
    assert.strictEqual(recorder.counts.deltasEmpty, 1)
  })

  it("keeps trades and lifecycle messages with the numbers that carried them", () => {
    const { recorder } = twoMarkets()
    Listening.receiveAll(recorder, 200, [Frames.trade(2, 1, "A"), Frames.lifecycle(3, 1, "A")])
    assert.deepInclude(recorder.outbox.trades[0], { tradeId: "trade-2-1", epoch: 7, sid: 2, seq: 1 })
    assert.deepInclude(recorder.outbox.lifecycle[0], { ticker: "A", eventType: "settled", epoch: 7, sid: 3, seq: 1 })
  })

  it("proves no more by the exchange's clock than its frames have ever been in disorder", () => {
    const { recorder } = twoMarkets()
    Listening.receiveAll(recorder, 140, [
      change(4, "A", 1_000),
      change(5, "B", 993),
      change(6, "A", 998),
      change(7, "A", 1_100)
    ])
    Listening.receive(recorder, Frames.ok(1, 9), 200)
    assert.include(linesOf(recorder, "B"), "gap sequence_hole @171..200 seq 8 x1093")
  })

  it("knows the latest exchange time of all books and when it was received", () => {
    const { recorder } = twoMarkets()
    assert.deepInclude(recorder, { tsExchangeMicros: 125, tsExchangeReceivedMicros: 130 })
    Listening.receiveAll(recorder, 200, [change(4, "B", 190), change(5, "A", 180), change(6, "A")])
    assert.deepInclude(recorder, { tsExchangeMicros: 190, tsExchangeReceivedMicros: 200 })
  })
})
