/**
 * What one customer feels while another sends a hundred times its limit: the time that the answers of the first take, at half of its own
 * limit, alone, beside another who stays within his limit, and beside the flood, in turns; of all turns together, since a turn has too few
 * answers for its slowest hundredth to mean much. And how much of the flood was let through.
 */
import { loadavg } from "node:os"
import type { BenchRow } from "./BenchTable.ts"
import type { BookApiReady } from "./http/BookApi.ts"
import { load, percentile } from "./http/KeepAlive.ts"
import * as Processes from "./http/Processes.ts"

const millis = Number(process.env["KALSHIBOOK_BENCH_MILLIS"] ?? 8_000)
const turns = 5
/** Compiled code, as of a server that has run for a while. */
const warmUpRequests = 10_000
const floodFactor = 100
/** Of his limit, what one sends who stays within it. */
const within = 0.95
/** What a customer may do at once is his own: what others feel of it is over by then. */
const burstMillis = 2_000
const overshootPromised = 0.01
const slowerPromised = 0.1

/** Milliseconds. */
type Answers = Array<number>

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const api = await Processes.start<BookApiReady>("./BookApi.ts")
  try {
    const { fromMicros, keys, narrowPerSecond, port, tickers } = api.ready
    const request = (key: string) => () =>
      `GET /v1/markets/${tickers[0]}/orderbook?at=${fromMicros} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\n\r\n`
    const calm = { port, connections: 4, millis, request: request(keys[2]), perSecond: narrowPerSecond / 2 }
    const neighbour = (perSecond: number) => ({
      port,
      connections: 32,
      millis: millis + burstMillis,
      request: request(keys[1]),
      perSecond,
      mayBeRefused: true
    })
    await load({ port, connections: 16, millis, request: request(keys[0]), requestsMax: warmUpRequests })
    const [alone, besideCalm, besideFlood]: [Answers, Answers, Answers] = [[], [], []]
    let [sent, answered] = [0, 0]
    for (let turn = 0; turn < turns; turn++) {
      alone.push(...(await load(calm)).millis)
      const staying = load(neighbour(narrowPerSecond * within))
      await settle()
      besideCalm.push(...(await load(calm)).millis)
      await staying
      const flooding = load(neighbour(narrowPerSecond * floodFactor))
      await settle()
      besideFlood.push(...(await load(calm)).millis)
      const flood = await flooding
      sent += flood.perSecond / turns
      answered += flood.answered
    }
    const [before, beside, after] = [alone, besideCalm, besideFlood].map(p99) as [number, number, number]
    const allowed = turns * (narrowPerSecond + (narrowPerSecond * (millis + burstMillis)) / 1_000)
    const overshoot = answered / allowed - 1
    const what = `p99 of a customer while another sends ${Math.round(sent)}/s, load ${loadavg()[0]?.toFixed(1)}`
    const row = (to: string, baseline: number): BenchRow => ({
      what,
      ours: `${after.toFixed(1)} ms`,
      baseline: `${to} ${baseline.toFixed(1)} ms`,
      ratio: `${(after / baseline).toFixed(2)}x`,
      promised: `at most ${1 + slowerPromised}x`,
      passed: after <= baseline * (1 + slowerPromised)
    })
    return [
      row("beside one within his limit", beside),
      row("alone", before),
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

const settle = () => new Promise((resolve) => setTimeout(resolve, burstMillis))

const p99 = (answers: Answers): number => percentile(Float64Array.from(answers).sort(), 0.99)
