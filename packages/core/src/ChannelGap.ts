/** Where the logs of the whole exchange's channels are broken: what a gap record is to a book, for trades and lifecycle messages. */
import type { GapCause } from "./BookRecord.ts"

/** The channels that are recorded whole, beside the books. */
export const sideChannels = ["trade", "market_lifecycle_v2"] as const
export type SideChannel = (typeof sideChannels)[number]

/**
 * Messages of the channel may be missing that were sent in [`tsFromMicros`, `tsToMicros`) by the receive clock. Written when it is
 * noticed and, if it was open then, once more when it ends: (channel, tsFromMicros, epoch, sid, seqFrom) names it.
 */
export interface ChannelGap {
  readonly channel: SideChannel
  /** The subscription that lost something. */
  readonly epoch: number
  readonly sid: number
  /** The first sequence number that is missing; 0 where none is known. */
  readonly seqFrom: number
  /** The number of the first frame behind the hole, where it is of the same subscription; else `null`. */
  readonly seqTo: number | null
  readonly cause: GapCause
  /** The first microsecond that is not proven, Unix microseconds. */
  readonly tsFromMicros: number
  /** When it was noticed, Unix microseconds. */
  readonly tsDetectedMicros: number
  /** From when on nothing is missing any more, Unix microseconds; `null` while the channel is not open. */
  readonly tsToMicros: number | null
}
