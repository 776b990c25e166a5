/**
 * What one customer feels while another sends a hundred times its limit: the time that the answers of the first take, at half of its own
 * limit, alone and beside the flood, in turns, and the middle one of what the turns show. And how much of the flood was let through.
 */
import { loadavg } from "node:os"
import type { BenchRow } from "./BenchTable.ts"
import type { BookApiReady } from "./http/BookApi.ts"
import { load, percentile } from "./http/KeepAlive.ts"
import * as Processes from "./http/Processes.ts"

const millis = Number(process.env["KALSHIBOOK_BENCH_MILLIS"] ?? 8_000)
const turns = 3
/** Compiled code, as of a server that has run for a while. */
const warmUpRequests = 10_000
const floodFactor = 100
/** What a customer may do at once is his own: what others feel of it is over by then. */
const burstMillis = 2_000
const overshootPromised = 0.01
const slowerPromised = 0.1

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const api = await Processes.start<BookApiReady>("./BookApi.ts")
  try {
    const { fromMicros, keys, narrowPerSecond, port, tickers } = api.ready
    const request = (key: string) => () =>
      `GET /v1/markets/${tickers[0]}/orderbook?at=${fromMicros} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\n\r\n`
    const calm = { port, connections: 4, millis, request: request(keys[2]), perSecond: narrowPerSecond / 2 }
    const loud = {
      port,
      connections: 32,
      millis: millis + burstMillis,
      request: request(keys[1]),
      perSecond: narrowPerSecond * floodFactor,
      mayBeRefused: true
    }
    await load({ port, connections: 16, millis, request: request(keys[0]), requestsMax: warmUpRequests })
    const [alone, beside]: [Array<number>, Array<number>] = [[], []]
    let [sent, answered] = [0, 0]
    for (let turn = 0; turn < turns; turn++) {
      alone.push(percentile((await load(calm)).millis, 0.99))
      const flooding = load(loud)
      await new Promise((resolve) => setTimeout(resolve, burstMillis))
      beside.push(percentile((await load(calm)).millis, 0.99))
      const flood = await flooding
      sent += flood.perSecond / turns
      answered += flood.answered
    }
    const [before, after] = [middle(alone), middle(beside)]
    const allowed = turns * (narrowPerSecond + (narrowPerSecond * loud.millis) / 1_000)
    const overshoot = answered / allowed - 1
    return [
      {
        what: `p99 of a customer while another sends ${Math.round(sent)}/s, load ${loadavg()[0]?.toFixed(1)}`,
        ours: `${after.toFixed(1)} ms`,
        baseline: `alone ${before.toFixed(1)} ms`,
        ratio: `${(after / before).toFixed(2)}x`,
        promised: `at most ${1 + slowerPromised}x`,
        passed: after <= before * (1 + slowerPromised)
      },
      {
        what: `calls let through of the flood, limit ${narrowPerSecond}/s`,
        ours: String(answered),
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

const middle = (values: ReadonlyArray<number>): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
