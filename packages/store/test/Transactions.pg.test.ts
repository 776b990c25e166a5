/** What a writer is told when its connection ends within a transaction of the pool. */
import { assert, layer } from "@effect/vitest"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Exit, Fiber, Latch, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as PgTest from "./PgTest.ts"

const series = [{ ticker: "KXCUT", tsObservedMicros: 1, body: { ticker: "KXCUT" } }]

layer(MarketCatalog.layerNoDeps.pipe(Layer.provideMerge(PgTest.layer)), { excludeTestServices: true })(
  "a transaction whose connection ends",
  (it) => {
    it.effect("fails as any other that the database was away for, and can be tried again", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const catalog = yield* MarketCatalog
        const observe = catalog.observe({ series, events: [], markets: [] })
        const locked = yield* Latch.make()
        const holding = yield* sql`lock table series in access exclusive mode`.pipe(
          Effect.andThen(locked.open),
          Effect.andThen(Effect.never),
          sql.withTransaction,
          Effect.forkChild
        )
        yield* locked.await
        const observing = yield* Effect.forkChild(Effect.exit(observe))
        const terminated = sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`
        yield* Effect.repeat(terminated, { until: (rows) => rows.length > 0 })
        const exit = yield* Fiber.join(observing)
        yield* Fiber.interrupt(holding)
        const failure = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
        if (failure?._tag !== "Fail") assert.fail(`a defect, or nothing: ${failure}`)
        else assert.isTrue(failure.error.isRetryable, failure.error.message)
        yield* observe
      })
    )
  }
)
