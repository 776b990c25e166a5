/**
 * At every moment that no gap covers, by the receive clock, the folded book is the exchange's: after each record the book of that
 * very frame, and until the next record that of the last frame of the subscription that was received before it.
 */
import * as Book from "@kalshibook/core/Book"
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import type { Truth } from "@kalshibook/simulator/exchange/Truth"
import * as SequenceLog from "@kalshibook/simulator/session/SequenceLog"
import type { Born, Evidence, Violation } from "./Evidence.ts"
import { recoveryMicros } from "./Schedule.ts"

interface Frame {
  readonly tsReceivedMicros: number
  readonly seq: number
}

export const judge = (evidence: Evidence): ReadonlyArray<Violation> => {
  const framesOf = framesInOrder(evidence)
  return [...evidence.logs].flatMap(([marketTicker, log]) => judgeLog(evidence, marketTicker, log, framesOf))
}

const judgeLog = (
  evidence: Evidence,
  marketTicker: MarketTicker,
  log: ReadonlyArray<Born<BookRecord>>,
  framesOf: (epoch: number, sid: number) => ReadonlyArray<Frame>
): ReadonlyArray<Violation> => {
  const { world } = evidence
  const cursor = cursorOf(world.exchange.exchange.truth, marketTicker)
  const lies = liesOf(evidence, marketTicker)
  const replay = Replay.make()
  let isLying = false
  let beforeMicros = 0
  for (const [index, { entry, value: record }] of log.entries()) {
    Replay.apply(replay, record)
    if (record.kind !== "delta") isLying = false
    isLying ||= lies.some((lie) => lie.fromMicros <= entry.tsMonotonicMicros && lie.untilMicros >= beforeMicros)
    beforeMicros = entry.tsMonotonicMicros
    if (replay.trust._tag !== "trusted" || isLying) continue
    const { epoch, sid } = record
    const bad = (seq: number): ReadonlyArray<Violation> => [
      {
        rule: "outside gaps the book is the exchange's",
        detail: `of frame ${epoch}/${sid}/${seq}`,
        marketTicker,
        offset: record.offset
      }
    ]
    const isTrueAt = (seq: number): boolean => {
      const changeNumber = changeNumberAt(evidence, epoch, sid, seq)
      return changeNumber !== undefined && cursor.hashAt(changeNumber) === Book.hash(replay.book)
    }
    if (!isTrueAt(record.seq)) return bad(record.seq)
    const next = log[index + 1]
    const last = lastBefore(framesOf(epoch, sid), next?.value.tsReceivedMicros ?? Number.POSITIVE_INFINITY)
    if (next !== undefined && lies.some(({ fromMicros }) => next.entry.tsMonotonicMicros >= fromMicros)) continue
    if (last !== undefined && last.seq > record.seq && !isTrueAt(last.seq)) return bad(last.seq)
  }
  return []
}

/** From when until when something was told of the market, or kept from all, that no number shows. */
const liesOf = ({ deeds }: Evidence, marketTicker: MarketTicker) =>
  deeds
    .filter(
      (deed) =>
        deed.problem === undefined &&
        (deed.marketTicker ?? marketTicker) === marketTicker &&
        (deed.trouble.what === "stray_frame" ||
          (deed.trouble.what === "frame" && deed.trouble.action._tag === "swallow"))
    )
    .map(({ atMicros, untilMicros }) => ({ fromMicros: atMicros, untilMicros: untilMicros + recoveryMicros }))

/** By epoch and sid, the frames that followed one another, as the tape has them. */
const framesInOrder = ({ entries, messages }: Evidence) => {
  const found = new Map<string, Array<Frame>>()
  for (const entry of entries) {
    const message = messages.get(entry)
    if (message === undefined || !("sid" in message) || !("seq" in message)) continue
    const { seq, sid } = message
    if (sid === null || seq === null) continue
    const key = `${entry.epoch} ${sid}`
    const frames = found.get(key)
    const frame = { tsReceivedMicros: entry.tsReceivedMicros, seq }
    if (frames === undefined) found.set(key, [frame])
    else if (seq > (frames.at(-1)?.seq ?? 0)) frames.push(frame)
  }
  return (epoch: number, sid: number): ReadonlyArray<Frame> => found.get(`${epoch} ${sid}`) ?? []
}

const lastBefore = (frames: ReadonlyArray<Frame>, tsMicros: number): Frame | undefined => {
  let low = 0
  let high = frames.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((frames[middle] as Frame).tsReceivedMicros < tsMicros) low = middle + 1
    else high = middle
  }
  return frames[low - 1]
}

const changeNumberAt = ({ world }: Evidence, epoch: number, sid: number, seq: number): number | undefined => {
  const { closedSessions, sessions } = world.exchange.feed
  const number = world.machine.connectionOf.get(epoch) ?? 0
  const session = sessions.get(number) ?? closedSessions.find(({ connection }) => connection === number)
  const subscription = session?.subscriptionsBySid.get(sid)
  return subscription === undefined ? undefined : SequenceLog.changeNumberAt(subscription.log, seq)
}

interface Cursor {
  /** Digest of the book after the last change up to this number. O(changes since the question before), when numbers grow. */
  readonly hashAt: (changeNumber: number) => string
}

/** The high bit of a key of the truth's chunks. */
const noBit = 0x4000

const cursorOf = (truth: Truth, marketTicker: MarketTicker): Cursor => {
  const chunks = truth.markets.get(marketTicker)?.chunks ?? []
  let book = Book.make()
  let chunkAt = 0
  let at = 0
  let numberLast = -1
  const restart = (): void => {
    book = Book.fromLevels(chunks[0]?.start ?? { yes: [], no: [] })
    chunkAt = 0
    at = 0
  }
  restart()
  return {
    hashAt: (changeNumber) => {
      if (changeNumber < numberLast) restart()
      numberLast = changeNumber
      for (;;) {
        const chunk = chunks[chunkAt]
        if (chunk === undefined) break
        if (at === chunk.length && chunkAt + 1 < chunks.length) {
          chunkAt++
          at = 0
          continue
        }
        if (at >= chunk.length || (chunk.numbers[at] as number) > changeNumber) break
        const key = chunk.keys[at] as number
        Book.apply(book, (key & noBit) === 0 ? "yes" : "no", key & (noBit - 1), chunk.deltas[at] as number)
        at++
      }
      return Book.hash(book)
    }
  }
}
