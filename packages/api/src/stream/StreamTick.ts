/**
 * Brings readers to where their markets are, out of memory or history, and makes the frames of a tick.
 *
 * Only as much is read and written as there is room for, so that what a reader has not caught up with waits in the history and not here: a
 * page of one market at a time. The step from the last record of memory to live is one and the same as writing that record.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import { Option } from "effect"
import * as CatchUp from "./CatchUp.ts"
import * as Fanout from "./Fanout.ts"
import * as FrameTree from "./FrameTree.ts"
import * as LogMessages from "./LogMessages.ts"
import * as Piece from "./Piece.ts"
import * as Session from "./Session.ts"

/** What the tick has to do with: who reads the history. */
export interface PumpContext {
  /** Begins a read; `entry.read` is set when it is done. One at a time for each session. */
  readonly readHistory: (
    session: Session.Session,
    marketTicker: MarketTicker,
    entry: CatchUp.LogCatchUp | CatchUp.MomentCatchUp
  ) => void
}

/** Records that become one piece at most: a few hundred kilobytes. */
const recordsPerPieceMax = 500
/** Books that one reader is sent in a tick at most: others have their turn. */
const booksPerTickMax = 50
/** Ticks until the history is asked again for what is not stored yet. */
const ticksUntilAgain = 10

/** What is due: state, readers that catch up, and one frame for each reader for whom something waits. */
export const tick = (fanout: Fanout.Fanout, context: PumpContext): void => {
  Fanout.tellState(fanout)
  fanout.books.clear()
  pumpAll(fanout, context)
  const { waiting } = fanout
  fanout.waiting = []
  fanout.roots.json = FrameTree.root("json")
  fanout.roots.msgpack = FrameTree.root("msgpack")
  for (const session of waiting) {
    if (!session.isEnding) Session.flush(session, fanout.roots[session.format])
  }
}

/** Brings everybody on who catches up and has room. */
const pumpAll = (fanout: Fanout.Fanout, context: PumpContext): void => {
  for (const session of fanout.catchingUp) {
    session.linkBytes = session.link.waitingBytes()
    if (session.skipped !== undefined) {
      Session.calm(session)
      if (session.skipped !== undefined) continue
      if (session.node.piece !== undefined) Fanout.wait(fanout, session)
    }
    const isWaitingOnly = pump(fanout, session, context)
    if (isWaitingOnly) fanout.catchingUp.delete(session)
  }
  if (fanout.catchingUp.size > 0) fanout.onWork()
}

/** Returns whether nothing is left but to wait for markets that are not recorded now. */
const pump = (fanout: Fanout.Fanout, session: Session.Session, context: PumpContext): boolean => {
  let books = 0
  if (session.isUnpaid) return false
  let isWaitingOnly = true
  for (const [marketTicker, entry] of session.catchUps) {
    if (session.isEnding) return true
    if (entry._tag === "book") {
      if (fanout.live.offsetOf(marketTicker) === 0) continue
      isWaitingOnly = false
      if (!Session.hasRoom(session) || ++books > booksPerTickMax) return false
      sendBook(fanout, session, marketTicker, entry)
      continue
    }
    isWaitingOnly = false
    if (!Session.hasRoom(session)) return false
    if (entry._tag === "moment") pumpMoment(fanout, session, marketTicker, entry, context)
    else pumpLog(fanout, session, marketTicker, entry, context)
  }
  return isWaitingOnly || session.catchUps.size === 0
}

const send = (fanout: Fanout.Fanout, session: Session.Session, piece: Piece.Piece): void => {
  if (Session.sayPiece(session, piece)) Fanout.wait(fanout, session)
  else Fanout.end(fanout, session, "slow_reader")
}

/** The book as it is now; from here on the reader is live. */
const sendBook = (
  fanout: Fanout.Fanout,
  session: Session.Session,
  marketTicker: MarketTicker,
  { instead }: Extract<CatchUp.CatchUp, { readonly _tag: "book" }>
): void => {
  const piece = Fanout.bookPiece(fanout, marketTicker)
  const [message] = piece?.messages ?? []
  if (piece === undefined || message?.type !== "snapshot") return
  session.catchUps.delete(marketTicker)
  if (!Session.pay(session, 1)) Fanout.unpaid(fanout, session)
  if (instead?._tag === "conflated") {
    const { type: _, ...fields } = message
    const previous_offset = instead.place.offset
    send(fanout, session, Piece.make([{ type: "conflated", previous_offset, ...fields }]))
    return
  }
  if (instead !== undefined) send(fanout, session, Piece.make([notice(marketTicker, instead, message.offset)]))
  send(fanout, session, piece)
}

const notice = (marketTicker: MarketTicker, instead: CatchUp.Instead, offset: number): ServerMessage =>
  instead._tag === "resync"
    ? { type: "resync", market_ticker: marketTicker, reason: instead.reason, offset: instead.offset }
    : {
        type: "skipped",
        channel: "book",
        market_ticker: marketTicker,
        from_offset: instead.place.offset + 1,
        to_offset: offset
      }

const isDue = (read: CatchUp.Reading<unknown>): boolean =>
  read._tag === "none" || (read._tag === "again" && --read.ticks <= 0)

const readHistory = (
  session: Session.Session,
  marketTicker: MarketTicker,
  entry: CatchUp.LogCatchUp | CatchUp.MomentCatchUp,
  { readHistory: begin }: PumpContext
): void => {
  if (session.isReading || !isDue(entry.read)) return
  session.isReading = true
  entry.read = { _tag: "running" }
  begin(session, marketTicker, entry)
}

const again = { _tag: "again", ticks: ticksUntilAgain } as const

const pumpMoment = (
  fanout: Fanout.Fanout,
  session: Session.Session,
  marketTicker: MarketTicker,
  entry: CatchUp.MomentCatchUp,
  context: PumpContext
): void => {
  if (entry.read._tag !== "done") {
    readHistory(session, marketTicker, entry, context)
    return
  }
  const { found } = entry.read
  switch (found._tag) {
    case "nothing":
      session.catchUps.set(marketTicker, CatchUp.book)
      return
    case "beginning":
      session.catchUps.set(marketTicker, CatchUp.wanted(0, 0))
      return
    case "book": {
      const next = CatchUp.behind(LogMessages.placeOfBook(found.book))
      session.catchUps.set(marketTicker, { ...next, tsReceivedMicros: found.book.last.tsReceivedMicros })
      if (entry.withBook) {
        send(fanout, session, Piece.make([{ type: "snapshot", ...LogMessages.ofBook(found.book) }]))
      }
    }
  }
}

const pumpLog = (
  fanout: Fanout.Fanout,
  session: Session.Session,
  marketTicker: MarketTicker,
  entry: CatchUp.LogCatchUp,
  context: PumpContext
): void => {
  while (Session.hasRoom(session) && !session.isEnding) {
    const found = takeRead(entry)
    if (found !== undefined) {
      if (found._tag === "nothing") {
        pumpEnd(fanout, session, marketTicker, entry)
        return
      }
      if (!take(fanout, session, marketTicker, entry, found.records)) return
      continue
    }
    const records = inMemory(fanout, marketTicker, entry)
    if (records === undefined) {
      readHistory(session, marketTicker, entry, context)
      return
    }
    if (records.length === 0) {
      pumpEnd(fanout, session, marketTicker, entry)
      return
    }
    if (!take(fanout, session, marketTicker, entry, records.slice(0, recordsPerPieceMax))) return
  }
}

const takeRead = (entry: CatchUp.LogCatchUp): CatchUp.LogRead | undefined => {
  if (entry.read._tag !== "done") return undefined
  const { found } = entry.read
  entry.read = { _tag: "none" }
  return found
}

/** Records behind the place, or, while it is not checked, with it. `undefined` where memory does not reach back so far. */
const inMemory = (
  { live }: Fanout.Fanout,
  marketTicker: MarketTicker,
  { isChecked, place }: CatchUp.LogCatchUp
): ReadonlyArray<BookRecord> | undefined => {
  const end = live.offsetOf(marketTicker)
  if (end === 0 || place.offset > end) return undefined
  if (isChecked && place.offset === end) return []
  return Option.getOrUndefined(live.recordsAfter(marketTicker, isChecked ? place.offset : place.offset - 1))
}

/** Sends records. `false`: the log does not have the place that was wanted. */
const take = (
  fanout: Fanout.Fanout,
  session: Session.Session,
  marketTicker: MarketTicker,
  entry: CatchUp.LogCatchUp,
  found: ReadonlyArray<BookRecord>
): boolean => {
  let records = found
  if (!entry.isChecked) {
    const [at] = found
    if (at === undefined || at.offset !== entry.place.offset)
      return lost(fanout, session, marketTicker, entry, "unknown_place")
    if (entry.place.epoch !== 0 && entry.place.epoch !== at.epoch) {
      return lost(fanout, session, marketTicker, entry, "rewritten")
    }
    entry.isChecked = true
    entry.place = LogMessages.placeBehind(at)
    entry.tsReceivedMicros = at.tsReceivedMicros
    records = found.slice(1)
  }
  const last = records.at(-1)
  if (last === undefined) return true
  if (!Session.pay(session, records.length)) {
    entry.read = { _tag: "done", found: { _tag: "records", records } }
    Fanout.unpaid(fanout, session)
    return false
  }
  send(fanout, session, Piece.make(LogMessages.ofRecords(entry.place, records)))
  entry.place = LogMessages.placeAfter(entry.place, records)
  entry.tsReceivedMicros = last.tsReceivedMicros
  return true
}

/** The log is not what the reader thinks. */
const lost = (
  fanout: Fanout.Fanout,
  session: Session.Session,
  marketTicker: MarketTicker,
  { place }: CatchUp.LogCatchUp,
  reason: "rewritten" | "unknown_place"
): false => {
  const { offset } = place
  send(fanout, session, Piece.make([{ type: "resync", market_ticker: marketTicker, reason, offset }]))
  session.catchUps.set(marketTicker, CatchUp.book)
  return false
}

/** Neither memory nor history has more: the reader is live, or what is told already has yet to be stored. */
const pumpEnd = (
  fanout: Fanout.Fanout,
  session: Session.Session,
  marketTicker: MarketTicker,
  entry: CatchUp.LogCatchUp
): void => {
  const end = fanout.live.offsetOf(marketTicker)
  if (end > entry.place.offset) {
    entry.read = { ...again }
    return
  }
  if (!entry.isChecked || (end !== 0 && end < entry.place.offset)) {
    // What was not heard of the recorder yet may still come.
    const isEarly = fanout.live.state().state === "waiting" || --entry.looksLeft > 0
    if (isEarly) entry.read = { ...again }
    else lost(fanout, session, marketTicker, entry, "unknown_place")
    return
  }
  session.catchUps.delete(marketTicker)
  if (!fanout.places.has(marketTicker)) fanout.places.set(marketTicker, entry.place)
}
