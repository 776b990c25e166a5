/**
 * Detects lost frames. Kalshi numbers the frames of a subscription, not of a market (AsyncAPI "Kalshi Market Data WebSocket
 * API 2.0.0", autumn 2026; recorded frames of 2026):
 *
 * 1. `sid` and `seq` mean something only inside one connection: one sequencer per epoch.
 * 2. Each sid has one counter, starting at 1, for all its markets.
 * 3. Every frame that carries the sid and a seq consumes one number: snapshots, deltas, trades, lifecycle messages, and also
 *    `ok`, `unsubscribed` and errors of the subscription.
 * 4. The next number is the last one plus 1. Anything higher is a hole: something of the sid was lost, nobody knows of which
 *    market.
 * 5. A number at or below the last one is a repeated or late frame. It was seen already, or its hole was reported already and
 *    a snapshot will heal it; it must not be applied a second time.
 * 6. After an `unsubscribed` or an error that ends the subscription the sid is dead: what still comes of it must not be applied.
 *    A new `subscribed` begins at 1 again (that the exchange gives a number twice in a connection was never seen).
 */

/** One sequencer per epoch. */
export interface Sequencer {
  /** The last number seen of each sid; `dead` after its end. */
  readonly seqLast: Map<number, number>
}

/** Frames with the numbers from `seqExpected` to `seqReceived - 1` of this sid were lost. */
export interface SequenceGap {
  readonly _tag: "SequenceGap"
  readonly sid: number
  readonly seqExpected: number
  readonly seqReceived: number
}

/** `next`: in order (4). `repeated`: must not be applied (5, 6). Otherwise the frame is good, but frames before it were lost. */
export type Verdict = "next" | "repeated" | SequenceGap

/** No number follows it. */
const dead = Number.POSITIVE_INFINITY

export const make = (): Sequencer => ({ seqLast: new Map() })

/** The number that the next frame of the sid must have; infinite when the sid is dead. O(1). */
export const expected = (sequencer: Sequencer, sid: number): number => (sequencer.seqLast.get(sid) ?? 0) + 1

/** Takes note of a frame and says whether it follows. O(1). */
export const accept = (sequencer: Sequencer, sid: number, seq: number): Verdict => {
  const seqExpected = expected(sequencer, sid)
  if (seq < seqExpected) return "repeated"
  sequencer.seqLast.set(sid, seq)
  return seq === seqExpected ? "next" : { _tag: "SequenceGap", sid, seqExpected, seqReceived: seq }
}

/** A subscription has this sid now. One that is alive already goes on. */
export const begin = (sequencer: Sequencer, sid: number): void => {
  if (sequencer.seqLast.get(sid) === dead) sequencer.seqLast.delete(sid)
}

/** The exchange ended the subscription (6). */
export const end = (sequencer: Sequencer, sid: number): void => {
  sequencer.seqLast.set(sid, dead)
}
