/**
 * From the exchange's socket to committed rows: one connection, the real collector, an embedded Postgres that waits for the disk.
 *
 * A simulated exchange in a process of its own sends the changes of a busy market as fast as they are read. The clock runs
 * from the receipt of the first change to the commit of the last one. Then everything is read back: each log must have all
 * its offsets and no gap, and its fold must be the book that the exchange had at the end.
 *
 * The baseline is Postgres alone: the same rows by COPY, encoded beforehand; and what that is worth against `unnest`.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BenchRow, median, rate } from "./BenchTable.ts"
import { type IngestRound, record } from "./ingest/IngestRound.ts"
import * as RecordingFile from "./ingest/RecordingFile.ts"

const marketCount = 500
const changeCount = Number(process.env["KALSHIBOOK_BENCH_FRAMES"] ?? 200_000)
const roundCount = 3
const framesPerSecondPromised = 60_000
/** The process holds the benchmark too, and what earlier rounds left for its garbage collector. */
const rssMebibytesPromised = 768
const mebibyte = 2 ** 20
/** 2026-11-21T00:00:00Z. */
const startMicros = 1_795_219_200_000_000

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const folder = await mkdtemp(join(tmpdir(), "kalshibook-bench-"))
  try {
    const path = join(folder, "recording.ndjson")
    const recording = RecordingFile.write(path, marketCount, changeCount, startMicros)
    const rounds: Array<IngestRound> = []
    for (let round = 0; round < roundCount; round++) {
      rounds.push(await record(path, recording, join(folder, `round-${round}`)))
    }
    return rowsOf(recording, rounds)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const rowsOf = (
  { changes, frameBytesMean, markets }: RecordingFile.RecordingFile,
  rounds: ReadonlyArray<IngestRound>
): ReadonlyArray<BenchRow> => {
  const scale = `${changes.toLocaleString("en")} frames of ${frameBytesMean.toFixed(0)} bytes, ${markets.size} markets`
  const middle = (figure: (round: IngestRound) => number): number => median(rounds.map(figure))
  const framesPerSecond = middle((round) => changes / round.seconds)
  const baseline = middle((round) => changes / round.alone.copy)
  const rssBytesMax = Math.max(...rounds.map((round) => round.rssBytesMax))
  return [
    {
      what: `socket to committed rows, ${scale}, none lost; baseline Postgres alone, by COPY`,
      ours: rate(framesPerSecond),
      baseline: rate(baseline),
      ratio: `${middle((round) => round.alone.copy / round.seconds).toFixed(2)}x`,
      promised: `at least ${rate(framesPerSecondPromised)}`,
      passed: framesPerSecond >= framesPerSecondPromised
    },
    {
      what: "Postgres alone: COPY; baseline insert by unnest",
      ours: rate(baseline),
      baseline: rate(middle((round) => changes / round.alone.unnest)),
      ratio: `${middle((round) => round.alone.unnest / round.alone.copy).toFixed(2)}x`,
      promised: "",
      passed: true
    },
    {
      what: "socket to committed rows: CPU of the collector per frame, records that waited at most, memory at most",
      ours: [
        `${middle((round) => round.cpuMicros / changes).toFixed(1)} us`,
        `${(Math.max(...rounds.map((round) => round.recordsWaitingMax)) / 1e3).toFixed(0)} k`,
        `${(rssBytesMax / mebibyte).toFixed(0)} MiB`
      ].join(", "),
      baseline: "",
      ratio: "",
      promised: `at most ${rssMebibytesPromised} MiB`,
      passed: rssBytesMax <= rssMebibytesPromised * mebibyte
    }
  ]
}
