/** docs/runbook.md is read and held to `/metrics`: an alarm over a metric that does not exist never fires. */
import fs from "node:fs"
import path from "node:path"
import { assert, it } from "@effect/vitest"
import * as BillingMetrics from "@kalshibook/api/billing/BillingMetrics"
import * as LiveMetrics from "@kalshibook/api/live/LiveMetrics"
import { parts } from "@kalshibook/archiver/Archiver"
import * as ArchiverMetrics from "@kalshibook/archiver/ArchiverMetrics"
import * as AuditMetrics from "@kalshibook/collector/AuditMetrics"
import { Collector } from "@kalshibook/collector/Collector"
import { makeReporter } from "@kalshibook/collector/CollectorMetrics"
import * as Sight from "@kalshibook/collector/Sight"
import * as StatusPosting from "@kalshibook/collector/StatusPosting"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { FeedServer } from "@kalshibook/store/feed/FeedServer"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Effect, Layer, Option } from "effect"
import * as ApiTest from "../../packages/api/test/ApiTest.ts"
import { ask } from "../../packages/api/test/Http.ts"
import { reportedStatus } from "../../packages/collector/test/ReportedStatus.ts"

const document = fs.readFileSync(path.resolve(import.meta.dirname, "../../docs/runbook.md"), "utf8")

interface Alarm {
  readonly name: string
  readonly text: string
}

const alarms: ReadonlyArray<Alarm> = [
  ...document.matchAll(/^## (\w+) \((?:page|ticket)\)$([\s\S]*?)(?=^## |$(?![\s\S]))/gm)
].map(([, name = "", text = ""]) => ({ name, text }))

/** Every cause is shown from the start, as a recorder does. */
const status = reportedStatus({ gaps: Sight.make().gaps })
const collector = Collector.of({
  status: Effect.succeed(status),
  failed: Effect.never,
  recording: () => assert.fail("nobody asks for the recording")
})
const board = StatusBoard.of({
  post: () => Effect.void,
  read: Effect.succeed(Option.none()),
  databaseBytes: Effect.succeed(1_000_000)
})

/** What a recorder and an API in one process show once something of everything has happened. */
const metrics = Effect.gen(function* () {
  yield* makeReporter()(status)
  yield* AuditMetrics.audited("passed")
  yield* AuditMetrics.audited("failed")
  yield* AuditMetrics.skipped("rest_failed")
  const archive = { tsSealedMicros: 1, hours: 1, bytes: 1, hoursMarked: 0, hotFromMicros: null, report: null }
  yield* ArchiverMetrics.state({ ...archive, sealedUntilMicros: 1 }, 2)
  yield* ArchiverMetrics.sealed(1)
  yield* Effect.forEach(parts, (part) => ArchiverMetrics.partFailing(part, false))
  yield* BillingMetrics.reconciled([])
  yield* Layer.build(
    StatusPosting.layer.pipe(
      Layer.provide(Layer.merge(Layer.succeed(Collector, collector), Layer.succeed(StatusBoard, board)))
    )
  )
  yield* Layer.build(
    FeedServer.layerOf({ host: "127.0.0.1", port: 0, secret: Option.none() }).pipe(Layer.provide(FeedHub.layer))
  )
  yield* Effect.forkScoped(
    LiveMetrics.run({
      state: () => ({ state: "live", tsReceivedMicros: 1, feedId: "one", problem: null }),
      tickers: () => ["KXA-1"],
      lag: () => ({ p50Micros: 1, p99Micros: 2, maxMicros: 3 })
    })
  )
  yield* Effect.yieldNow
  return (yield* ask("/metrics")).text
}).pipe(Effect.scoped, Effect.provide(ApiTest.layer()))

it("the runbook says of every alarm what fires it, what it means, what to do and when it is over", () => {
  assert.isAbove(alarms.length, 20)
  assert.strictEqual(document.match(/^## \w+ \(/gm)?.length, alarms.length)
  for (const { name, text } of alarms) {
    assert.match(text, /```promql\n\S[^`]*\n```/, name)
    for (const part of [/\bMeans: /, /^Do: /m, /^Over when: /m]) assert.match(text, part, name)
  }
})

it.effect("every metric that the runbook names is shown, with the labels that it names", () =>
  Effect.gen(function* () {
    const shown = yield* metrics
    const named = [...document.matchAll(/\b(kalshibook_\w+)(?:\{([^}]*)\})?/g)]
    assert.isAbove(named.length, 50)
    for (const [, name = "", selector = ""] of named) {
      const series = shown.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      assert.isNotEmpty(series, name)
      const labels = [...selector.matchAll(/\w+="[^"]*"/g)].map(([label]) => label)
      assert.isTrue(
        series.some((line) => labels.every((label) => line.includes(label))),
        `${name}{${selector}}`
      )
      // Of a regular expression each word is a value that there is.
      for (const [, label = "", words = ""] of selector.matchAll(/(\w+)[!=]~"([^"]*)"/g)) {
        for (const word of words.split("|"))
          assert.isTrue(
            series.some((line) => line.includes(`${label}="${word}"`)),
            word
          )
      }
    }
  })
)
