/** Which markets are not recorded, and why: known by count, and the first some hundred by name. */

import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as PriorityRule from "@kalshibook/core/settings/PriorityRule"
import { isCombo } from "./Choice.ts"
import type { RecordingState } from "./Recording.ts"
import * as Slots from "./Slots.ts"

/**
 * - `not_chosen`: the settings choose others
 * - `no_room`: chosen, but there are more markets than places, and it comes after those that are recorded
 * - `refused`: the exchange does not send its book (`code`: with which error)
 * - `combo`: a multivariate market, which is recorded on request alone; as far as they were heard of
 * - `closed`: listed, but it does not trade any more
 */
export const reasons = ["not_chosen", "no_room", "refused", "combo", "closed"] as const
export type NotRecordedReason = (typeof reasons)[number]

export interface NotRecordedMarket {
  readonly ticker: MarketTicker
  readonly reason: NotRecordedReason
  /** The exchange's error of a refusal; `null` where there is none. */
  readonly code: number | null
}

export interface NotRecordedView {
  readonly counts: Readonly<Record<NotRecordedReason, number>>
  /** Those that were chosen first, then by ticker; at most `listedMax`. */
  readonly markets: ReadonlyArray<NotRecordedMarket>
  /** Places for markets, as far as settings and exchange bear them now. */
  readonly places: number
  /** The rule by which they are given, as it is set; empty: by volume alone. */
  readonly priority: string
}

/** Markets in a view by name. */
const listedMax = 300

/** What a look at the lists of the exchange passed over: how many, and the first of them by name. */
export interface PassedOver {
  readonly counts: { not_chosen: number; combo: number; closed: number }
  readonly listed: Array<NotRecordedMarket>
}

export const begin = (): PassedOver => ({ counts: { not_chosen: 0, combo: 0, closed: 0 }, listed: [] })

/** Notes a market that a look came across; each once. */
export const pass = (passed: PassedOver, ticker: MarketTicker, reason: keyof PassedOver["counts"]): void => {
  passed.counts[reason]++
  if (passed.listed.length < listedMax) passed.listed.push({ ticker, reason, code: null })
}

/** As it is now. O(markets). */
export const notRecorded = (recording: RecordingState): NotRecordedView => {
  const { cells, noRoom, passedOver, priority, slots, strangers } = recording
  const first: Array<NotRecordedMarket> = []
  let refused = 0
  for (const { refusalCode, state, ticker } of cells.values()) {
    if (state !== "refused") continue
    refused++
    if (first.length < listedMax) first.push({ ticker, reason: "refused", code: refusalCode })
  }
  for (const ticker of noRoom.keys()) {
    if (first.length >= listedMax) break
    first.push({ ticker, reason: "no_room", code: null })
  }
  // They trade on the channel of all trades, and are on no list that is read.
  const heard = [...strangers].filter(isCombo)
  const combos = heard.map((ticker): NotRecordedMarket => ({ ticker, reason: "combo", code: null }))
  return {
    counts: { ...passedOver.counts, combo: passedOver.counts.combo + combos.length, no_room: noRoom.size, refused },
    markets: [...sorted(first), ...sorted([...passedOver.listed, ...combos])].slice(0, listedMax),
    places: Slots.capacity(slots),
    priority: PriorityRule.textOf(priority)
  }
}

const sorted = (markets: ReadonlyArray<NotRecordedMarket>): ReadonlyArray<NotRecordedMarket> =>
  [...markets].sort((left, right) => (left.ticker < right.ticker ? -1 : left.ticker > right.ticker ? 1 : 0))
