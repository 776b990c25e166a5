/**
 * Records to a thousand subscribers: the stream, against `ws` that sends the same messages one by one, each as one buffer for all.
 *
 * What counts is the CPU time of this process, which has the server alone: readers are another process. The stream is told ten records
 * in each tick, as at a thousand a second; both wait until everything is read before they go on.
 */
import { Buffer } from "node:buffer"
import { setTimeout as sleep } from "node:timers/promises"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import { frameMillisMin } from "@kalshibook/core/contract/stream/StreamLimits"
import { type BenchRow, rate } from "./BenchTable.ts"
import * as Exchange from "./stream/Exchange.ts"
import * as ReaderProcess from "./stream/ReaderProcess.ts"
import * as StreamHost from "./stream/StreamHost.ts"

const subscribers = 1_000
const markets = 20
const recordsPerTick = 10
const ticks = 150
const plainRecords = 150
const ratioPromised = 5
const deliveriesPromised = 500_000

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const host = await StreamHost.start()
  const exchange = Exchange.make(host.hub, markets)
  const drained = async () => {
    while (host.sockets.some((socket) => socket.writableLength > 0)) await sleep(5)
  }
  try {
    const readers = await ReaderProcess.start(host.port, "/stream", subscribers)
    exchange.publish(markets)
    await sleep(200)
    await drained()
    await readers.ask()
    const stream = await cpuSeconds(async () => {
      for (let tick = 0; tick < ticks; tick++) {
        exchange.publish(recordsPerTick)
        await sleep(frameMillisMin)
        if (tick % 10 === 9) await drained()
      }
      await drained()
    })
    await sleep(300)
    const { bytes } = await readers.ask()
    readers.stop()
    const plainReaders = await ReaderProcess.start(host.port, "/plain", subscribers)
    const batch = exchange.publish(plainRecords)
    const messages = batch.map((record) =>
      Buffer.from(
        JSON.stringify({ type: "record", previous_offset: record.offset - 1, ...RecordView.view(record, undefined) })
      )
    )
    const messageBytes = messages.reduce((sum, message) => sum + message.length, 0) / messages.length
    if (bytes < messageBytes * recordsPerTick * ticks * subscribers * 0.98) throw new Error("not everything arrived")
    await sleep(200)
    const plain = await cpuSeconds(async () => {
      for (const [index, message] of messages.entries()) {
        for (const websocket of host.plain) websocket.send(message, { binary: false })
        await sleep(0)
        if (index % 10 === 9) await drained()
      }
      await drained()
    })
    plainReaders.stop()
    const ours = (recordsPerTick * ticks * subscribers) / stream
    const theirs = (plainRecords * subscribers) / plain
    const ratio = ours / theirs
    return [
      {
        what: `fan-out of records to ${subscribers.toLocaleString("en")} subscribers, against ws one by one, per CPU second`,
        ours: rate(ours),
        baseline: rate(theirs),
        ratio: `${ratio.toFixed(1)}x`,
        promised: `at least ${ratioPromised}x, and ${rate(deliveriesPromised)}`,
        passed: ratio >= ratioPromised && ours >= deliveriesPromised
      }
    ]
  } finally {
    await host.stop()
  }
}

/** CPU seconds of this process, user and system. */
const cpuSeconds = async (work: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 1e6
}
