/** All that a whole tape says is to be stored, derived from its first entry on. */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as Outbox from "@kalshibook/core/Outbox"
import * as TapeReplay from "@kalshibook/core/TapeReplay"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import * as Endings from "@kalshibook/store/Endings"
import * as TapeFolder from "@kalshibook/store/tape/TapeFolder"
import * as TapeReader from "@kalshibook/store/tape/TapeReader"
import * as TapeWalk from "@kalshibook/store/tape/TapeWalk"

export interface Derived {
  readonly tapeIds: ReadonlySet<string>
  /** Number of the last entry, and of all entries that are frames of the exchange. */
  readonly entries: number
  readonly framesReceived: number
  /** What is wrong with the tape, for people. */
  readonly findings: ReadonlyArray<string>
  readonly logs: ReadonlyMap<MarketTicker, ReadonlyArray<BookRecord>>
  readonly keyframes: ReadonlyArray<Keyframe>
  /** The first telling of each, by id. */
  readonly trades: ReadonlyMap<string, TradeRecord>
  readonly lifecycle: ReadonlyArray<LifecycleRecord>
  readonly connections: ReadonlyMap<number, ConnectionRecord>
  readonly channelGaps: ReadonlyMap<string, ChannelGap>
  /** Receipt of the last numbered frame of each subscription, by `epoch sid`. */
  readonly lastFrames: ReadonlyMap<string, number>
}

export const of = async (folder: string): Promise<Derived> => {
  const replay = TapeReplay.make()
  const tapeIds = new Set<string>()
  const findings: Array<string> = []
  const logs = new Map<MarketTicker, Array<BookRecord>>()
  const keyframes: Array<Keyframe> = []
  const trades = new Map<string, TradeRecord>()
  const lifecycle: Array<LifecycleRecord> = []
  const connections = new Map<number, ConnectionRecord>()
  const channelGaps = new Map<string, ChannelGap>()
  const lastFrames = new Map<string, number>()
  let framesReceived = 0
  const drain = (): void => {
    const drained = Outbox.drain(replay.recorder.outbox)
    for (const record of drained.records) {
      const log = logs.get(record.marketTicker)
      if (log === undefined) logs.set(record.marketTicker, [record])
      else log.push(record)
    }
    keyframes.push(...drained.keyframes)
    lifecycle.push(...drained.lifecycle)
    for (const trade of drained.trades) if (!trades.has(trade.tradeId)) trades.set(trade.tradeId, trade)
    Endings.tellConnections(connections, drained.connections)
    Endings.tellChannelGaps(channelGaps, drained.channelGaps, (gap) => gap)
  }
  for await (const reading of TapeReader.read(await TapeFolder.list(folder), TapeWalk.everything)) {
    if (reading._tag === "segment") tapeIds.add(reading.header.tape_id)
    if (reading._tag === "finding") findings.push(reading.finding.problem)
    if (reading._tag !== "entries") continue
    for (const entry of reading.entries) {
      if (!TapeReplay.isNext(replay, entry)) findings.push(`entry ${entry.number} does not follow ${replay.entryLast}`)
      if (entry.kind === "received") {
        framesReceived++
        const message = Wire.decode(entry.body)
        if ("seq" in message && message.seq !== null && message.sid !== null) {
          lastFrames.set(`${entry.epoch} ${message.sid}`, entry.tsReceivedMicros)
        }
      }
      TapeReplay.apply(replay, entry)
    }
    drain()
  }
  const entries = replay.entryLast
  return {
    tapeIds,
    entries,
    framesReceived,
    findings,
    logs,
    keyframes,
    trades,
    lifecycle,
    connections,
    channelGaps,
    lastFrames
  }
}
