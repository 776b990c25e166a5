/**
 * What one customer feels while another sends a hundred times its limit: the time that the answers of the first take, at a tenth of its own
 * limit, alone and beside the flood. And how much of the flood was let through.
 */
import { loadavg } from "node:os"
import type { BenchRow } from "./BenchTable.ts"
import type { BookApiReady } from "./http/BookApi.ts"
import { load, percentile } from "./http/KeepAlive.ts"
import * as Processes from "./http/Processes.ts"

const millis = Number(process.env["KALSHIBOOK_BENCH_MILLIS"] ?? 5_000)
const floodFactor = 100
const overshootPromised = 0.01
const slowerPromised = 0.1

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const api = await Processes.start<BookApiReady>("./BookApi.ts")
  try {
    const { fromMicros, keys, narrowPerSecond, port, tickers } = api.ready
    const request = (key: string) => () =>
      `GET /v1/markets/${tickers[0]}/orderbook?at=${fromMicros} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\n\r\n`
    const calm = { port, connections: 4, millis, request: request(keys[2]), perSecond: narrowPerSecond / 10 }
    const loud = {
      port,
      connections: 32,
      request: request(keys[1]),
      perSecond: narrowPerSecond * floodFactor,
      mayBeRefused: true
    }
    await load(calm)
    const alone = await load(calm)
    const [beside, flood] = await Promise.all([load(calm), load({ ...loud, millis })])
    const [before, after] = [percentile(alone.millis, 0.99), percentile(beside.millis, 0.99)]
    const allowed = narrowPerSecond + (narrowPerSecond * millis) / 1_000
    const overshoot = flood.answered / allowed - 1
    return [
      {
        what: `p99 of a customer while another sends ${Math.round(flood.perSecond)}/s, load ${loadavg()[0]?.toFixed(1)}`,
        ours: `${after.toFixed(1)} ms`,
        baseline: `alone ${before.toFixed(1)} ms`,
        ratio: `${(after / before).toFixed(2)}x`,
        promised: `at most ${1 + slowerPromised}x`,
        passed: after <= before * (1 + slowerPromised)
      },
      {
        what: `calls let through of the flood, limit ${narrowPerSecond}/s`,
        ours: String(flood.answered),
        baseline: `allowed ${allowed.toFixed(0)}`,
        ratio: `${(overshoot * 100).toFixed(1)} % over`,
        promised: `at most ${overshootPromised * 100} % over`,
        passed: overshoot <= overshootPromised
      }
    ]
  } finally {
    await api.stop()
  }
}
