/** The writing connection against a server that refuses, freezes, dies or is told twice. */
import { createServer } from "node:net"
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import { HotConnection, type HotSession } from "@kalshibook/store/HotConnection"
import { HotTierError } from "@kalshibook/store/HotTierError"
import * as HotTierPostgres from "@kalshibook/store/HotTierPostgres"
import { pg, text } from "@kalshibook/store/PgStatement"
import { Context, Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { batch, delta, snapshot, trade, watermark } from "./Batch.ts"
import * as PgTest from "./PgTest.ts"

const statementMillisMax = 400
const connections = HotConnection.layerOf({ statementMillisMax, connectMillisMax: statementMillisMax })

const isRetryable = (reason: SqlError.SqlError) => new HotTierError({ operation: "append", reason }).isRetryable

const pidOf = ({ query }: HotSession) =>
  Effect.map(query(pg`select pg_backend_pid() as pid`), ([row]) => Number(row?.["pid"]))

const signal = (pid: number, name: "SIGSTOP" | "SIGCONT") => Effect.sync(() => process.kill(pid, name))

/** Waits until the server has done with a session. */
const untilGone = Effect.fnUntraced(function* (pid: number) {
  const sql = yield* SqlClient.SqlClient
  while ((yield* sql`select 1 from pg_stat_activity where pid = ${pid}`).length > 0) yield* Effect.sleep(5)
})

const storedOf = Effect.fnUntraced(function* (ticker: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ offset: number }>`
    select record_offset as offset from records join markets using (market_id) where ticker = ${ticker} order by 1`
  return rows.map((row) => row.offset)
})

layer(Layer.provideMerge(connections, PgTest.layer), { excludeTestServices: true })("HotConnection", (it) => {
  it.effect("says of every refusal whether it is worth another try", () =>
    Effect.gen(function* () {
      const { transaction } = yield* HotConnection
      const refusals = {
        away: ["57P01", "57P02", "57P03", "53100", "53300", "08006", "40001", "40P01", "55P03", "57014", "25P03"],
        forGood: ["23505", "23514", "42P01", "42501", "22003", "28P01", "XX000"]
      }
      for (const [kind, states] of Object.entries(refusals)) {
        for (const state of states) {
          const raise = pg`select set_config('test.state', ${text(state)}, true)`
          const error = yield* Effect.flip(
            transaction(({ query }) =>
              Effect.andThen(
                query(raise),
                query(pg`do $$ begin raise exception 'no' using errcode = current_setting('test.state'); end $$`)
              )
            )
          )
          assert.strictEqual(isRetryable(error), kind === "away", state)
        }
      }
      assert.lengthOf(yield* transaction(({ query }) => query(pg`select 1`)), 1)
    })
  )

  it.effect("takes back what was begun when it is interrupted, and goes on with the next", () =>
    Effect.gen(function* () {
      const { transaction } = yield* HotConnection
      const begun = yield* Deferred.make<number>()
      const insert = pg`insert into markets (ticker) values ('KXINTERRUPTED')`
      const fiber = yield* Effect.forkChild(
        transaction((session) =>
          session.query(insert).pipe(
            Effect.andThen(pidOf(session)),
            Effect.flatMap((pid) => Deferred.succeed(begun, pid)),
            Effect.andThen(Effect.never)
          )
        )
      )
      const pid = yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      assert.lengthOf(
        yield* transaction(({ query }) => query(pg`select 1 from markets where ticker = 'KXINTERRUPTED'`)),
        0
      )
      yield* untilGone(pid)
    })
  )

  it.effect("gives way to a transaction whose client went silent, when that has stood still for too long", () =>
    Effect.gen(function* () {
      const silent = yield* Effect.map(Layer.build(HotConnection.layerOf({ idleMillisMax: 100 })), (built) =>
        Context.get(built, HotConnection)
      )
      const sql = yield* SqlClient.SqlClient
      const error = yield* Effect.flip(
        silent.transaction((session) =>
          pidOf(session).pipe(
            Effect.tap((pid) => Effect.provideService(untilGone(pid), SqlClient.SqlClient, sql)),
            Effect.andThen(session.query(pg`select 1`))
          )
        )
      )
      assert.isTrue(isRetryable(error))
      assert.lengthOf(yield* silent.transaction(({ query }) => query(pg`select 1`)), 1)
    })
  )

  it.effect("opens a new session when the server has ended the one before, also while nothing was asked of it", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { transaction } = yield* HotConnection
      for (let round = 0; round < 3; round++) {
        const pid = yield* transaction(pidOf)
        yield* sql`select pg_terminate_backend(${pid})`
        yield* untilGone(pid)
        // It may not have heard of it yet: then it says so, and that another try may help.
        const again = yield* transaction(pidOf).pipe(Effect.retry({ while: isRetryable, times: 1 }))
        assert.notStrictEqual(again, pid)
      }
    })
  )

  it.effect("gives up a server that is not there, or takes the call and says nothing", () =>
    Effect.gen(function* () {
      const real = yield* PgClient.PgClient
      const server = createServer()
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => {
          server.listen(0, "127.0.0.1", () => resume(Effect.void))
        }),
        () => Effect.sync(() => server.close())
      )
      const address = server.address()
      const portSilent = typeof address === "object" ? (address?.port ?? 0) : 0
      const at = (port: number) => {
        const config = { host: "127.0.0.1", port, username: "nobody" }
        const client = new Proxy(real, { get: (target, key) => (key === "config" ? config : Reflect.get(target, key)) })
        return connections.pipe(
          Layer.provide(Layer.succeed(PgClient.PgClient, client)),
          (layer) => Layer.build(Layer.fresh(layer)),
          Effect.flatMap((built) => Effect.flip(Context.get(built, HotConnection).transaction(() => Effect.void)))
        )
      }
      const errors = [yield* at(portSilent), yield* at(1)]
      assert.deepStrictEqual(errors.map(isRetryable), [true, true])
      assert.match(String(errors[0]), /did not answer within 400 ms/)
      assert.match(String(errors[1]), /ECONNREFUSED/)
    }).pipe(Effect.scoped)
  )

  it.effect("does without TLS where the URL allows that and the server knows none", () =>
    Effect.gen(function* () {
      const { config } = yield* PgClient.PgClient
      const url = `postgres://localhost/${config.database}?host=${config.host}&port=${config.port}&user=${config.username}`
      const over = (mode: string) =>
        HotConnection.layerOf({}).pipe(
          Layer.provide(PgClient.layer({ url: Redacted.make(`${url}&sslmode=${mode}`) })),
          Layer.build,
          Effect.flatMap((built) => Context.get(built, HotConnection).transaction(({ query }) => query(pg`select 1`)))
        )
      assert.lengthOf(yield* over("prefer"), 1)
      const error = yield* Effect.flip(over("disable").pipe(Effect.andThen(over("require"))))
      assert.match(String(error), /does not support SSL/)
    }).pipe(Effect.scoped)
  )

  for (const { moment, freezesAtEnd } of [
    { moment: "with our COMMIT in its hands", freezesAtEnd: true },
    { moment: "in the middle of a batch", freezesAtEnd: false }
  ]) {
    it.effect(`stores a batch once, in order, when the server froze ${moment} and goes on later`, () =>
      Effect.gen(function* () {
        const inner = yield* HotConnection
        const frozen: Array<number> = []
        yield* Effect.addFinalizer(() => Effect.forEach(frozen, (pid) => Effect.exit(signal(pid, "SIGCONT"))))
        const freezeOnce = Effect.fnUntraced(function* (session: HotSession) {
          if (frozen.length > 0) return
          const pid = yield* pidOf(session)
          frozen.push(pid)
          yield* signal(pid, "SIGSTOP")
        })
        const connection = HotConnection.of({
          transaction: (body) =>
            inner.transaction((session) =>
              freezesAtEnd
                ? Effect.tap(body(session), () => Effect.orDie(freezeOnce(session)))
                : body({
                    query: session.query,
                    count: session.count,
                    copy: (statement, bytes) => Effect.andThen(session.copy(statement, bytes), freezeOnce(session))
                  })
            )
        })
        const hot = HotTierPostgres.make(yield* PgClient.PgClient, connection)
        const marketTicker = freezesAtEnd ? "KXFROZEN-1" : "KXFROZEN-2"
        const records: ReadonlyArray<BookRecord> = [
          snapshot({ marketTicker, offset: 1 }),
          delta({ marketTicker, offset: 2 })
        ]
        const trades = [trade({ marketTicker, tradeId: marketTicker })]
        const mark = (tapeEntry: number) => watermark({ tapeId: marketTicker, tapeEntry })
        const first = batch({ records, trades, watermark: mark(7) })

        const lost = yield* Effect.flip(hot.append(first))
        assert.isTrue(lost.isRetryable)
        assert.match(lost.message, /did not answer within 400 ms/)
        // Nobody knows what became of it, so nothing may come after it yet.
        const waiting = yield* Effect.flip(hot.append(first))
        assert.isTrue(waiting.isRetryable)
        assert.deepStrictEqual(yield* storedOf(marketTicker), [])
        const pid = frozen[0] ?? assert.fail("never frozen")
        yield* signal(pid, "SIGCONT")
        yield* untilGone(pid)
        assert.deepStrictEqual(yield* storedOf(marketTicker), freezesAtEnd ? [1, 2] : [])

        yield* hot.append(first)
        yield* hot.append(
          batch({ records: [...records, delta({ marketTicker, offset: 3 })], trades, watermark: mark(8) })
        )
        assert.deepStrictEqual(yield* storedOf(marketTicker), [1, 2, 3])
        const sql = yield* SqlClient.SqlClient
        assert.lengthOf(yield* sql`select 1 from trades where trade_id = ${marketTicker}`, 1)
        assert.deepStrictEqual(yield* sql`select tape_id, tape_entry from watermark`, [
          { tape_id: marketTicker, tape_entry: 8 }
        ])
      })
    )
  }
})
