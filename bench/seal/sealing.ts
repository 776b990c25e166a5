/**
 * Seals a generated hour in a process of its own, so that its memory is known, replays what it wrote, and says on one line what that
 * took. Its arguments: the settings of the hour as JSON, and the folder.
 */
import * as Book from "@kalshibook/core/Book"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import * as LogRowsReader from "@kalshibook/store/cold/LogRowsReader"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import { Effect, Stream } from "effect"
import * as HourOfLogs from "./HourOfLogs.ts"

export interface Sealing {
  readonly rows: number
  readonly records: number
  readonly bytes: number
  readonly files: number
  readonly fileBytesMax: number
  /** Processor time of all threads, less that of making the rows. */
  readonly sealSeconds: number
  readonly replaySeconds: number
  readonly residentBytesMax: number
}

const [settings = "{}", folder = ""] = process.argv.slice(2)

const seconds = ({ system, user }: { readonly user: number; readonly system: number }): number => (user + system) / 1e6

/** Counts what it takes to make the rows. */
const made = { seconds: 0 }
function* rowsMade() {
  const rows = HourOfLogs.rowsOf(JSON.parse(settings))
  while (true) {
    const started = process.threadCpuUsage()
    const next = rows.next()
    made.seconds += seconds(process.threadCpuUsage(started))
    if (next.done === true) return
    yield next.value
  }
}

const program = Effect.gen(function* () {
  const db = yield* DuckDb.make({ memoryMebibytes: 256, threads: 1, folders: [folder] })
  const started = process.cpuUsage()
  const rows = Stream.fromIterable(rowsMade(), { chunkSize: 1 })
  const written = yield* LogRowsWriter.write(db, rows, { folder, fileBytesMax: 32 * 1_048_576, codeRevision: "bench" })
  const sealSeconds = seconds(process.cpuUsage(started)) - made.seconds
  const residentBytesMax = process.resourceUsage().maxRSS * 1_024

  const replayStarted = process.cpuUsage()
  const fold = LogRowsFold.make()
  const connection = yield* db.connect
  for (const { path } of written.files) {
    yield* LogRowsReader.forEach(connection, { file: path }, (rows) => LogRowsFold.apply(fold, rows))
  }
  LogRowsFold.finish(fold)
  const replaySeconds = seconds(process.cpuUsage(replayStarted))
  for (const { book_hash, market_ticker } of written.markets) {
    const replay = fold.replays.get(market_ticker)
    if (replay === undefined || Book.hash(replay.book) !== book_hash)
      return yield* Effect.die(`${market_ticker} differs`)
  }
  const sealing: Sealing = {
    rows: written.rows,
    records: written.records,
    bytes: written.files.reduce((sum, { bytes }) => sum + bytes, 0),
    files: written.files.length,
    fileBytesMax: Math.max(...written.files.map(({ bytes }) => bytes)),
    sealSeconds,
    replaySeconds,
    residentBytesMax
  }
  process.stdout.write(`${JSON.stringify(sealing)}\n`)
})

await Effect.runPromise(Effect.scoped(program))
