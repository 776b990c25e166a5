/**
 * What every book of the simulated exchange was after each of its changes, by digest: enough to hold every single record of a log to
 * the truth.
 */
import * as Book from "@kalshibook/core/Book"
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"
import * as SequenceLog from "@kalshibook/simulator/session/SequenceLog"

export interface Frame {
  /** The exchange's own number of the connection. */
  readonly connection: number
  readonly sid: number
  readonly seq: number
}

export interface ExchangeBooks {
  /** Numbers of the connections that were opened, in their order. */
  readonly connections: ReadonlyArray<number>
  /** The digest of the book that a client has once it has read the frame; `undefined` when there was no such frame or market. */
  readonly hashAt: (marketTicker: string, frame: Frame) => string | undefined
}

/** The changes of one market: their numbers, and the digest after each. The first is the book of its beginning. */
interface Course {
  readonly numbers: ReadonlyArray<number>
  readonly hashes: ReadonlyArray<string>
}

/** Bit of a key that stands for the no side (`Truth`). */
const noBit = 0x4000

/** Trading must stand still. Courses are made when they are first asked for: O(changes of the market). */
export const make = ({ exchange, server: { feed } }: RunningExchange): ExchangeBooks => {
  const courses = new Map<string, Course | undefined>()
  const sessions = new Map([...feed.closedSessions, ...feed.sessions.values()].map((one) => [one.connection, one]))
  const courseOf = (ticker: string): Course | undefined => {
    const known = courses.get(ticker)
    if (known !== undefined) return known
    const market = exchange.truth.markets.get(ticker)
    const first = market?.chunks[0]
    if (market === undefined || first === undefined) return undefined
    const book = Book.fromLevels(first.start)
    const numbers = [first.startNumber]
    const hashes = [Book.hash(book)]
    for (const chunk of market.chunks) {
      for (let at = 0; at < chunk.length; at++) {
        const key = chunk.keys[at] ?? 0
        Book.apply(book, (key & noBit) === 0 ? "yes" : "no", key & (noBit - 1), chunk.deltas[at] ?? 0)
        numbers.push(chunk.numbers[at] ?? 0)
        hashes.push(Book.hash(book))
      }
    }
    const course = { numbers, hashes }
    courses.set(ticker, course)
    return course
  }
  return {
    connections: [...sessions.keys()].sort((left, right) => left - right),
    hashAt: (ticker, { connection, seq, sid }) => {
      const subscription = sessions.get(connection)?.subscriptionsBySid.get(sid)
      const number = subscription === undefined ? undefined : SequenceLog.changeNumberAt(subscription.log, seq)
      const course = courseOf(ticker)
      if (number === undefined || course === undefined) return undefined
      return course.hashes[lastUpTo(course.numbers, number)]
    }
  }
}

/** Index of the last number that does not pass the limit. */
const lastUpTo = (numbers: ReadonlyArray<number>, limit: number): number => {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
