/**
 * A market's book as `/v1/stream` tells it, message by message. Knows what a message does to the book, and when something is missing; knows
 * no socket. Between two records nothing changes, so it is the book of any moment from its last record to what was told since.
 */
import type { StreamMessage } from "../api/Answers.ts"
import * as Instant from "../format/Instant.ts"
import * as BookFold from "./BookFold.ts"
import type { Gap } from "./Gap.ts"
import * as ShownBook from "./ShownBook.ts"

/** The record behind which a lost connection goes on. */
export interface Place {
  readonly offset: number
  readonly epoch: number
}

export interface LiveBook {
  /** `undefined` before the first book, and after `resync` until the next. */
  fold: BookFold.BookFold | undefined
  place: Place | undefined
  /** Receipt of the last record, or up to when nothing came after it. Unix microseconds. */
  atMicros: number
  /** Whether the recorder is heard by whoever tells us. */
  feed: "waiting" | "live" | "lost"
  /** The gaps that were told, the latest last: one may be over before an eye has seen it. */
  gaps: ReadonlyArray<Gap>
}

export const make = (): LiveBook => ({ fold: undefined, place: undefined, atMicros: 0, feed: "waiting", gaps: [] })

const gapsMax = 100

/** What a message did: nothing to what is shown, something, or it does not follow what is here, and a record is missing. */
export type Heard = "nothing" | "changed" | "missing"

/** Applies a message; of this one market, as it was the only one subscribed to. */
export const hear = (live: LiveBook, message: StreamMessage): Heard => {
  switch (message.type) {
    case "snapshot":
    case "conflated": {
      const book = ShownBook.ofStream(message)
      live.fold = BookFold.from(book)
      live.place = { offset: message.offset, epoch: message.epoch }
      live.atMicros = Math.max(live.atMicros, book.atMicros)
      return "changed"
    }
    case "record": {
      if (message.previous_offset !== (live.place?.offset ?? 0)) return "missing"
      live.fold ??= BookFold.from(undefined)
      BookFold.apply(live.fold, message)
      if (message.kind === "gap") {
        const { cause, from, offset } = message
        const gap = { offset, cause, fromMicros: Instant.micros(from), toMicros: undefined }
        live.gaps = [...live.gaps.slice(1 - gapsMax), gap]
      }
      live.place = { offset: message.offset, epoch: message.epoch }
      live.atMicros = Math.max(live.atMicros, Instant.micros(message.ts_received))
      return "changed"
    }
    case "recovered": {
      const toMicros = Instant.micros(message.gap.to)
      live.gaps = live.gaps.map((gap) => (gap.offset === message.gap.offset ? { ...gap, toMicros } : gap))
      return "changed"
    }
    case "resync":
      live.fold = undefined
      live.place = undefined
      return "changed"
    case "welcome":
    case "status":
      return feedIs(live, message.feed)
    case "heartbeat": {
      const heard = feedIs(live, message.feed)
      const isWhole = message.feed === "live" && message.catching_up === 0 && message.ts_received !== null
      if (!isWhole || live.fold === undefined) return heard
      const toldMicros = Instant.micros(message.ts_received ?? "")
      if (toldMicros <= live.atMicros) return heard
      live.atMicros = toldMicros
      return "changed"
    }
    default:
      return "nothing"
  }
}

const feedIs = (live: LiveBook, feed: LiveBook["feed"]): Heard => {
  if (live.feed === feed) return "nothing"
  live.feed = feed
  return "changed"
}

export const shown = ({ atMicros, fold }: LiveBook): ShownBook.ShownBook | undefined =>
  fold === undefined ? undefined : BookFold.shown(fold, atMicros)
