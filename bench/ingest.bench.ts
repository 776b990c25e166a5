/**
 * From the exchange's socket onto the tape, and to committed rows: one connection, the real collector, a real tape, an embedded
 * Postgres that waits for the disk.
 *
 * A simulated exchange in a process of its own sends the changes of a busy market as fast as they are read. The clock runs from
 * the receipt of the first change to the end. Then everything is looked at: the books must be those that the exchange had at the
 * end, and each stored log must have all its offsets and no gap.
 *
 * The baselines are the parts alone: a client that reads the same frames and does nothing, and Postgres with the same rows by COPY,
 * encoded beforehand.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BenchRow, median, rate } from "./BenchTable.ts"
import type { Usage } from "./ingest/Collecting.ts"
import type { HoseSettings } from "./ingest/Hose.ts"
import * as IngestRound from "./ingest/IngestRound.ts"
import * as SocketAlone from "./ingest/SocketAlone.ts"
import * as TapeRound from "./ingest/TapeRound.ts"

const changes = Number(process.env["KALSHIBOOK_BENCH_FRAMES"] ?? 400_000)
const hose: HoseSettings = { markets: 500, changes, framesPerSecond: null }
const roundCount = 3
const toTapePerSecond = 150_000
const toRowsPerSecond = 60_000
/** The process holds the benchmark too, and what earlier rounds left for its garbage collector. */
const rssMebibytesPromised = 1_024
const mebibyte = 2 ** 20

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const folder = await mkdtemp(join(tmpdir(), "kalshibook-bench-"))
  try {
    const sockets: Array<number> = []
    const tapes: Array<Awaited<ReturnType<typeof TapeRound.record>>> = []
    const rows: Array<IngestRound.IngestRound> = []
    for (let round = 0; round < roundCount; round++) {
      sockets.push(await SocketAlone.read(hose))
      tapes.push(await TapeRound.record(hose, join(folder, `tape-${round}`)))
      rows.push(await IngestRound.record(hose, join(folder, `rows-${round}`)))
    }
    return tableOf(sockets, tapes, rows)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const middle = <Round>(rounds: ReadonlyArray<Round>, figure: (round: Round) => number): number =>
  median(rounds.map(figure))

const tableOf = (
  sockets: ReadonlyArray<number>,
  tapes: ReadonlyArray<Usage & { readonly frameBytesMean: number }>,
  rows: ReadonlyArray<IngestRound.IngestRound>
): ReadonlyArray<BenchRow> => {
  const scale = `${changes.toLocaleString("en")} frames of ${tapes[0]?.frameBytesMean.toFixed(0)} bytes, ${hose.markets} markets`
  const socket = changes / median(sockets)
  const toTape = changes / middle(tapes, ({ seconds }) => seconds)
  const toRows = changes / middle(rows, ({ seconds }) => seconds)
  const copy = changes / middle(rows, ({ alone }) => alone.copy)
  const unnest = changes / middle(rows, ({ alone }) => alone.unnest)
  const rssBytesMax = Math.max(...[...tapes, ...rows].map((round) => round.rssBytesMax))
  return [
    {
      what: `socket to tape, synced, and books applied, ${scale}; baseline the socket alone`,
      ours: rate(toTape),
      baseline: rate(socket),
      ratio: `${(toTape / socket).toFixed(2)}x`,
      promised: `at least ${rate(toTapePerSecond)}`,
      passed: toTape >= toTapePerSecond
    },
    {
      what: "the same to committed rows, none lost; baseline Postgres alone, by COPY",
      ours: rate(toRows),
      baseline: rate(copy),
      ratio: `${(toRows / copy).toFixed(2)}x`,
      promised: `at least ${rate(toRowsPerSecond)}`,
      passed: toRows >= toRowsPerSecond
    },
    {
      what: "Postgres alone: COPY; baseline insert by unnest",
      ours: rate(copy),
      baseline: rate(unnest),
      ratio: `${(copy / unnest).toFixed(2)}x`,
      promised: "",
      passed: true
    },
    {
      what: "CPU of the collector per frame, to the tape and to rows; records that waited at most, memory at most",
      ours: [
        `${middle(tapes, (round) => round.cpuMicros / changes).toFixed(1)} us`,
        `${middle(rows, (round) => round.cpuMicros / changes).toFixed(1)} us`,
        `${(Math.max(...rows.map((round) => round.recordsWaitingMax)) / 1e3).toFixed(0)} k`,
        `${(rssBytesMax / mebibyte).toFixed(0)} MiB`
      ].join(", "),
      baseline: "",
      ratio: "",
      promised: `at most ${rssMebibytesPromised} MiB`,
      passed: rssBytesMax <= rssMebibytesPromised * mebibyte
    }
  ]
}
