/** Each input of SPEC-book.md's table, as frames and calls: what it does to a book in each state, in the words of the document. */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as Recorder from "@kalshibook/core/Recorder"
import { Option } from "effect"
import * as Frames from "./Frames.ts"
import * as Listening from "./Listening.ts"

type State = "unknown" | "trusted" | "stale"

interface Market {
  readonly recorder: Recorder.Recorder
  /** The next number of sid 1. */
  readonly seq: number
  readonly atMicros: number
}

const ticker: MarketTicker = "M"
const other: MarketTicker = "OTHER"
const levels = { yes: Frames.ladder([4_300, 1_000]), no: Frames.ladder([5_600, 500]) }
const otherLevels = { yes: Frames.ladder([4_200, 7]), no: [] }
const crossed = { yes: Frames.ladder([4_300, 1_000]), no: Frames.ladder([5_700, 500]) }
const repeated = { yes: Frames.ladder([4_300, 1], [4_300, 2]), no: [] }
const atMicros = 10_000

/** M, followed on sid 1, in this state. The other market is followed and trusted. */
const marketIn = (state: State): Market => {
  const { recorder } = Listening.make()
  Listening.open(recorder, 1)
  for (const each of [ticker, other]) {
    Listening.follow(recorder, each)
    Listening.logOf(recorder, each).grid = Option.getOrThrow(PriceGrid.gridOf("linear_cent"))
  }
  const frames = [Frames.subscribed(1), Frames.snapshot(1, 1, other, levels)]
  if (state !== "unknown") frames.push(Frames.snapshot(1, 2, ticker, levels))
  if (state === "stale") frames.push(Frames.undecodable(1, 3))
  Listening.receiveAll(recorder, 100, frames)
  const { trust } = Listening.logOf(recorder, ticker).replay
  if (trust._tag !== state) throw new Error(`the market is ${trust._tag}, not ${state}`)
  Outbox.drain(recorder.outbox)
  return { recorder, seq: frames.length, atMicros }
}

const word = (record: BookRecord): string => (record.kind === "gap" ? `gap ${record.cause}` : record.kind)

/** What was written to M's log, keyframes behind the record that they follow. */
const written = (log: MarketLog.MarketLog, outbox: Outbox.Outbox): string => {
  const keyframeAt = new Set(
    outbox.keyframes.filter(({ marketTicker }: Keyframe) => marketTicker === ticker).map(({ offset }) => offset)
  )
  const words = outbox.records
    .filter(({ marketTicker }) => marketTicker === ticker)
    .flatMap((record) => (keyframeAt.has(record.offset) ? [word(record), "keyframe"] : [word(record)]))
  return `${log.replay.trust._tag}: ${words.length === 0 ? "nothing" : words.join(", ")}`
}

type Input = (state: State) => string

/** The input as calls of the recorder. */
const input =
  (act: (market: Market) => void): Input =>
  (state) => {
    const market = marketIn(state)
    act(market)
    return written(Listening.logOf(market.recorder, ticker), market.recorder.outbox)
  }

/** The input as frames. */
const frames = (make: (seq: number) => ReadonlyArray<Parameters<typeof Listening.receive>[1]>): Input =>
  input(({ atMicros, recorder, seq }) => Listening.receiveAll(recorder, atMicros, make(seq)))

/** The input while M is not followed, which no trusted market can be. */
const unfollowed =
  (make: (seq: number) => ReadonlyArray<Parameters<typeof Listening.receive>[1]>): Input =>
  (state) =>
    state === "trusted"
      ? "impossible"
      : input(({ atMicros, recorder, seq }) => {
          Recorder.unfollow(recorder, ticker, "unsubscribed", atMicros)
          Listening.receiveAll(recorder, atMicros, make(seq))
        })(state)

const delta = (seq: number, priceE4: number, deltaE2: number, side: "yes" | "no" = "yes", sid = 1) =>
  Frames.delta(sid, seq, ticker, { side, priceE4, deltaE2 })

/** A process that knows of the log only where it ends. */
const takenUp: Input = (state) => {
  const { recorder } = marketIn(state)
  const { last, trust, tsExchangeEffectiveMicros } = Listening.logOf(recorder, ticker).replay
  const outbox = Outbox.make()
  const end = last && { last, trust: trust._tag === "stale" ? trust : ({ _tag: "unknown" } as const) }
  const log = MarketLog.make(ticker, end && { ...end, tsExchangeEffectiveMicros })
  if (last !== undefined && trust._tag !== "stale") {
    const start = { epoch: 1, sid: 0, seq: 0, tsExchangeMicros: null, tsReceivedMicros: 200, tsDetectedMicros: 900 }
    MarketLog.resume(log, { ...start, cause: "recorder_stopped" }, outbox)
  }
  return written(log, outbox)
}

/** By the document's words. */
export const inputs: Readonly<Record<string, Input>> = {
  "snapshot that agrees with the book": frames((seq) => [Frames.snapshot(1, seq, ticker, levels)]),
  "snapshot that contradicts the book": frames((seq) => [Frames.snapshot(1, seq, ticker, otherLevels)]),
  "crossed snapshot": frames((seq) => [Frames.snapshot(1, seq, ticker, crossed)]),
  "snapshot with a price twice or a size of 0": frames((seq) => [Frames.snapshot(1, seq, ticker, repeated)]),
  "delta that fits": frames((seq) => [delta(seq, 4_200, 10)]),
  "delta that fits, 500 records after the last keyframe": input(({ atMicros, recorder, seq }) => {
    for (let index = 1; index < MarketLog.keyframeRecordsMax; index++) {
      Listening.receive(recorder, delta(seq + index - 1, 4_200, 10), atMicros)
    }
    Outbox.drain(recorder.outbox)
    Listening.receive(recorder, delta(seq + MarketLog.keyframeRecordsMax - 1, 4_200, 10), atMicros)
  }),
  "delta that takes a level below 0": frames((seq) => [delta(seq, 4_300, -1_001)]),
  "delta that crosses the book": frames((seq) => [delta(seq, 5_700, 10, "no")]),
  "delta that makes a level off the grid": frames((seq) => [delta(seq, 4_205, 10)]),
  "delta from another subscription than the snapshot": frames(() => [delta(1, 4_200, 10, "yes", 5)]),
  "delta of size 0": frames((seq) => [delta(seq, 4_200, 0)]),
  "frame in order of the sid that is about no book (`ok`, error that ends nothing)": frames((seq) => [
    Frames.ok(1, seq),
    Frames.error(7, 1, seq + 1)
  ]),
  "frame of another market behind a hole in the sid": frames((seq) => [Frames.snapshot(1, seq + 1, other, levels)]),
  "snapshot behind a hole in the sid": frames((seq) => [Frames.snapshot(1, seq + 1, ticker, levels)]),
  "hole in another sid": frames(() => [
    Frames.subscribed(2, "trade"),
    Frames.trade(2, 1, ticker),
    Frames.trade(2, 9, ticker)
  ]),
  "repeated or late frame of the sid, a snapshot too": frames((seq) => [
    Frames.snapshot(1, seq - 1, ticker, otherLevels),
    delta(1, 4_200, 10)
  ]),
  "unreadable frame with the next number of the sid": frames((seq) => [Frames.undecodable(1, seq)]),
  "unreadable frame with a number beyond the next": frames((seq) => [Frames.undecodable(1, seq + 9)]),
  "unreadable frame with a number that was seen": frames((seq) => [Frames.undecodable(1, seq - 1)]),
  "unreadable frame without numbers, or of another sid": frames(() => [
    Frames.undecodable(null, null),
    Frames.undecodable(1, null),
    Frames.undecodable(2, 1)
  ]),
  "frame of a type that nobody knows, numbered in the sid": frames((seq) => [Frames.unknown(1, seq)]),
  "frame of a type that nobody knows, without numbers": frames(() => [Frames.unknown(1, null)]),
  "error that ends the sid (10, 25), whatever its number": frames(() => [Frames.error(25, 1, 1)]),
  "error that ends a subscription it does not name": frames(() => [Frames.error(10, null, null)]),
  "error that ends another sid": frames(() => [Frames.subscribed(2, "trade"), Frames.error(25, 2, null)]),
  "`unsubscribed` of the sid": frames((seq) => [Frames.unsubscribed(1, seq)]),
  "snapshot or delta of a sid that has ended": frames(() => [
    Frames.subscribed(3),
    Frames.unsubscribed(3, 1),
    Frames.snapshot(3, 2, ticker, otherLevels),
    delta(3, 4_200, 10, "yes", 3)
  ]),
  "connection closed": input(({ atMicros, recorder }) => Listening.close(recorder, "connection_lost", atMicros)),
  "connection opened, though nobody closed the one before": input(({ atMicros, recorder }) =>
    Listening.open(recorder, 2, atMicros)
  ),
  "M is let go of": input(({ atMicros, recorder }) => Recorder.unfollow(recorder, ticker, "market_closed", atMicros)),
  "snapshot while M is not followed": unfollowed((seq) => [Frames.snapshot(1, seq, ticker, levels)]),
  "delta while M is not followed": unfollowed((seq) => [delta(seq, 4_200, 10)]),
  "book frame on another connection than the one on which M is followed": input(({ atMicros, recorder }) => {
    Recorder.open(recorder, { ...Listening.opening, epoch: 2, slot: 1, tsOpenedMicros: atMicros })
    Recorder.receive(recorder, 2, Frames.snapshot(1, 1, ticker, otherLevels), atMicros)
    Recorder.receive(recorder, 2, Frames.delta(1, 2, ticker, { priceE4: 4_200, deltaE2: 10 }), atMicros)
  }),
  "an audit contradicts the book": input(({ atMicros, recorder }) =>
    Recorder.doubt(recorder, ticker, "audit", atMicros)
  ),
  "recorder starts again where the log ends": takenUp
}
