/**
 * The same as `sealing.ts` out of a real Postgres, as the archiver does it: records by COPY, the states before the hour from the logs'
 * beginnings. Its arguments: the settings of the hour as JSON, and a folder.
 */
import { join } from "node:path"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import * as HourFromHot from "@kalshibook/store/cold/HourFromHot"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import * as Database from "@kalshibook/store/Database"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer, Stream } from "effect"
import * as PgTest from "../../packages/store/test/PgTest.ts"
import * as HourOfLogs from "./HourOfLogs.ts"

export interface HotSealing {
  readonly rows: number
  readonly records: number
  /** By the clock: of reading alone, with Postgres on the same cores. */
  readonly readSeconds: number
  /** Processor time of this process, for reading and writing. */
  readonly sealSeconds: number
}

const [settings = "{}", folder = ""] = process.argv.slice(2)
const batchRecords = 50_000

/** Each log from its beginning: a snapshot before the hour in place of the keyframe. */
function* recordsMade(): Generator<ReadonlyArray<BookRecord>> {
  let records: Array<BookRecord> = []
  let offsetBefore = 0
  const read = LogRowsFold.records({
    keyframe: ({ book, last }) => {
      if (last === undefined) return
      offsetBefore = last.offset - 1
      records.push({ ...last, kind: "snapshot", offset: 1, levels: Book.levels(book) })
    },
    record: (record) => {
      records.push({ ...record, offset: record.offset - offsetBefore })
    }
  })
  for (const rows of HourOfLogs.rowsOf(JSON.parse(settings))) {
    read.read(rows)
    if (records.length < batchRecords) continue
    yield records
    records = []
  }
  read.finish()
  yield records
}

const program = Effect.gen(function* () {
  const hot = yield* HotTier
  const config = yield* PgTest.config
  const watermark = { epoch: 7, tsExchangeMicros: null, tsExchangeReceivedMicros: null, tapeId: null, tapeEntry: 0 }
  for (const records of recordsMade()) {
    yield* hot.append({
      records,
      keyframes: [],
      trades: [],
      lifecycle: [],
      connections: [],
      channelGaps: [],
      watermark: { ...watermark, tsReceivedMicros: HourOfLogs.startMicros }
    })
  }
  const fromMicros = HourOfLogs.startMicros
  const readStarted = performance.now()
  let rows = 0
  yield* Effect.scoped(
    Effect.gen(function* () {
      const hour = yield* HourFromHot.open(config, { fromMicros })
      yield* Stream.runForEach(hour.rows, (batch) => Effect.sync(() => (rows += batch.rows)))
    })
  )
  const readSeconds = (performance.now() - readStarted) / 1_000

  const db = yield* DuckDb.make({ memoryMebibytes: 256, threads: 1, folders: [folder] })
  const started = process.cpuUsage()
  const hour = yield* HourFromHot.open(config, { fromMicros })
  const written = yield* LogRowsWriter.write(db, hour.rows, {
    folder,
    fileBytesMax: 32 * 1_048_576,
    codeRevision: "bench"
  })
  const { system, user } = process.cpuUsage(started)
  const sealing: HotSealing = { rows, records: written.records, readSeconds, sealSeconds: (user + system) / 1e6 }
  process.stdout.write(`${JSON.stringify(sealing)}\n`)
})

const stores = HotTier.layerNoDeps.pipe(
  Layer.provideMerge(Database.layerEmbedded({ folder: join(folder, "postgres"), durability: "forget" }))
)
await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(stores)))
