import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { makeReporter } from "../src/CollectorMetrics.ts"
import type { CollectorStatus } from "../src/CollectorStatus.ts"

const status = (frames: number): CollectorStatus => ({
  source: "simulator",
  url: "ws://127.0.0.1/trade-api/ws/v2",
  state: "recording",
  sinceMicros: 0,
  marketsRecorded: 2,
  recordsPerSecond: 0,
  epoch: 7,
  connection: "connected",
  storeProblem: null,
  discoveryProblem: null,
  marketsByState: { unopened: 0, waiting: 1, live: 2, refused: 0 },
  refused: [],
  restarts: 0,
  recordsCommitted: frames,
  recordsWaiting: 3,
  counts: {
    frames,
    framesRepeated: 0,
    framesUnknown: 0,
    framesUndecodable: 0,
    framesWithUnknownFields: 1,
    framesStray: 0,
    deltasEmpty: 0,
    sequenceGaps: 0,
    framesLost: 0
  }
})

describe("the collector's metrics", () => {
  it.effect("show what was counted, once, however often they are brought up to date", () =>
    Effect.gen(function* () {
      const report = makeReporter()
      yield* report(status(10))
      yield* report(status(10))
      yield* report(status(25))
      const text = yield* PrometheusMetrics.format()
      const lines = text.split("\n")
      assert.include(lines, "# TYPE kalshibook_recorder_frames_total counter")
      assert.include(lines, "kalshibook_recorder_frames_total 25")
      assert.include(lines, "kalshibook_recorder_frames_unknown_fields_total 1")
      assert.include(lines, 'kalshibook_recorder_markets{state="live"} 2')
      assert.include(lines, "kalshibook_recorder_epoch 7")
    })
  )
})
