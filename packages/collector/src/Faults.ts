/**
 * What went wrong lately, and what was done about it: the last faults, newest last. Bounded: one that keeps coming back is one
 * entry with a count, and the oldest go. For people; what a fault did to the data stands in the data, as gaps.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"

/**
 * Where it went wrong:
 * - `connection`: a connection ended, or none could be made
 * - `gap`: books are not known
 * - `market`: one market's book is refused, or does not come
 * - `store`: the database did not take what was recorded, or memory could not hold it
 * - `tape`: the disk
 * - `discovery`: the list of markets could not be read or stored
 * - `clock`: the machine's clock was set
 * - `defect`: a fault of ours
 * - `session`: recording ended and began again
 */
export const faultKinds = [
  "connection",
  "gap",
  "market",
  "store",
  "tape",
  "discovery",
  "clock",
  "defect",
  "session"
] as const
export type FaultKind = (typeof faultKinds)[number]

/** What happened, as whoever notices it tells it. */
export interface FaultNote {
  readonly kind: FaultKind
  /** A gap's cause, or a sentence. */
  readonly cause: string
  /** What is done about it, in words. */
  readonly action: string
  /** The connection's place, and the connection; absent where it concerns none, or all. */
  readonly slot?: number | undefined
  readonly epoch?: number | undefined
  readonly sid?: number | undefined
  /** The market, or the first of several. */
  readonly ticker?: MarketTicker | undefined
  /** How many markets it concerns; 0 when it is not about markets. */
  readonly markets?: number | undefined
}

export interface Fault extends FaultNote {
  /** When it came first and last, Unix microseconds by the receive clock, and how often. */
  readonly tsFirstMicros: number
  tsLastMicros: number
  times: number
  markets: number
}

export interface Faults {
  readonly last: Array<Fault>
  /** Since the start of the process. */
  readonly counts: Record<FaultKind, number>
}

/** What a person reads through; a storm of one kind must not push out the rest of the day. */
const faultsMax = 100
/** The same fault within this time of the last one is that one again. */
const sameMicrosMax = 60_000_000

export const make = (): Faults => ({
  last: [],
  counts: Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>
})

/** Takes note. O(`faultsMax`). */
export const note = ({ counts, last }: Faults, tsMicros: number, fault: FaultNote): void => {
  counts[fault.kind]++
  const markets = fault.markets ?? 0
  const at = last.findLastIndex((each) => tsMicros - each.tsLastMicros <= sameMicrosMax && isSame(each, fault))
  const [known] = at < 0 ? [] : last.splice(at, 1)
  if (known !== undefined) {
    last.push(
      Object.assign(known, { tsLastMicros: tsMicros, times: known.times + 1, markets: known.markets + markets })
    )
    return
  }
  last.push({ ...fault, markets, tsFirstMicros: tsMicros, tsLastMicros: tsMicros, times: 1 })
  if (last.length > faultsMax) last.shift()
}

/** Books that break one by one, for one reason on one connection, are one fault. */
const isSame = (one: FaultNote, other: FaultNote): boolean =>
  one.kind === other.kind &&
  one.cause === other.cause &&
  one.slot === other.slot &&
  one.epoch === other.epoch &&
  one.sid === other.sid
