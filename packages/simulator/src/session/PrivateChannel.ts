/**
 * The channels of one's own account and of other products: the exchange opens them, and for an account that never trades they
 * stay silent. Source: official AsyncAPI, September-October 2026.
 */
import type { ErrorCode } from "@kalshibook/core/kalshi/ErrorCode"
import { Result } from "effect"

/** What a `subscribe` must name besides the channel, and the error when it does not. */
const requirements: ReadonlyMap<string, { readonly param: string; readonly code: ErrorCode } | undefined> = new Map([
  ["fill", undefined],
  ["user_orders", undefined],
  ["market_positions", undefined],
  ["communications", undefined],
  ["order_group_updates", undefined],
  ["cfbenchmarks_value", { param: "index_ids", code: 24 }],
  ["cfbenchmarks_value_5hz", { param: "index_ids", code: 24 }],
  ["pyth_value", { param: "underlying_tickers", code: 28 }]
])

export const isOne = (channel: string): boolean => requirements.has(channel)

/** Why a `subscribe`, given as its frame, cannot open the channel; `undefined` when it can. */
export const problemOf = (channel: string, text: string): ErrorCode | undefined => {
  const requirement = requirements.get(channel)
  if (requirement === undefined) return undefined
  const parsed = Result.try(() => JSON.parse(text) as { params?: Record<string, unknown> })
  const named = Result.isSuccess(parsed) ? parsed.success.params?.[requirement.param] : undefined
  return Array.isArray(named) && named.length > 0 ? undefined : requirement.code
}
