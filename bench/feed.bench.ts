/**
 * From the receipt of an exchange's frame by the recorder to a listener in another process, at a fixed pace, with the real collector, a
 * real tape and an embedded Postgres that waits for the disk. Exchange, collector, database and follower share the machine.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BenchRow, rate } from "./BenchTable.ts"
import { record } from "./ingest/FeedRound.ts"

const seconds = Math.min(20, Number(process.env["KALSHIBOOK_BENCH_SECONDS"] ?? 20))
const pace = { markets: 2_000, framesPerSecond: 5_000 }
/** Of the way to a subscriber's socket (10 and 50 ms), what is left for the socket is half. */
const promised = { millisP50: 5, millisP99: 25 }

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const folder = await mkdtemp(join(tmpdir(), "kalshibook-bench-"))
  try {
    const round = await record({ ...pace, changes: pace.framesPerSecond * seconds }, folder)
    const { cpuMicros, followerCpuMicros, toldMillisMax, toldMillisP50, toldMillisP99 } = round
    return [
      {
        what: `received to known in another process at ${rate(pace.framesPerSecond)} for ${seconds} s, ${pace.markets.toLocaleString("en")} markets, each once`,
        ours: `p50 ${toldMillisP50} ms, p99 ${toldMillisP99} ms, max ${toldMillisMax} ms; follower ${(followerCpuMicros / 1e6 / round.seconds).toFixed(2)} cores, recorder ${(cpuMicros / 1e6 / round.seconds).toFixed(2)}`,
        baseline: "",
        ratio: "",
        promised: `p50 ${promised.millisP50} ms, p99 ${promised.millisP99} ms`,
        passed: toldMillisP50 <= promised.millisP50 && toldMillisP99 <= promised.millisP99
      }
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
