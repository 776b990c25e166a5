/**
 * What stands on the tape: everything that goes into the recorder, in the order in which it went in. The records are a function
 * of these entries alone, so whoever has them can derive the records again. How entries are laid down in files is the store's.
 */

/**
 * - `received`: a frame of the exchange, its bytes as they came.
 * - `sent`: a command to the exchange; evidence only, nothing is derived from it.
 * - `act`: what the recorder was told apart from frames (a connection opened or closed, a market followed, ...); JSON.
 * - `checkpoint_begin`, `checkpoint_part`, `checkpoint_end`: the recorder's state, so that reading may begin there; JSON.
 */
export const tapeEntryKinds = [
  "received",
  "sent",
  "act",
  "checkpoint_begin",
  "checkpoint_part",
  "checkpoint_end"
] as const
export type TapeEntryKind = (typeof tapeEntryKinds)[number]

export interface TapeEntry {
  /** 1, 2, 3 ... over the whole tape. A number that is missing was lost by the disk. */
  readonly number: number
  readonly kind: TapeEntryKind
  /** The connection it belongs to; 0 where none. */
  readonly epoch: number
  /** By the receive clock, Unix microseconds: what the records carry. */
  readonly tsReceivedMicros: number
  /** The machine's monotonic clock when the tape took the entry, microseconds since the machine's start; it knows no leaps. */
  readonly tsMonotonicMicros: number
  /** Bytes of the frame as they came, or UTF-8 JSON. */
  readonly body: Uint8Array
}
