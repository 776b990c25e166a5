/** A recorder that publishes changes of some markets, as fast as it is told to. */
import type { BookRecord } from "@kalshibook/core/BookRecord"
import { nothingRecorded } from "@kalshibook/core/FeedMessage"
import * as LiveFold from "@kalshibook/core/LiveFold"
import * as Replay from "@kalshibook/core/Replay"
import type { FeedHub } from "@kalshibook/store/feed/FeedHub"

const microsNow = (): number => Math.round((performance.timeOrigin + performance.now()) * 1_000)

export const make = (hub: FeedHub["Service"], markets: number) => {
  const replays = new Map<string, Replay.Replay>()
  let seq = 0
  const recordOf = (market: number): BookRecord => {
    const marketTicker = `KXBENCH-26NOV22-T${market}`
    const replay = replays.get(marketTicker) ?? Replay.make()
    replays.set(marketTicker, replay)
    const now = microsNow()
    const head = {
      marketTicker,
      offset: (replay.last?.offset ?? 0) + 1,
      epoch: 1,
      sid: 1,
      seq: ++seq,
      tsExchangeMicros: now,
      tsReceivedMicros: now
    }
    const record: BookRecord =
      head.offset === 1
        ? { ...head, kind: "snapshot", levels: { yes: [{ priceE4: 3_400, sizeE2: 7_800 }], no: [] } }
        : { ...head, kind: "delta", side: "yes", priceE4: 3_300 + (seq % 100), deltaE2: 100 }
    Replay.apply(replay, record)
    return record
  }
  hub.begin({
    feedId: "bench",
    state: () => ({
      tsReceivedMicros: microsNow(),
      logs: [...replays.values()].flatMap((replay) => {
        const log = LiveFold.toLog(replay)
        return log === undefined ? [] : [{ ...log, taken: null }]
      }),
      ended: []
    })
  })
  /** Publishes one batch of so many changes, over the markets in turn; returns them. */
  const publish = (records: number): ReadonlyArray<BookRecord> => {
    const batch = Array.from({ length: records }, () => recordOf(seq % markets))
    hub.publish(microsNow(), { ...nothingRecorded, records: batch })
    return batch
  }
  return { publish }
}
