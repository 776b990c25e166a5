/**
 * The drill of restoring, for real: a backup is taken while a collector records, the database is lost, the backup takes its place, and the
 * next collector derives from its tape what the backup did not have.
 */
import { cp } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as PgTest from "../../packages/store/test/PgTest.ts"
import * as RestoreDrill from "../../scripts/drill/RestoreDrill.ts"
import * as Scene from "../processes/Scene.ts"

const reader = History.layerHot.pipe(Layer.provideMerge(HotTier.layerNoDeps))
/** Nothing is told late here: no connection falls silent. */
const wanted: RestoreDrill.Wanted = { moments: 8, seed: 7, lateMicros: 0 }

/** A copy of a copy, as a server of its own: what is done to it is done to nothing else. */
const startCopy = Effect.fnUntraced(function* (copy: string) {
  const folder = yield* PgTest.temporaryFolder
  yield* Effect.promise(() => cp(copy, folder, { recursive: true }))
  const place = yield* EmbeddedPostgres.start({ folder, durability: "forget" })
  return yield* Layer.build(Layer.provideMerge(reader, PgTest.client(place, place.database)))
})

const customer = (name: string) => (sql: SqlClient.SqlClient) =>
  sql`insert into accounts (name, tier, ts_created_micros) values (${name}, 'free', 1)`

describe("a database that is restored from a backup", () => {
  it.live(
    "is held to the live one; and with the tape it is made whole, to the last record of before the loss",
    () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({
          exchange: { seed: 5, marketsOpen: 10, deltasPerSecond: 400 },
          collectors: { hasStandby: false }
        })
        const { postgres } = scene
        const first = yield* scene.start
        yield* scene.untilLevel(first)
        yield* customer("before")(postgres.sql)
        const backup = yield* postgres.copy
        yield* scene.untilLevel(first)
        yield* customer("after")(postgres.sql)
        yield* Effect.sleep(1_000)
        yield* scene.untilLevel(first)

        const live = yield* Layer.build(Layer.provideMerge(reader, Layer.succeedContext(postgres.connection)))
        const restored = yield* startCopy(backup)
        const right = yield* RestoreDrill.compare(live, restored, wanted)
        assert.deepStrictEqual(right.differences, [])
        assert.match(right.facts.join("\n"), /books: [1-9]\d+ compared at 8 moments, 0 different/)
        assert.match(right.facts.join("\n"), /accounts, keys and grants: 1; live 2/)

        const reversed = yield* RestoreDrill.compare(restored, live, wanted)
        assert.match(reversed.differences.join(), /the wrong way round/)

        yield* Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`set local session_replication_role = replica`
          yield* sql`update records set delta_e2 = delta_e2 * 2 where kind = 'd' and record_offset % 7 = 0`
          yield* sql`update accounts set name = 'somebody else'`
        }).pipe(
          (spoiling) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(spoiling)),
          Effect.provide(restored)
        )
        const wrong = yield* RestoreDrill.compare(live, restored, wanted)
        assert.isTrue(wrong.differences.some((difference) => / at 20\d\d-.* restored /.test(difference)))
        assert.isTrue(
          wrong.differences.some((difference) => difference.includes("somebody else is not the live one's"))
        )

        const stop = yield* first.kill
        yield* postgres.restore(backup)
        const second = yield* scene.start
        const counts = yield* scene.prove(second, [{ ...stop, cause: "recorder_stopped" }])
        assert.isAbove(counts.booksCompared, 200)
        const [row] = yield* Effect.orDie(
          postgres.sql<{ names: string }>`select string_agg(name, ',') as names from accounts`
        )
        assert.strictEqual(row?.names, "before")
      }).pipe(Effect.scoped),
    300_000
  )
})
