/**
 * A whole minute at a fixed pace, with the real collector, a real tape and an embedded Postgres that waits for the disk: how long a
 * record waits to be committed in a peak hour of the whole exchange, and whether a burst of a minute is recorded whole in bounded
 * memory. Exchange, collector and database share the machine.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BenchRow, rate } from "./BenchTable.ts"
import { record, type SteadyRound } from "./ingest/SteadyRound.ts"

const seconds = Number(process.env["KALSHIBOOK_BENCH_SECONDS"] ?? 60)
const mebibyte = 2 ** 20
const peak = { markets: 3_000, framesPerSecond: 15_000, commitMillisP99: 500 }
const burst = { markets: 10_000, framesPerSecond: 45_000, rssMebibytes: 1_024 }

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const folder = await mkdtemp(join(tmpdir(), "kalshibook-bench-"))
  const round = ({ framesPerSecond, markets }: { framesPerSecond: number; markets: number }, name: string) =>
    record({ markets, framesPerSecond, changes: framesPerSecond * seconds }, join(folder, name))
  try {
    const peakRound = await round(peak, "peak")
    await rm(join(folder, "peak"), { recursive: true, force: true })
    const burstRound = await round(burst, "burst")
    return [
      {
        what: `received to committed at ${scale(peak)}, none lost`,
        ours: `p50 ${peakRound.commitMillisP50} ms, p99 ${peakRound.commitMillisP99} ms, max ${peakRound.commitMillisMax} ms; ${used(peakRound)}`,
        baseline: "",
        ratio: "",
        promised: `p99 ${peak.commitMillisP99} ms`,
        passed: peakRound.commitMillisP99 <= peak.commitMillisP99
      },
      {
        what: `a burst of ${scale(burst)}, none lost`,
        ours: `${used(burstRound)}; all committed ${(burstRound.seconds - seconds).toFixed(1)} s after the last${burstRound.hasSpilled ? ", from the tape" : ""}`,
        baseline: "",
        ratio: "",
        promised: `under ${burst.rssMebibytes} MiB`,
        passed: burstRound.rssBytesMax <= burst.rssMebibytes * mebibyte
      }
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const scale = ({ framesPerSecond, markets }: { readonly framesPerSecond: number; readonly markets: number }): string =>
  `${rate(framesPerSecond)} for ${seconds} s, ${markets.toLocaleString("en")} markets`

const used = ({ cpuMicros, recordsWaitingMax, rssBytesMax, seconds: lasted }: SteadyRound): string =>
  `${(rssBytesMax / mebibyte).toFixed(0)} MiB, ${(cpuMicros / 1e6 / lasted).toFixed(2)} cores, ${(recordsWaitingMax / 1e3).toFixed(0)} k waited`
