import * as Recorder from "@kalshibook/core/Recorder"
import { assert, describe, it } from "vitest"
import * as Frames from "./Frames.ts"
import * as Listening from "./Listening.ts"

/** Trades on sid 2, in order up to number 2, received at 120. */
const trading = (): Recorder.Recorder => {
  const { recorder } = Listening.make()
  Listening.open(recorder, 7)
  Listening.receiveAll(recorder, 100, [Frames.subscribed(2, "trade"), Frames.trade(2, 1, "A"), Frames.trade(2, 2, "A")])
  return recorder
}

/** `trade sequence_hole 3..5 @121..200`: channel, cause, numbers, times. */
const holes = ({ outbox }: Recorder.Recorder): ReadonlyArray<string> =>
  outbox.channelGaps.map(
    ({ cause, channel, seqFrom, seqTo, tsFromMicros, tsToMicros }) =>
      `${channel} ${cause} ${seqFrom}..${seqTo ?? ""} @${tsFromMicros}..${tsToMicros ?? ""}`
  )

describe("the channels of the whole exchange", () => {
  it("have no hole while nothing is lost", () => {
    const recorder = trading()
    Listening.receiveAll(recorder, 130, [Frames.trade(2, 3, "A"), Frames.trade(2, 3, "A")])
    assert.deepStrictEqual(holes(recorder), [])
  })

  it("have a hole from the last proof to the frame that shows it when a number is missing", () => {
    const recorder = trading()
    Listening.receive(recorder, Frames.trade(2, 5, "A"), 200)
    assert.deepStrictEqual(holes(recorder), ["trade sequence_hole 3..5 @121..200"])
    assert.lengthOf(recorder.outbox.trades, 3)
  })

  it("have a hole of one number for a frame that cannot be read, and for one of a type that nobody knows", () => {
    for (const frame of [Frames.undecodable(2, 3), Frames.unknown(2, 3)]) {
      const recorder = trading()
      Listening.receiveAll(recorder, 200, [frame, Frames.trade(2, 4, "A")])
      assert.deepStrictEqual(holes(recorder), ["trade undecodable 3..4 @121..200"])
    }
  })

  it("have one whole hole when a number is missing before a frame that cannot be read", () => {
    const recorder = trading()
    Listening.receiveAll(recorder, 200, [Frames.undecodable(2, 4), Frames.trade(2, 5, "A")])
    assert.deepStrictEqual(holes(recorder), ["trade sequence_hole 3..5 @121..210"])
  })

  it("have an open hole when the connection or the subscription ends, until the channel is open again", () => {
    const endings: ReadonlyArray<readonly [string, (recorder: Recorder.Recorder) => void]> = [
      ["silence", (recorder) => Listening.close(recorder, "silence", 900)],
      ["channel_error", (recorder) => Listening.receive(recorder, Frames.error(25, 2, 3), 900)],
      ["unsubscribed", (recorder) => Listening.receive(recorder, Frames.unsubscribed(2, 3), 900)]
    ]
    for (const [cause, end] of endings) {
      const recorder = trading()
      end(recorder)
      assert.deepStrictEqual(holes(recorder), [`trade ${cause} 0.. @121..`])
      Listening.open(recorder, 8, 950)
      Listening.receiveAll(recorder, 1_000, [Frames.subscribed(1, "trade"), Frames.trade(1, 1, "A")])
      assert.deepStrictEqual(holes(recorder).slice(1), [`trade ${cause} 0.. @121..1000`])
    }
  })

  it("are open from their first frame on, also when it comes before the acknowledgement", () => {
    const recorder = trading()
    Listening.close(recorder, "silence", 900)
    Listening.open(recorder, 8, 950)
    Listening.receiveAll(recorder, 1_000, [Frames.trade(1, 1, "A"), Frames.subscribed(1, "trade")])
    assert.deepStrictEqual(holes(recorder).slice(1), ["trade silence 0.. @121..1000"])
  })

  it("have nothing to lose before they were ever open", () => {
    const { recorder } = Listening.make()
    Listening.open(recorder, 1)
    Listening.close(recorder, "connection_lost", 100)
    assert.deepStrictEqual(holes(recorder), [])
  })

  it("do not touch one another, nor the books", () => {
    const recorder = trading()
    Recorder.begin(recorder, "A")
    Listening.follow(recorder, "A")
    Listening.receiveAll(recorder, 130, [
      Frames.subscribed(1),
      Frames.snapshot(1, 1, "A", { yes: [], no: [] }),
      Frames.subscribed(3, "market_lifecycle_v2"),
      Frames.lifecycle(3, 1, "A"),
      Frames.lifecycle(3, 4, "A")
    ])
    assert.deepStrictEqual(holes(recorder), ["market_lifecycle_v2 sequence_hole 2..4 @161..170"])
    assert.lengthOf(Listening.lines(Listening.recordsOf(recorder, "A")), 1)
  })
})
