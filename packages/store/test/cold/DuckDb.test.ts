import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as DuckChunk from "@kalshibook/store/cold/DuckChunk"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import { Effect, Fiber, Stream } from "effect"

const folderMade = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "kalshibook-duckdb-"))),
  (folder) =>
    Effect.promise(() =>
      Promise.all([folder, `${folder}-outside.csv`].map((one) => rm(one, { recursive: true, force: true })))
    )
)

const opened = Effect.gen(function* () {
  const folder = yield* folderMade
  const db = yield* DuckDb.make({ memoryMebibytes: 128, threads: 1, folders: [folder] })
  return { folder, connection: yield* db.connect }
})

it.live("gives columns as typed arrays, in the order of the rows", () =>
  Effect.gen(function* () {
    const { connection } = yield* opened
    const found: Array<unknown> = []
    let next = 0
    const rows = yield* connection.forEachChunk(
      `select i::bigint, -i::decimal(9,4), if(i % 3 = 0, null, 'a text that is longer than twelve bytes ' || i),
              make_timestamptz(1795219200000000 + i) from range(5000) t(i)`,
      (chunk) => {
        const offsets = chunk.int64Words(0)
        const prices = chunk.int32s(1)
        const validity = chunk.validity(2)
        const times = chunk.int64Words(3)
        for (let row = 0; row < chunk.rows; row++, next++) {
          assert.strictEqual(DuckChunk.int64At(offsets, row), next)
          assert.strictEqual(prices[row], next === 0 ? 0 : -next * 10_000)
          assert.strictEqual(DuckChunk.isThere(validity, row), next % 3 !== 0)
          assert.strictEqual(DuckChunk.int64At(times, row), 1_795_219_200_000_000 + next)
          if (next === 4_000) found.push(chunk.text(2, row))
        }
      }
    )
    assert.strictEqual(rows, 5_000)
    assert.deepStrictEqual(found, ["a text that is longer than twelve bytes 4000"])
  }).pipe(Effect.scoped)
)

it.live("computes only the rows that are pulled", () =>
  Effect.gen(function* () {
    const { connection } = yield* opened
    const chunks = yield* connection
      .chunks("select i from range(1000000000000) t(i)")
      .pipe(Stream.take(3), Stream.runCollect)
    assert.strictEqual(chunks.length, 3)
    yield* connection.run("select 1")
  }).pipe(Effect.scoped)
)

it.live("stops a query when its fiber is interrupted, and goes on with the next", () =>
  Effect.gen(function* () {
    const { connection } = yield* opened
    const fiber = yield* Effect.forkChild(
      connection.run("select count(*) from range(1000000000000) t(i) where i % 7 = 8")
    )
    yield* Effect.sleep(30)
    yield* Fiber.interrupt(fiber)
    assert.strictEqual(yield* connection.forEachChunk("select 1", () => {}), 1)
  }).pipe(Effect.scoped)
)

it.live("says why a query failed", () =>
  Effect.gen(function* () {
    const { connection, folder } = yield* opened
    const good = join(folder, "good.parquet")
    const cut = join(folder, "cut.parquet")
    yield* connection.run(`copy (select 1 as a) to '${good}'`)
    yield* connection.run(`copy (select 1 as a) to '${cut}'`)
    yield* Effect.promise(() => truncate(cut, 100))
    yield* Effect.promise(() => writeFile(`${folder}-outside.csv`, "a\n1\n"))
    const reasonOf = (sql: string, options?: DuckDb.QueryOptions) =>
      Effect.map(Effect.flip(connection.run(sql, options)), ({ reason }) => reason)
    assert.strictEqual(yield* reasonOf("selec"), "BadQuery")
    assert.strictEqual(yield* reasonOf("select * from nobody"), "BadQuery")
    assert.strictEqual(yield* reasonOf(`from '${cut}'`), "BadFile")
    assert.strictEqual(yield* reasonOf(`from '${join(folder, "none.parquet")}'`), "BadFile")
    assert.strictEqual(yield* reasonOf(`from '${`${folder}-outside.csv`}'`), "NotAllowed")
    assert.strictEqual(yield* reasonOf("set memory_limit = '8GiB'"), "NotAllowed")
    assert.strictEqual(
      yield* reasonOf("create temp table much as select repeat('x', 1000) || i from range(1000000) t(i)"),
      "OutOfMemory"
    )
    assert.strictEqual(
      yield* reasonOf("select count(*) from range(1000000000000) t(i) where i % 7 = 8", { workMillisMax: 50 }),
      "TimedOut"
    )
  }).pipe(Effect.scoped)
)
