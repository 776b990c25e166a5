/**
 * A recorder that tells a hub, reduced to what a follower can notice: it writes logs, ends them and goes on with them, and dies with
 * the last of what it told not stored, so that the next one writes other records at the same offsets. `logs` is the truth.
 */
import type { BookRecord, MarketTicker, RecordHead } from "@kalshibook/core/BookRecord"
import type { FeedLog, LiveLog } from "@kalshibook/core/FeedMessage"
import { nothingRecorded } from "@kalshibook/core/FeedMessage"
import * as LiveFold from "@kalshibook/core/LiveFold"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import * as Replay from "@kalshibook/core/Replay"
import type { FeedHub } from "@kalshibook/store/feed/FeedHub"

export interface ModelRecorder {
  /** Every record that is part of the logs now. */
  readonly logs: () => ReadonlyMap<MarketTicker, ReadonlyArray<BookRecord>>
  readonly snapshot: (ticker: MarketTicker, sizeE2: number) => void
  readonly delta: (ticker: MarketTicker, priceE4: number, deltaE2: number) => void
  /** Every book is lost and the connection is another one from now on. */
  readonly reconnect: () => void
  /** The recording of the market ends. */
  readonly end: (ticker: MarketTicker) => void
  /** Tells what was recorded since the last time. */
  readonly publish: () => void
  /** Dies, with the last records lost, told or not, save the first ones; another one goes on, and follows no market yet. */
  readonly die: (recordsLost: number, recordsSafe?: number) => void
}

export const make = (hub: FeedHub["Service"]): ModelRecorder => {
  let runs = 0
  let epoch = 0
  let seq = 0
  let micros = 1_000
  let history: Array<BookRecord> = []
  let outbox = Outbox.make()
  let open = new Map<MarketTicker, MarketLog.MarketLog>()
  let taken = new Map<MarketTicker, RecordHead>()
  let endedLogs = new Map<MarketTicker, FeedLog>()
  let ends = new Map<MarketTicker, MarketLog.LogEnd>()
  let begun: Array<LiveLog> = []
  let ended: Array<MarketTicker> = []

  const head = () => ({
    epoch,
    sid: 1,
    seq: ++seq,
    tsExchangeMicros: micros,
    tsReceivedMicros: ++micros
  })

  const publish = (): void => {
    const records = outbox.records
    for (const record of records) history.push(record)
    outbox = Outbox.make()
    hub.publish(micros, { ...nothingRecorded, begun, records, ended })
    begun = []
    ended = []
  }

  const logOf = (ticker: MarketTicker): MarketLog.MarketLog => {
    const known = open.get(ticker)
    if (known !== undefined) return known
    // As the recorder does: no batch in which a log ends and goes on.
    if (ended.includes(ticker)) publish()
    const end = ends.get(ticker)
    const log = MarketLog.make(ticker, end)
    open.set(ticker, log)
    endedLogs.delete(ticker)
    ends.delete(ticker)
    if (end !== undefined) {
      begun.push(LiveFold.fromEnd(end))
      taken.set(ticker, end.last)
    }
    return log
  }

  const leave = (log: MarketLog.MarketLog, cause: "market_closed" | "recorder_stopped"): void => {
    const { epoch: epochLast = epoch, sid = 0 } = log.replay.last ?? {}
    const start = { epoch: epochLast, sid, seq: 0, tsExchangeMicros: null, tsReceivedMicros: ++micros }
    MarketLog.leave(log, { ...start, cause, tsDetectedMicros: micros }, outbox)
    const standing = LiveFold.toLog(log.replay)
    const end = MarketLog.end(log)
    if (standing === undefined || end === undefined) return
    ends.set(log.marketTicker, end)
    endedLogs.set(log.marketTicker, { ...standing, taken: taken.get(log.marketTicker) ?? null })
  }

  const begin = (): void => {
    runs++
    epoch++
    hub.begin({
      feedId: `run ${runs}`,
      state: () => {
        publish()
        const logs = [...open.values()].flatMap((log) => {
          const standing = LiveFold.toLog(log.replay)
          return standing === undefined ? [] : [{ ...standing, taken: taken.get(log.marketTicker) ?? null }]
        })
        return { tsReceivedMicros: micros, logs, ended: [...endedLogs.values()] }
      }
    })
  }

  begin()
  return {
    logs: () => Map.groupBy([...history, ...outbox.records], ({ marketTicker }) => marketTicker),
    snapshot: (ticker, sizeE2) => {
      MarketLog.snapshot(logOf(ticker), head(), { yes: [{ priceE4: 100, sizeE2 }], no: [] }, outbox)
    },
    delta: (ticker, priceE4, deltaE2) => {
      MarketLog.delta(logOf(ticker), head(), "yes", priceE4, deltaE2, outbox)
    },
    reconnect: () => {
      const { seq: seqNext, ...at } = head()
      for (const log of open.values()) {
        MarketLog.distrust(log, { ...at, seq: seqNext, cause: "connection_lost", tsDetectedMicros: micros }, outbox)
      }
      epoch++
    },
    end: (ticker) => {
      const log = open.get(ticker)
      if (log === undefined) return
      leave(log, "market_closed")
      open.delete(ticker)
      taken.delete(ticker)
      ended.push(ticker)
    },
    publish,
    die: (recordsLost, recordsSafe = 0) => {
      hub.end("the recorder died")
      const all = [...history, ...outbox.records]
      history = all.slice(0, Math.max(recordsSafe, all.length - recordsLost))
      outbox = Outbox.make()
      open = new Map()
      taken = new Map()
      endedLogs = new Map()
      ends = new Map()
      begun = []
      ended = []
      for (const [ticker, records] of Map.groupBy(history, ({ marketTicker }) => marketTicker)) {
        const log = MarketLog.make(ticker)
        for (const record of records) Replay.apply(log.replay, record)
        log.offset = records.length
        leave(log, "recorder_stopped")
      }
      history = [...history, ...outbox.records]
      outbox = Outbox.make()
      begin()
    }
  }
}
