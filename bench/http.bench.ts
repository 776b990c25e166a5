/**
 * The book of a market at a moment over HTTP, by a key and charged, against a bare `node:http` that sends the same JSON: the whole way from
 * the socket over key, rate, ledger, log and JSON back to the socket, with Postgres on the same two cores.
 *
 * Moments are drawn anew for every question, out of an hour of some markets. Then the same at half of that rate, evenly spaced, for the
 * time that an answer takes.
 */
import { loadavg } from "node:os"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import { type BenchRow, rate } from "./BenchTable.ts"
import type { BookApiReady } from "./http/BookApi.ts"
import { load, percentile } from "./http/KeepAlive.ts"
import * as Processes from "./http/Processes.ts"

const millis = Number(process.env["KALSHIBOOK_BENCH_MILLIS"] ?? 5_000)
const connections = 64
const momentsOfWarmUp = 60
/** After so many a server's code is compiled; both have them before they are measured. */
const answersOfWarmUp = 20_000
const ratioPromised = 0.25
const p99MillisPromised = 50

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const api = await Processes.start<BookApiReady>("./BookApi.ts")
  try {
    const { fromMicros, keys, port, tickers, toMicros } = api.ready
    const prng = Prng.make(7, 0)
    const path = () => {
      const ticker = tickers[Math.floor(Prng.fraction(prng) * tickers.length)]
      const at = Math.floor(fromMicros + Prng.fraction(prng) * (toMicros - fromMicros))
      return `/v1/markets/${ticker}/orderbook?at=${at}`
    }
    const ask = (what: string) => `GET ${what} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${keys[0]}\r\n\r\n`
    const request = () => ask(path())
    // Each piece of each log is read once before: what is measured is a server that has run for a while.
    const steps = tickers.length * momentsOfWarmUp
    const warmUp = (index: number) => {
      const at =
        fromMicros + Math.floor(((toMicros - fromMicros) * Math.floor(index / tickers.length)) / momentsOfWarmUp)
      return ask(`/v1/markets/${tickers[index % tickers.length]}/orderbook?at=${at}`)
    }
    await load({ port, connections, millis: 60_000, request: warmUp, requestsMax: steps })
    const warmed = { millis: 20_000, requestsMax: answersOfWarmUp }
    await load({ port, connections, request, ...warmed })
    const ours = await load({ port, connections, millis, request })
    const half = await load({ port, connections, millis, request, perSecond: ours.perSecond / 2 })
    const sample = await fetch(`http://127.0.0.1:${port}${path()}`, { headers: { authorization: `Bearer ${keys[0]}` } })
    const bare = await Processes.start<{ readonly port: number }>("./bare.ts", JSON.stringify(await sample.json()))
    const plain = () => `GET ${path()} HTTP/1.1\r\nHost: localhost\r\n\r\n`
    const asked = { port: bare.ready.port, connections, request: plain }
    await load({ ...asked, ...warmed })
    const baseline = await load({ ...asked, millis })
    await bare.stop()
    const ratio = ours.perSecond / baseline.perSecond
    const scale = `${Math.round(ours.bytesMean / 100) / 10} kB, load ${loadavg()[0]?.toFixed(1)}`
    return [
      {
        what: `charged book at T over HTTP, ${scale}`,
        ours: rate(ours.perSecond),
        baseline: `node:http ${rate(baseline.perSecond)}`,
        ratio: `${ratio.toFixed(2)}x`,
        promised: `at least ${ratioPromised}x`,
        passed: ratio >= ratioPromised
      },
      {
        what: `the same at half load, ${rate(half.perSecond)}: p99 (p50 ${percentile(half.millis, 0.5).toFixed(1)} ms)`,
        ours: `${percentile(half.millis, 0.99).toFixed(1)} ms`,
        baseline: "",
        ratio: "",
        promised: `below ${p99MillisPromised} ms`,
        passed: percentile(half.millis, 0.99) < p99MillisPromised
      }
    ]
  } finally {
    await api.stop()
  }
}
