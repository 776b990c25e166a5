/**
 * Rows of `records` and `keyframes` as the domain's records, and back.
 */
import type { BookLevels, BookRecord, GapCause, MarketTicker, Side } from "@kalshibook/core/BookRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as LevelsCodec from "./LevelsCodec.ts"

/** A row of `records`, without the market: one market is read at a time. */
export interface RecordRow {
  readonly record_offset: number
  readonly ts_received_micros: number
  readonly ts_exchange_micros: number | null
  readonly epoch: number
  readonly sid: number
  readonly seq: number
  readonly kind: string
  readonly side: string | null
  readonly price_e4: number | null
  readonly delta_e2: number | null
  readonly levels: Uint8Array | null
  readonly gap_cause: string | null
  readonly ts_detected_micros: number | null
}

/** A row of `keyframes`. */
export interface KeyframeRow {
  readonly record_offset: number
  readonly ts_received_micros: number
  readonly ts_exchange_micros: number | null
  readonly ts_exchange_effective_micros: number
  readonly epoch: number
  readonly sid: number
  readonly seq: number
  readonly since_offset: number
  readonly book_hash: string
  readonly levels: Uint8Array
}

export const kindCodes = { snapshot: "s", delta: "d", gap: "g" } as const satisfies Record<BookRecord["kind"], string>

/** The kind that a code stands for. Anything but a delta or a gap is a snapshot: the table admits no fourth. */
export const kindOf = (code: string): BookRecord["kind"] => (code === "d" ? "delta" : code === "g" ? "gap" : "snapshot")

export const sideCode = (side: Side): string => (side === "yes" ? "y" : "n")
export const sideOf = (code: string | null): Side => (code === "y" ? "yes" : "no")

/** The record of a row; the table's check guarantees that the columns of its kind are there. */
export const recordOf = (marketTicker: MarketTicker, row: RecordRow): BookRecord => {
  const head = {
    marketTicker,
    offset: row.record_offset,
    epoch: row.epoch,
    sid: row.sid,
    seq: row.seq,
    tsExchangeMicros: row.ts_exchange_micros,
    tsReceivedMicros: row.ts_received_micros
  }
  switch (kindOf(row.kind)) {
    case "delta":
      return {
        kind: "delta",
        ...head,
        side: sideOf(row.side),
        priceE4: row.price_e4 as number,
        deltaE2: row.delta_e2 as number
      }
    case "gap":
      return {
        kind: "gap",
        ...head,
        cause: row.gap_cause as GapCause,
        tsDetectedMicros: row.ts_detected_micros as number
      }
    case "snapshot":
      return { kind: "snapshot", ...head, levels: levelsOf(marketTicker, row.record_offset, row.levels as Uint8Array) }
  }
}

export const keyframeOf = (marketTicker: MarketTicker, row: KeyframeRow): Keyframe => ({
  marketTicker,
  offset: row.record_offset,
  epoch: row.epoch,
  sid: row.sid,
  seq: row.seq,
  tsExchangeMicros: row.ts_exchange_micros,
  tsReceivedMicros: row.ts_received_micros,
  tsExchangeEffectiveMicros: row.ts_exchange_effective_micros,
  sinceOffset: row.since_offset,
  bookHash: row.book_hash,
  levels: levelsOf(marketTicker, row.record_offset, row.levels)
})

const levelsOf = (marketTicker: MarketTicker, offset: number, bytes: Uint8Array): BookLevels => {
  const levels = LevelsCodec.decode(bytes)
  // impossible: levels are written by LevelsCodec alone; a damaged table has no book to answer with.
  if (levels === undefined) throw new Error(`the stored levels of ${marketTicker} at offset ${offset} are damaged`)
  return levels
}
