import { assert, describe, it } from "@effect/vitest"
import { recorderReportExample as example } from "@kalshibook/core/contract/RecorderReportExample"
import { Effect, Metric } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { makeReporter } from "../src/CollectorMetrics.ts"
import { reportedStatus } from "./ReportedStatus.ts"

const withFrames = (frames: number) => reportedStatus({ counts: { ...example.counts, frames } })

/** Metrics belong to the process: each test has some of its own. */
const apart = <A>(effect: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.suspend(() => Effect.provideService(effect, Metric.MetricRegistry, new Map()))

const lines = Effect.map(PrometheusMetrics.format(), (text) => text.split("\n"))

describe("the collector's metrics", () => {
  it.effect("show what was counted, once, however often they are brought up to date", () =>
    Effect.gen(function* () {
      const report = makeReporter()
      yield* report(withFrames(10))
      yield* report(withFrames(10))
      yield* report(withFrames(25))
      const shown = yield* lines
      assert.include(shown, "# TYPE kalshibook_recorder_frames_total counter")
      assert.include(shown, "kalshibook_recorder_frames_total 25")
      assert.include(shown, 'kalshibook_recorder_gaps_total{cause="silence"} 250')
      assert.include(shown, 'kalshibook_recorder_connections_ended_total{cause="silence"} 1')
      assert.include(shown, 'kalshibook_recorder_connections_ended_total{cause="connection_lost"} 0')
      assert.include(shown, 'kalshibook_recorder_markets{state="live"} 250')
      assert.include(shown, "kalshibook_recorder_epoch 7")
    }).pipe(apart)
  )

  it.effect("go on counting when a count begins again", () =>
    Effect.gen(function* () {
      const report = makeReporter()
      const at = (entries_appended: number) => reportedStatus({ tape: { ...example.tape, entries_appended } })
      for (const entries of [1_000, 1_200, 30]) yield* report(at(entries))
      assert.include(yield* lines, "kalshibook_recorder_tape_entries_appended_total 1230")
    }).pipe(apart)
  )

  it.effect("give lags in seconds by stage and quantile, and none where nothing was measured", () =>
    Effect.gen(function* () {
      const report = makeReporter()
      yield* report(reportedStatus())
      const commit = 'kalshibook_recorder_lag_seconds{stage="receipt_to_commit",quantile="0.99"}'
      assert.include(yield* lines, `${commit} 0.088`)
      yield* report(reportedStatus({ lag: { ...example.lag, receipt_to_commit: null } }))
      assert.notInclude((yield* lines).join("\n"), commit)
    }).pipe(apart)
  )

  it.effect("forget a connection whose place is gone", () =>
    Effect.gen(function* () {
      const report = makeReporter()
      const [first] = example.connections
      assert.isDefined(first)
      if (first === undefined) return
      yield* report(reportedStatus({ connections: [first, { ...first, slot: 1, epoch: null }] }))
      const second = 'kalshibook_recorder_slot_connected{slot="1"} 0'
      assert.include(yield* lines, second)
      yield* report(reportedStatus({ connections: [first] }))
      assert.notInclude(yield* lines, second)
      assert.include(yield* lines, 'kalshibook_recorder_slot_connected{slot="0"} 1')
    }).pipe(apart)
  )

  it.effect("say what each is, with a unit where it has one", () =>
    Effect.gen(function* () {
      yield* makeReporter()(reportedStatus())
      const text = yield* PrometheusMetrics.format()
      const names = new Set([...text.matchAll(/^(kalshibook_recorder_\w+)[{ ]/gm)].map(([, name]) => name))
      assert.isAbove(names.size, 50)
      for (const name of names) assert.include(text, `# HELP ${name} `)
    }).pipe(apart)
  )
})
