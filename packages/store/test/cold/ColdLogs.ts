/** Logs of many markets as files of the cold tier hold them, and a place for the files: for tests. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { BookRecord, GapCause, Level } from "@kalshibook/core/BookRecord"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import * as Replay from "@kalshibook/core/Replay"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import { Effect, Stream } from "effect"

/** 2026-11-21T13:00:00Z. */
export const hourMicros = 1_795_266_000_000_000

export const tickerOf = (market: number): string => `KXTEST-26NOV21-M${String(market).padStart(4, "0")}`

/** A folder for as long as the scope. */
const folderMade = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "kalshibook-cold-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

/** A folder, and a database of one thread that reads and writes there. */
export const place = Effect.gen(function* () {
  const folder = yield* folderMade
  const db = yield* DuckDb.make({ memoryMebibytes: 256, threads: 1, folders: [folder] })
  return { folder, db, connection: yield* db.connect }
})

/** A small generator of whole numbers: the same seed, the same numbers. */
export const numbers = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
}

export interface MarketLog {
  /** The state before the hour, where there is one. */
  readonly before: Replay.Replay
  /** Records received within the hour. */
  readonly records: ReadonlyArray<BookRecord>
}

const causes: ReadonlyArray<GapCause> = ["connection_lost", "silence", "recorder_stopped", "audit"]

/** A market's log: some records before the hour, and `count` in it. */
export const logOf = (market: number, countBefore: number, count: number): MarketLog => {
  const whole = wholeLogOf(market, countBefore, count)
  const before = Replay.make()
  for (const record of whole.slice(0, countBefore)) Replay.apply(before, record)
  return { before, records: whole.slice(countBefore) }
}

/** The same with the records before the hour. */
export const wholeLogOf = (market: number, countBefore: number, count: number): ReadonlyArray<BookRecord> => {
  const below = numbers(market + 1)
  const replay = Replay.make()
  const records: Array<BookRecord> = []
  let tsReceivedMicros = hourMicros - 1 - countBefore * 1_000
  for (let index = 0; index < countBefore + count; index++) {
    if (index === countBefore) tsReceivedMicros = hourMicros
    tsReceivedMicros += index < countBefore ? below(1_000) : below(Math.floor(3_000_000_000 / count))
    const head = {
      marketTicker: tickerOf(market),
      offset: index + 1,
      epoch: 7,
      sid: 1 + (market % 3),
      seq: index * 5 + below(5),
      tsReceivedMicros
    }
    const record = next(head, replay, below)
    Replay.apply(replay, record)
    records.push(record)
  }
  return records
}

const ladder = (below: (max: number) => number): ReadonlyArray<Level> =>
  Array.from({ length: below(12) }, (_, index) => ({
    priceE4: index * 300 + 1 + below(300),
    sizeE2: 1 + below(500_000)
  }))

const next = (
  head: Omit<BookRecord, "kind" | "tsExchangeMicros">,
  replay: Replay.Replay,
  below: (max: number) => number
): BookRecord => {
  if (replay.trust._tag !== "trusted") {
    return { kind: "snapshot", ...head, tsExchangeMicros: null, levels: { yes: ladder(below), no: ladder(below) } }
  }
  if (below(50) === 0) {
    const cause = causes[below(causes.length)] as GapCause
    return { kind: "gap", ...head, tsExchangeMicros: null, cause, tsDetectedMicros: head.tsReceivedMicros + below(100) }
  }
  return {
    kind: "delta",
    ...head,
    tsExchangeMicros: below(20) === 0 ? null : head.tsReceivedMicros - 5_000 - below(20_000),
    side: below(2) === 0 ? "yes" : "no",
    priceE4: 1 + below(4_000),
    deltaE2: 1 + below(100_000)
  }
}

/** The rows of these logs, in batches of up to `rowsMax`. */
const rowsOf = (logs: ReadonlyArray<MarketLog>, rowsMax = 1_000): ReadonlyArray<LogRows.LogRows> => {
  const batches: Array<LogRows.LogRows> = []
  const builder = LogRowsBuilder.make(rowsMax, (rows) => batches.push(rows))
  for (const { before, records } of logs) {
    builder.keyframe(before)
    for (const record of records) builder.record(record)
  }
  builder.flush()
  return batches
}

export const streamOf = (logs: ReadonlyArray<MarketLog>, rowsMax?: number) => Stream.fromIterable(rowsOf(logs, rowsMax))
