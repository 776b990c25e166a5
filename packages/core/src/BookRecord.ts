/**
 * The entries of a market's log: what the whole system stores, serves and folds.
 *
 * A log is a sequence of records with offsets 1, 2, 3 ... without holes, written by one writer. A `snapshot` is the whole
 * book as the exchange sent it, a `delta` is a signed change of one level, a `gap` says that from some moment on the book
 * is not known until the next snapshot. Fields use `null`, not `Option`: one record exists per received frame, and the
 * loops over them must not allocate.
 */

/** The two ladders of a market. Both hold bids; asks are implied: a yes ask is one dollar less a no bid. */
export type Side = "yes" | "no"

/** Kalshi's name of a market, for example `KXBTC15M-26MAY141815-15`. May contain dots. */
export type MarketTicker = string

/** One price level of a ladder. */
export interface Level {
  /** 1/10,000 dollar, 1..9999, a price of the ladder's own side. */
  readonly priceE4: number
  /** 1/100 contract, greater than 0. */
  readonly sizeE2: number
}

/** The levels of both ladders, each ascending by price (worst bid first, best bid last), as Kalshi sends them. */
export interface BookLevels {
  readonly yes: ReadonlyArray<Level>
  readonly no: ReadonlyArray<Level>
}

/** What every record carries: its place in the log, and where and when it was received. */
export interface RecordHead {
  readonly marketTicker: MarketTicker
  /** Place in the market's log: 1, 2, 3 ... without holes. */
  readonly offset: number
  /** The connection to the exchange on which it was received; grows for ever. `sid` and `seq` mean something only inside it. */
  readonly epoch: number
  /** The exchange's subscription id, from 1 in each epoch. 0 on a gap that no subscription caused. */
  readonly sid: number
  /**
   * The exchange's sequence number within (epoch, sid). On a gap: the first number that is missing or could not be used; 0
   * where none is known.
   */
  readonly seq: number
  /**
   * The exchange's own time of the change, Unix microseconds; `null` where it gave none (snapshots, some old deltas), never
   * invented. On a gap: the exchange time up to which the log is proven, `null` where there is none.
   */
  readonly tsExchangeMicros: number | null
  /**
   * Our time of receipt, Unix microseconds; never decreases within a log. On a gap: the first microsecond that is not
   * proven, which lies before the moment at which the gap was noticed.
   */
  readonly tsReceivedMicros: number
}

/** The whole book as the exchange sent it. Replaces everything before it, also when it is empty. */
export interface SnapshotRecord extends RecordHead {
  readonly kind: "snapshot"
  readonly levels: BookLevels
}

/** A signed change of the size of one level. A level whose size becomes exactly 0 is gone. */
export interface DeltaRecord extends RecordHead {
  readonly kind: "delta"
  readonly side: Side
  /** 1/10,000 dollar, a price of `side`. */
  readonly priceE4: number
  /** 1/100 contract, signed, never 0. */
  readonly deltaE2: number
}

/**
 * Why the book stopped being known:
 * - `connection_lost`: the socket closed or failed
 * - `silence`: pings or data stopped and the watchdog cut the connection
 * - `sequence_hole`: a frame of the subscription is missing
 * - `channel_error`: the exchange ended the subscription (errors 10 and 25)
 * - `undecodable`: a frame that consumed a sequence number could not be read, or is of a type that nobody knows
 * - `inconsistent`: a negative level, a crossed book, a price off the market's grid, a delta of another subscription, or a
 *   snapshot that contradicts the book
 * - `recorder_stopped`: no recorder was running
 * - `market_closed`: the market closed and recording of it ended
 * - `unsubscribed`: the market is not subscribed, so nothing would tell of a change
 * - `storage`: nothing could be stored: the disk was full or failed
 * - `audit`: the exchange's REST book contradicted ours
 * - `maintenance`: the exchange closed its connections for its announced maintenance
 */
export type GapCause = (typeof gapCauses)[number]
export const gapCauses = [
  "connection_lost",
  "silence",
  "sequence_hole",
  "channel_error",
  "undecodable",
  "inconsistent",
  "recorder_stopped",
  "market_closed",
  "unsubscribed",
  "storage",
  "audit",
  "maintenance"
] as const

/** From `tsReceivedMicros` on the book is not known, until the next snapshot of this log. */
export interface GapRecord extends RecordHead {
  readonly kind: "gap"
  readonly cause: GapCause
  /** When the recorder noticed, Unix microseconds; at or after `tsReceivedMicros` (I5). */
  readonly tsDetectedMicros: number
}

export type BookRecord = SnapshotRecord | DeltaRecord | GapRecord

/** By which clock "at T" is meant: our time of receipt (the default) or the exchange's own time. */
export type BookClock = "received" | "exchange"

/** A book without any level. */
export const emptyLevels: BookLevels = { yes: [], no: [] }
