/** Some of those lives over a Postgres, all of them in one world. */
import { layer } from "@effect/vitest"
import { Accounts } from "@kalshibook/store/Accounts"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import { Ledger } from "@kalshibook/store/Ledger"
import { Effect, Layer, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as PgTest from "../../../store/test/PgTest.ts"
import * as Luck from "../stream/Luck.ts"
import * as Life from "./Life.ts"
import * as World from "./World.ts"

const lives = 6
let nowMillis = World.beginMillis

const bought = Layer.effect(
  Life.Bought,
  Effect.map(
    SqlClient.SqlClient,
    (sql) => (accountId: string) =>
      sql<{ credits: number }>`
        select coalesce(sum(credits), 0)::bigint as credits from credit_grants
        where account_id = ${accountId}::text::uuid and kind = 'bought'`.pipe(
        Effect.map(([row]) => row?.credits ?? 0),
        Effect.orDie
      )
  )
)

const stores = Layer.mergeAll(
  Accounts.layerNoDeps,
  Ledger.layerAt(Effect.sync(() => nowMillis * 1_000)),
  BillingBook.layerNoDeps,
  MeterOutbox.layerNoDeps,
  bought,
  TestClock.layer()
)

layer(PgTest.layer, { excludeTestServices: true })((it) => {
  it.layer(stores)("Billing (Postgres)", (it) => {
    it.effect("plan, credits and use are right in the end of lives with bad luck", () =>
      Effect.gen(function* () {
        const { state } = yield* World.catalogue
        const world = World.newWorld(Luck.make(7), state)
        Object.defineProperty(world, "nowMillis", {
          get: () => nowMillis,
          set: (millis: number) => {
            nowMillis = millis
          }
        })
        for (let life = 0; life < lives; life++) {
          yield* Effect.provide(Life.live(world), World.layer(world))
        }
      }).pipe(Effect.provide(Logger.layer([])))
    )
  })
})
