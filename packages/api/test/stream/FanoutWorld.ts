/**
 * The fan-out without a network, a database or a clock: a recorder, what is live of it, a history that is a little behind, and readers that
 * read as they like. All of it moves only when a test says so, so thousands of joins take a second.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { Format, SlowPolicy } from "@kalshibook/core/contract/stream/StreamMessages"
import * as FeedHub from "@kalshibook/store/feed/FeedHub"
import { Effect } from "effect"
import * as LiveFolding from "../../src/live/LiveFolding.ts"
import type { LiveMarkets } from "../../src/live/LiveMarkets.ts"
import * as CatchUp from "../../src/stream/CatchUp.ts"
import * as Fanout from "../../src/stream/Fanout.ts"
import * as Session from "../../src/stream/Session.ts"
import * as StreamTick from "../../src/stream/StreamTick.ts"
import * as ModelRecorder from "../live/ModelRecorder.ts"
import * as Follower from "./Follower.ts"
import { messagesIn } from "./ServerFrames.ts"

export interface ModelReader {
  readonly session: Session.Session
  readonly follower: Follower.Follower
  /** Reads what was sent, up to so many bytes; all of it when not said. */
  readonly read: (bytesMax?: number) => void
  /** What was sent and not read, in bytes. */
  readonly unread: () => number
}

export interface FanoutWorld {
  readonly recorder: ModelRecorder.ModelRecorder
  readonly fanout: Fanout.Fanout
  /** The feed, the history's reads, and a tick. */
  readonly step: () => void
  /** What is in the history: the log, less what was not committed. */
  readonly commit: () => void
  readonly reader: (options?: {
    readonly format?: Format
    readonly slow?: SlowPolicy
    readonly readsAtOnce?: boolean
  }) => ModelReader
  readonly follow: (
    reader: ModelReader,
    markets: ReadonlyArray<MarketTicker>,
    entry?: (ticker: MarketTicker) => CatchUp.CatchUp
  ) => void
  readonly readsOfHistory: () => number
}

/** So few that whoever comes back has to read more than once. */
const recordsPerReadMax = 25

export const make = (recordsKeptMax = 200): FanoutWorld => {
  const hub = FeedHub.make()
  const recorder = ModelRecorder.make(hub)
  const folding = LiveFolding.make({ recordsKeptMax })
  const feed = hub.follow()
  const live: LiveMarkets["Service"] = {
    ...folding,
    listen: (listener) => Effect.asVoid(Effect.sync(() => folding.add(listener)))
  }
  const fanout = Fanout.make({ live, onWork: () => undefined, onStranger: () => undefined, onUnpaid: () => undefined })
  folding.add((update) => Fanout.take(fanout, update))

  let committed: ReadonlyMap<MarketTicker, ReadonlyArray<BookRecord>> = new Map()
  let waiting: Array<() => void> = []
  let reads = 0
  const readHistory: StreamTick.PumpContext["readHistory"] = (session, ticker, entry) => {
    reads++
    waiting.push(() => {
      session.isReading = false
      const log = committed.get(ticker) ?? []
      if (entry._tag === "moment") return
      const from = entry.isChecked ? entry.place.offset : entry.place.offset - 1
      const records = log.slice(Math.max(0, from), from + recordsPerReadMax)
      entry.read = { _tag: "done", found: records.length === 0 ? { _tag: "nothing" } : { _tag: "records", records } }
    })
  }

  const step = (): void => {
    for (const message of feed.take(100)) folding.take(message, 0)
    const done = waiting
    waiting = []
    for (const read of done) read()
    StreamTick.tick(fanout, { readHistory })
  }

  const reader: FanoutWorld["reader"] = ({ format = "json", readsAtOnce = true, slow = "disconnect" } = {}) => {
    const follower = Follower.make()
    const frames: Array<Buffer> = []
    let unread = 0
    const read = (bytesMax = Number.POSITIVE_INFINITY): void => {
      let left = bytesMax
      while (frames.length > 0 && (frames[0]?.length ?? 0) <= left) {
        const frame = frames.shift() as Buffer
        left -= frame.length
        unread -= frame.length
        for (const message of messagesIn(frame)) follower.take(message)
      }
    }
    const link: Session.Link = {
      write: (frame) => {
        frames.push(frame)
        unread += frame.length
        if (readsAtOnce) read()
      },
      waitingBytes: () => unread,
      end: () => undefined
    }
    const session = Session.make({ name: "model", format, slow, link })
    Fanout.add(fanout, session)
    return { session, follower, read, unread: () => unread }
  }

  const follow: FanoutWorld["follow"] = ({ session }, markets, entry = () => CatchUp.book) => {
    const subscription = {
      channels: ["book", "trades"] as const,
      markets: new Set(markets),
      events: [],
      series: [],
      all: false
    }
    session.subscriptions.set(++session.subscriptionsMade, subscription)
    Fanout.follow(fanout, session, subscription)
    for (const ticker of markets) Fanout.catchUp(fanout, session, ticker, entry(ticker))
  }

  return {
    recorder,
    fanout,
    step,
    commit: () => {
      committed = new Map([...recorder.logs()].map(([ticker, records]) => [ticker, [...records]]))
    },
    reader,
    follow,
    readsOfHistory: () => reads
  }
}
