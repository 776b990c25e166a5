/**
 * A full, trusted book that the recorder computed and stored so that reading at T need not go far back. Its head is that of
 * the last record in it.
 */
import type { BookLevels, RecordHead } from "./BookRecord.ts"

export interface Keyframe extends RecordHead {
  /** The record's effective time by the exchange's clock (SPEC-book.md, "The two clocks"), Unix microseconds. */
  readonly tsExchangeEffectiveMicros: number
  /** Offset of the snapshot since which the book is trusted. */
  readonly sinceOffset: number
  /** Digest of `levels` (`Book.hash`), 16 hexadecimal digits. */
  readonly bookHash: string
  readonly levels: BookLevels
}
