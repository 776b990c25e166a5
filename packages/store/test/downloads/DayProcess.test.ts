/** The process that makes files: what it leaves its parent free to do, and what becomes of its death. */
import { mkdir, readdir, utimes } from "node:fs/promises"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { assert, layer } from "@effect/vitest"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import * as DayFiles from "@kalshibook/store/downloads/DayFiles"
import * as DayProcess from "@kalshibook/store/downloads/DayProcess"
import { defaults } from "@kalshibook/store/downloads/DownloadSettings"
import * as WorkFiles from "@kalshibook/store/downloads/WorkFiles"
import { Effect, Fiber, Layer } from "effect"
import { temporaryFolder } from "../PgTest.ts"

const fromMicros = 1_795_651_200_000_000
const ticker = "KXHOT-26NOV26-X"
const changes = 150_000

/** A market that never rests: a snapshot of a level, and then one change after the other. */
const rows = `
  select '${ticker}' market_ticker, i + 1 record_offset, case i when 0 then 'snapshot' else 'delta' end kind,
    make_timestamptz((${fromMicros} + i * 20000)::bigint) ts_received, 1 epoch, 1 sid, i + 1 seq, 'yes' side,
    0.01 * (1 + i % 90) price, case i when 0 then 10 end size, case when i > 0 then 1 end size_delta
  from range(${changes}) t(i)`

const hotDay = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const path = join(folder, "0.parquet")
  const duck = yield* DuckDb.make({ memoryMebibytes: 256, threads: 1, folders: [folder] })
  const columns = segmentColumns.records.map(({ name, type }) => `${name}::${type} as ${name}`)
  const known = new Set([...rows.matchAll(/ (\w+)(?=,|\n {2}from|$)/g)].map(([, name]) => name))
  const nulls = segmentColumns.records.filter(({ name }) => !known.has(name)).map(({ name }) => `null as ${name}`)
  const from = `(select *${nulls.map((sql) => `, ${sql}`).join("")} from (${rows}))`
  yield* (yield* duck.connect).run(`copy (select ${columns.join(", ")} from ${from}) to '${path}' (format parquet)`)
  const toMicros = fromMicros + hourMicros
  const source = {
    span: { _tag: "hour", fromMicros },
    revision: 1,
    manifestKey: "",
    manifestSha256: ""
  } as const
  const work: DayFiles.DayWork = {
    request: { format: "tardis", kinds: ["records"], fromMicros, toMicros, tickers: [ticker] },
    day: {
      dayMicros: fromMicros,
      fromMicros,
      toMicros,
      spans: [{ source, files: [], tickers: [ticker], rowsOfRecords: changes }]
    },
    settings: { ...defaults, folder },
    folder,
    paths: new Map([["records", [path]]])
  }
  return work
})

/** Notes the files in place of keeping them. */
const noting = () => {
  const files: Array<DayFiles.MadeFile> = []
  const giver: DayFiles.Giver = {
    market: () => Effect.succeed({}),
    keep: (file) => Effect.sync(() => void files.push(file))
  }
  return { files, giver }
}

/** The longest time that this process could do nothing else, milliseconds. */
const longestDelay = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    yield* work
    delay.disable()
    return delay.max / 1e6
  })

layer(Layer.empty, { excludeTestServices: true, timeout: 60_000 })("DayProcess", (it) => {
  it.effect("leaves its parent free while it converts a hot market, and makes the same files", () =>
    Effect.gen(function* () {
      const work = yield* hotDay
      const [here, there] = [noting(), noting()]
      const process = yield* DayProcess.start(defaults)
      const thereMillis = yield* longestDelay(process.make(work, there.giver))
      const hereMillis = yield* longestDelay(DayFiles.make(work, here.giver))
      assert.strictEqual(there.files[0]?.rows, changes)
      assert.deepStrictEqual(there.files, here.files)
      // Other processes of a busy machine delay both; what the work itself takes is in one of them alone.
      assert.isBelow(thereMillis, Math.max(100, hereMillis / 2), `in its own process; here: ${hereMillis} ms`)
    })
  )

  it.effect("fails in a way that may pass when it is killed, and when it is out of memory", () =>
    Effect.gen(function* () {
      const work = yield* hotDay
      const killed = yield* DayProcess.start(defaults)
      const making = yield* Effect.forkChild(Effect.flip(killed.make(work, noting().giver)))
      yield* Effect.sleep(50)
      yield* killed.end
      const error = yield* Fiber.join(making)
      assert.isTrue(error.isRetryable)
      assert.match(error.message, /was ended by SIGKILL/)
      const small = yield* DayProcess.start({ heapMebibytesMax: 4 })
      assert.isTrue((yield* Effect.flip(small.make(work, noting().giver))).isRetryable)
    })
  )

  it.effect("what a dead process left in the shared folder is removed, and what another one works in stays", () =>
    Effect.gen(function* () {
      const parent = yield* temporaryFolder
      const alive = yield* WorkFiles.folder(parent)
      yield* Effect.promise(async () => {
        for (const name of ["work-dead", "other"]) {
          await mkdir(join(parent, name))
          await utimes(join(parent, name), 1, 1)
        }
      })
      assert.strictEqual(yield* WorkFiles.removeLeft(parent), 1)
      assert.strictEqual(yield* WorkFiles.removeLeft(join(parent, "none")), 0)
      const left = yield* Effect.promise(() => readdir(parent))
      assert.deepStrictEqual(left.map((name) => join(parent, name)).sort(), [alive, join(parent, "other")].sort())
    })
  )
})
