/** The connections to the exchange as the store keeps them: an epoch is what makes `sid` and `seq` unique. */
import type { GapCause } from "./BookRecord.ts"

/** One connection, from its opening to its end. Written when it opens, and once more, whole, when it ends. */
export interface ConnectionRecord {
  /** Grows for ever, also over restarts; numbers may be missing. */
  readonly epoch: number
  /** Which of the recorder's connections it is: 0, 1, 2 ...; the next one in the same place has the same slot. */
  readonly slot: number
  /** Address of the websocket, without credentials. */
  readonly url: string
  /** Whether real or simulated: `kalshi`, `simulator` or `recording`. */
  readonly source: string
  /** By the receive clock, Unix microseconds. */
  readonly tsOpenedMicros: number
  /** By the receive clock, Unix microseconds; `null` while it is open. */
  readonly tsClosedMicros: number | null
  /** Why it ended; `null` while it is open. */
  readonly closeCause: GapCause | null
}
