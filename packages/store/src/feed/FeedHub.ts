// adapter: the recorder publishes between frames, in plain calls
/**
 * Where a recorder leaves what it tells, and where its followers fetch it: in the same process, or to be sent to others. Memory is
 * bounded however many follow: what was told last is kept once for all of them, and a follower is a place in it. One that falls behind
 * the oldest batch gets the state of all logs again.
 */
import type { FeedBatch, FeedContent, FeedMessage, FeedState } from "@kalshibook/core/FeedMessage"
import { Context, Layer } from "effect"

/** A recorder that tells. */
export interface FeedSource {
  /** Another one for each run of a recorder. */
  readonly feedId: string
  /** Publishes whatever waits to be told, and returns how every log stands right after that. */
  readonly state: () => Omit<FeedState, "_tag" | "feedId" | "number">
}

/** Up to where a follower was told. */
export interface FeedPlace {
  readonly feedId: string
  readonly number: number
}

export interface FeedFollower {
  /** What is next, at most so many batches; nothing when all was taken. */
  readonly take: (batchesMax: number) => ReadonlyArray<FeedMessage>
  /** Calls back once, when there is something to take; at once if there is. Returns what takes the wish back. */
  readonly wait: (callback: () => void) => () => void
}

/** Records, and what is told beside them, that are kept for followers: at 15,000 records a second more than ten seconds. */
const entriesKeptMax = 200_000
/** Batches that are kept; at one every 5 ms fifty seconds. */
const batchesKeptMax = 10_000
/** A state that is at most so many batches old is given to the next follower, too, with the batches since. */
const stateBatchesMax = 100

export interface FeedHubSettings {
  readonly entriesKeptMax: number
  readonly batchesKeptMax: number
}

export class FeedHub extends Context.Service<
  FeedHub,
  {
    /** A recorder begins to tell; whatever another one told is over. */
    readonly begin: (source: FeedSource) => void
    /** Tells. Nothing is told unless a recorder has begun. */
    readonly publish: (tsReceivedMicros: number, content: FeedContent) => void
    /** The recorder tells nothing any more. `cause` is for people. */
    readonly end: (cause: string) => void
    /** Somebody follows from now on, or goes on behind `place`. */
    readonly follow: (place?: FeedPlace) => FeedFollower
  }
>()("@kalshibook/store/feed/FeedHub") {
  /** In the memory of this process, which is all there is of it. */
  static readonly layer: Layer.Layer<FeedHub> = Layer.sync(FeedHub, () => make())
}

/** A hub that keeps less, for tests. */
export const make = (settings: Partial<FeedHubSettings> = {}): FeedHub["Service"] => {
  const limits = { entriesKeptMax, batchesKeptMax, ...settings }
  let source: FeedSource | undefined
  let endCause = "the recorder is not heard"
  let number = 0
  /** The last batches; those before `first` are let go of. */
  let kept: Array<FeedBatch> = []
  let first = 0
  let entriesKept = 0
  let stateMade: FeedState | undefined
  let waiting = new Set<() => void>()

  const wake = (): void => {
    const woken = waiting
    waiting = new Set()
    for (const callback of woken) callback()
  }

  const letGo = (): void => {
    while (kept.length - first > limits.batchesKeptMax || entriesKept > limits.entriesKeptMax) {
      const oldest = kept[first]
      if (oldest === undefined) break
      entriesKept -= entriesOf(oldest)
      first++
    }
    if (first < 1_024 || first < kept.length / 2) return
    kept = kept.slice(first)
    first = 0
  }

  /** Number of the batch before the oldest one that is kept. */
  const oldestPlace = (): number => number - (kept.length - first)

  const currentState = (from: FeedSource): FeedState => {
    const known = stateMade
    if (known !== undefined && known.number >= Math.max(oldestPlace(), number - stateBatchesMax)) return known
    const body = from.state()
    const state: FeedState = { _tag: "state", feedId: from.feedId, number, ...body }
    stateMade = state
    return state
  }

  const follow = (begunAt?: FeedPlace): FeedFollower => {
    let place = begunAt
    let isLostTold = begunAt === undefined

    const lost = (cause: string): ReadonlyArray<FeedMessage> => {
      if (isLostTold) return []
      isLostTold = true
      return [{ _tag: "lost", cause }]
    }

    const isKept = (from: FeedSource): boolean =>
      place !== undefined && place.feedId === from.feedId && place.number >= oldestPlace() && place.number <= number

    const take = (batchesMax: number): ReadonlyArray<FeedMessage> => {
      if (source === undefined) return lost(endCause)
      if (!isKept(source)) {
        const told = lost(
          place?.feedId === source.feedId ? "too slow: more was told than is kept" : "another recording"
        )
        const state = currentState(source)
        place = state
        isLostTold = false
        return [...told, state]
      }
      isLostTold = false
      const from = place?.number ?? 0
      const index = first + from - oldestPlace()
      const batches = kept.slice(index, index + batchesMax)
      if (batches.length > 0) place = { feedId: source.feedId, number: from + batches.length }
      return batches
    }

    const isAnythingNext = (): boolean =>
      source === undefined ? !isLostTold : !isKept(source) || (place?.number ?? 0) < number

    return {
      take,
      wait: (callback) => {
        if (isAnythingNext()) {
          callback()
          return () => {}
        }
        // One of its own, so that a wish that is taken back takes back no other.
        const wish = () => callback()
        waiting.add(wish)
        return () => waiting.delete(wish)
      }
    }
  }

  return FeedHub.of({
    begin: (begun) => {
      source = begun
      number = 0
      kept = []
      first = 0
      entriesKept = 0
      stateMade = undefined
      wake()
    },
    publish: (tsReceivedMicros, content) => {
      if (source === undefined) return
      number++
      const batch: FeedBatch = { _tag: "batch", number, tsReceivedMicros, ...content }
      kept.push(batch)
      entriesKept += entriesOf(batch)
      letGo()
      wake()
    },
    end: (cause) => {
      source = undefined
      endCause = cause
      kept = []
      first = 0
      entriesKept = 0
      stateMade = undefined
      wake()
    },
    follow
  })
}

const entriesOf = ({ begun, channelGaps, ended, lifecycle, records, trades }: FeedBatch): number =>
  begun.length + records.length + ended.length + trades.length + lifecycle.length + channelGaps.length
