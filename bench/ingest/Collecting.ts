/** The real collector on a pouring exchange, as each ingest benchmark builds it, and what is measured of it while it runs. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Collector } from "@kalshibook/collector/Collector"
import { type CollectorSettings, Settings } from "@kalshibook/collector/CollectorSettings"
import type { CollectorStatus } from "@kalshibook/collector/CollectorStatus"
import { ExchangeAccess } from "@kalshibook/collector/ExchangeAccess"
import * as Book from "@kalshibook/core/Book"
import { Duration, Effect, Layer, Redacted } from "effect"
import type { HoseAddress } from "./ExchangeProcess.ts"

/** What one run used. */
export interface Usage {
  /** From the receipt of the first change to the end that was waited for. */
  readonly seconds: number
  /** CPU of this process in that time, user and system. */
  readonly cpuMicros: number
  /** Most memory that this process held in that time, what it held before included. */
  readonly rssBytesMax: number
  /** Most records that waited in memory to be committed. */
  readonly recordsWaitingMax: number
}

const pollMillis = 10
/** Asking for the memory costs half a millisecond. */
const pollsPerMemorySample = 10

export const collectorOf = (address: HoseAddress, settings: Partial<CollectorSettings> = {}) =>
  Collector.layer.pipe(
    Layer.provide(Settings.layerOf({ restRequestsPerSecondMax: 200, auditMillis: 3_600_000, ...settings })),
    Layer.provide(
      ExchangeAccess.layerOf({ ...address, source: "simulator", privateKeyPem: Redacted.make(address.privateKeyPem) })
    ),
    Layer.provide(NodeHttpClient.layerUndici)
  )

/** Waits until it is over; the clock starts with the first change that was received. Rejects when the collector ends before. */
export const measure = Effect.fnUntraced(function* (
  { outcomes }: HoseAddress,
  isOver: (status: CollectorStatus) => boolean
) {
  const collector = yield* Collector
  const watch = Effect.gen(function* () {
    let cpuStart = process.cpuUsage()
    let startMillis = Number.NaN
    let rssBytesMax = 0
    let recordsWaitingMax = 0
    for (let poll = 0; ; poll++) {
      const status = yield* collector.status
      if (isOver(status)) break
      // The first changes come some hundred milliseconds after the last snapshot.
      if (Number.isNaN(startMillis) && changesReceived(collector) > 0) {
        startMillis = performance.now()
        cpuStart = process.cpuUsage()
      }
      if (poll % pollsPerMemorySample === 0) rssBytesMax = Math.max(rssBytesMax, process.memoryUsage.rss())
      recordsWaitingMax = Math.max(recordsWaitingMax, status.recordsWaiting)
      yield* Effect.sleep(Duration.millis(pollMillis))
    }
    const { system, user } = process.cpuUsage(cpuStart)
    const seconds = (performance.now() - startMillis) / 1000
    return { seconds, cpuMicros: user + system, rssBytesMax, recordsWaitingMax } satisfies Usage
  })
  yield* Effect.logDebug(`${outcomes.length} markets`)
  return yield* Effect.raceFirst(watch, collector.failed)
})

/** How many changes reached the books: each log has one snapshot before them. */
const changesReceived = (collector: Collector["Service"]): number => {
  let changes = 0
  for (const { offset } of collector.recording().recorder.logs.values()) changes += Math.max(0, offset - 1)
  return changes
}

/** Why the live books are not the exchange's at the end; `undefined` when they are. */
export const wrongBook = (collector: Collector["Service"], { outcomes }: HoseAddress): string | undefined => {
  const { logs } = collector.recording().recorder
  for (const [ticker, { bookHash, changes }] of outcomes) {
    const log = logs.get(ticker)
    if (log === undefined || log.replay.trust._tag !== "trusted") return `${ticker} is not trusted`
    if (log.offset !== changes + 1) return `${ticker} has ${log.offset} records for ${changes} changes`
    if (Book.hash(log.replay.book) !== bookHash) return `${ticker} has not the exchange's book`
  }
  return undefined
}
