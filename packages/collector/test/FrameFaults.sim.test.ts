import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"

describe("frames that go astray", () => {
  it.live("a lost change distrusts every book of the subscription, and each is exact again from its own snapshot", () =>
    Effect.gen(function* () {
      const station = yield* Station.start()
      yield* Station.untilAllLive(station)
      const tickers = Station.live(station)
      yield* Station.inflict(station.exchange, { fault: "frame", action: { _tag: "drop" }, type: "orderbook_delta" })
      yield* Station.until("the hole is seen", () => station.recording.recorder.counts.sequenceGaps > 0)
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "sequence_hole"))
    }).pipe(Effect.scoped)
  )
})
