/** An API in a process of its own knows of the recorder what the recorder leaves in the database. */
import { assert, it } from "@effect/vitest"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { Collector } from "@kalshibook/collector/Collector"
import * as StatusPosting from "@kalshibook/collector/StatusPosting"
import { HotTier } from "@kalshibook/store/HotTier"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Context, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import * as System from "./System.ts"

it.live(
  "an API that shares only the database with the recorder shows its connections, markets and lags",
  () =>
    Effect.gen(function* () {
      const system = yield* System.start({ seed: 11, marketsOpen: 12, deltasPerSecond: 300, quickLifeSeconds: 86_400 })
      const board = StatusBoard.layerNoDeps.pipe(Layer.provide(Layer.succeed(SqlClient.SqlClient, system.sql)))
      const stores = Layer.merge(Layer.succeed(HotTier, system.hotTier), board)
      const elsewhere = Context.get(
        yield* Layer.build(RecorderStatusSource.layerDatabase.pipe(Layer.provide(stores))),
        RecorderStatusSource
      )
      assert.strictEqual((yield* elsewhere.status).source, "unknown")
      yield* System.until(system.collector, ({ marketsRecorded }) => marketsRecorded >= 12)
      yield* Layer.build(
        StatusPosting.layer.pipe(Layer.provide(Layer.merge(Layer.succeed(Collector, system.collector), stores)))
      )
      const heard = yield* elsewhere.status.pipe(
        Effect.filterOrFail(({ report }) => (report?.lag.receipt_to_commit ?? null) !== null),
        Effect.retry(Schedule.spaced("50 millis"))
      )
      const said = yield* system.collector.status
      assert.deepInclude(heard, { source: "simulator", state: "recording", url: said.url })
      assert.strictEqual(heard.report?.connections[0]?.epoch, said.report.connections[0]?.epoch)
      assert.isAtLeast(heard.report?.markets["live"] ?? 0, 12)
      assert.isAbove(heard.report?.tape.entries_committed ?? 0, 0)
    }).pipe(Effect.scoped, Effect.timeout("60 seconds")),
  90_000
)
