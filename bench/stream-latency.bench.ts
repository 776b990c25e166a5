/**
 * From a record's receipt to its arrival at a subscriber, 5,000 records a second to 100 subscribers: of each frame the oldest record counts.
 * The recorder publishes every 5 ms in the same process, as in `npm start`; the readers are another process.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { BenchRow } from "./BenchTable.ts"
import * as Exchange from "./stream/Exchange.ts"
import * as ReaderProcess from "./stream/ReaderProcess.ts"
import * as StreamHost from "./stream/StreamHost.ts"

const subscribers = 100
const markets = 300
const recordsPerSecond = 5_000
const publishMillis = 5
const seconds = 8
const p50Promised = 10_000
const p99Promised = 50_000

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const host = await StreamHost.start()
  const exchange = Exchange.make(host.hub, markets)
  try {
    const readers = await ReaderProcess.start(host.port, "/stream", subscribers)
    exchange.publish(markets)
    await sleep(500)
    await readers.ask()
    const startMillis = performance.now()
    let published = 0
    while (performance.now() - startMillis < seconds * 1_000) {
      const due = Math.floor(((performance.now() - startMillis) / 1_000) * recordsPerSecond)
      if (due > published) exchange.publish(due - published)
      published = Math.max(published, due)
      await sleep(publishMillis)
    }
    await sleep(500)
    const { p50, p99 } = await readers.ask()
    readers.stop()
    return [
      {
        what: `record to subscriber's socket, ${recordsPerSecond.toLocaleString("en")} records/s, ${subscribers} subscribers`,
        ours: `p50 ${(p50 / 1_000).toFixed(1)} ms, p99 ${(p99 / 1_000).toFixed(1)} ms`,
        baseline: "",
        ratio: "",
        promised: `at most p50 ${p50Promised / 1_000} ms, p99 ${p99Promised / 1_000} ms`,
        passed: p50 <= p50Promised && p99 <= p99Promised
      }
    ]
  } finally {
    await host.stop()
  }
}
