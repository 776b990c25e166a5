/**
 * The exchange's two vocabularies of a market's state: the words in its answers, and the words its list filter understands.
 *
 * Official pages "Market lifecycle" and "Get markets" (2026). The filter refuses the words of the answers: `status=active` is an error.
 */

/** As answers say it, in the order of a market's life. */
export const statuses = [
  /** Before `open_time`. */
  "initialized",
  /** Trading. */
  "active",
  /** Paused by the exchange. */
  "inactive",
  /** Past `close_time`; may become active again when that moves. */
  "closed",
  /** The result is known, the settlement timer runs. */
  "determined",
  "disputed",
  "amended",
  /** Paid. */
  "finalized"
] as const
export type MarketStatus = (typeof statuses)[number]

/** As `GET /markets?status=` wants it. */
export const filters = ["unopened", "open", "paused", "closed", "settled"] as const
export type MarketStatusFilter = (typeof filters)[number]

/**
 * Which states a filter word selects. `open` selects paused markets too in the hours when they could trade (since 2025-11-27), which
 * this table leaves out.
 */
const selectedBy: Readonly<Record<MarketStatusFilter, ReadonlyArray<MarketStatus>>> = {
  unopened: ["initialized"],
  open: ["active"],
  paused: ["inactive"],
  closed: ["closed", "determined", "disputed", "amended"],
  settled: ["finalized"]
}

/** Whether a filter word selects a state; unknown states are selected by none. */
export const isSelected = (filter: MarketStatusFilter, status: string): boolean =>
  (selectedBy[filter] as ReadonlyArray<string>).includes(status)
