/**
 * Keys are nowhere but with their owners: a run with everything logged, over tables, in which keys are made, used, misused and revoked and
 * things fail; then every log line, span, answer and row of the database is looked through.
 */
import { assert, layer } from "@effect/vitest"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import { Accounts } from "@kalshibook/store/Accounts"
import { Keys } from "@kalshibook/store/Keys"
import { Effect, Layer, Logger, Redacted, References, Tracer } from "effect"
import { SqlClient } from "effect/sql"
import * as PgTest from "../../store/test/PgTest.ts"
import { json } from "./Http.ts"
import { storesInPostgres } from "./PostgresStores.ts"
import * as Seed from "./Seed.ts"

const said: Array<string> = []
const recording = Layer.merge(
  Logger.layer([Logger.map(Logger.formatJson, (line) => void said.push(line))]),
  Layer.succeed(References.MinimumLogLevel, "Trace")
)
const spans: Array<Tracer.Span> = []
const tracing = Layer.succeed(
  Tracer.Tracer,
  Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
)

const seeded = Layer.effectDiscard(Seed.store).pipe(Layer.provideMerge(storesInPostgres))
const api = ApiServer.layer({ host: "127.0.0.1", port: 0 }).pipe(
  Layer.provide(RecorderStatusSource.layerDatabase),
  Layer.provide(StreamServer.layerMemory),
  Layer.provideMerge(seeded),
  Layer.provideMerge(PgTest.layer),
  Layer.provideMerge(Layer.merge(recording, tracing))
)

const book = `/v1/markets/${Seed.recorded}/orderbook?at=2026-11-21T14:00:01Z`

layer(api, { excludeTestServices: true })("a key", (it) => {
  it.effect("is in no log, span, answer but its own, or row, whatever was done with it and went wrong", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const keys = yield* Keys
      const { accountId } = yield* (yield* Accounts).create({ name: "careful", tier: "enterprise" })
      const made = yield* keys.create({ accountId, name: "first", scopes: ["read", "stream", "admin"] })
      const first = Redacted.value(made.key)
      const answers: Array<string> = []
      const call = (path: string, asked: Parameters<typeof json>[1] = {}) =>
        Effect.tap(json(path, { key: first, ...asked }), ({ body, headers }) =>
          Effect.sync(() => void answers.push(JSON.stringify([body, headers])))
        )
      const second = yield* json("/v1/keys", { method: "POST", key: first, body: { name: "second" } })
      const third = yield* json(`/v1/keys/${second.body.key.id}/rotate`, { method: "POST", key: first, body: {} })
      const ticket = yield* json("/v1/tickets", { method: "POST", key: first })
      const secrets = [first, second.body.secret, third.body.secret, ticket.body.ticket] as ReadonlyArray<string>
      for (const key of secrets) {
        yield* call(book, { key })
        yield* call(book, { key: `${key}x` })
        yield* call(`${book}&api_key=${key}`, { key: null })
        yield* call(`/v1/markets/${key}/orderbook`, { key })
        yield* call("/v1/keys", { method: "POST", key, body: { name: key, scopes: [key] } })
      }
      yield* call("/v1/keys")
      yield* call("/v1/account")
      yield* call(`/v1/keys/${second.body.key.id}`, { method: "DELETE" })
      yield* call(book, { key: second.body.secret })
      // A failure of the store, which is told in full to the log.
      yield* sql`alter table credit_balances rename to credit_balances_away`
      yield* call(book)
      yield* call("/v1/usage")
      yield* sql`alter table credit_balances_away rename to credit_balances`
      assert.isTrue(said.some((line) => line.includes("the store failed")))

      const tables = yield* sql<{ name: string }>`
        select table_name::text as name from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE'`
      const rows = yield* Effect.forEach(
        tables,
        ({ name }) => sql`select to_jsonb(t)::text as row from ${sql(name)} as t`
      )
      const places = {
        logs: said.join("\n"),
        spans: spans.map(({ attributes, name }) => `${name} ${[...attributes.entries()].join(" ")}`).join("\n"),
        answers: answers.join("\n"),
        rows: JSON.stringify(rows)
      }
      assert.include(places.rows, made.record.prefix)
      assert.include(places.spans, "/orderbook")
      for (const [place, text] of Object.entries(places)) {
        // What stands behind the public prefix, and a part of it as a cut copy would have.
        for (const secret of secrets) {
          const at = text.indexOf(secret.slice(19, 40))
          assert.isTrue(at < 0, `${place}: ${text.slice(Math.max(0, at - 300), at + 60)}`)
        }
      }
    })
  )
})
