/**
 * A program that owns an embedded Postgres in the folder of its first argument until it is ended: says `ready` and the
 * server's process, then answers each SIGINT by asking the database something, as a program does that still has to write.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import { Effect, Queue } from "effect"
import { SqlClient } from "effect/sql"
import * as PgTest from "./PgTest.ts"

const [folder = ""] = process.argv.slice(2)

const say = (line: string) => Effect.sync(() => process.stdout.write(`${line}\n`))

const program = Effect.gen(function* () {
  const interrupts = yield* Queue.unbounded<void>()
  process.on("SIGINT", () => Queue.offerUnsafe(interrupts, undefined))
  const place = yield* EmbeddedPostgres.start({ folder, durability: "keep" })
  const [postmaster] = readFileSync(join(folder, "cluster", "postmaster.pid"), "utf8").split("\n")
  return yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`create table if not exists starts (owner integer)`
    yield* sql`insert into starts values (${process.pid})`
    yield* say(`ready ${postmaster}`)
    while (true) {
      yield* Queue.take(interrupts)
      const rows = yield* sql<{ starts: number }>`select count(*)::integer as starts from starts`
      yield* say(`answers ${rows[0]?.starts}`)
    }
  }).pipe(Effect.provide(PgTest.client(place, place.database)))
})

Effect.runPromise(Effect.scoped(program)).catch((cause) => {
  process.stdout.write(`failed ${String(cause instanceof Error ? cause.message : cause)}\n`)
  process.exitCode = 1
})
