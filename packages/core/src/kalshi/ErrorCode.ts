/** The error codes of the websocket and their texts: official AsyncAPI 2.0.0, September-October 2026. */

/** A code in the table of the exchange. Others may come and are just numbers. */
export type ErrorCode = keyof typeof errorText

/** What the exchange says with each code. 6, 16 and 17 were retired in 2026 and are kept for old recordings. */
export const errorText = {
  1: "Unable to process message",
  2: "Params required",
  3: "Channels required",
  4: "Subscription IDs required",
  5: "Unknown command",
  6: "Already subscribed",
  7: "Unknown subscription ID",
  8: "Unknown channel name",
  9: "Authentication required",
  10: "Channel error",
  11: "Invalid parameter",
  12: "Exactly one subscription ID is required",
  13: "Unsupported action",
  14: "Market Ticker required",
  15: "Action required",
  16: "Market not found",
  17: "Internal error",
  18: "Command timeout",
  19: "shard_factor must be > 0",
  20: "shard_factor is required when shard_key is set",
  21: "shard_key must be >= 0 and < shard_factor",
  22: "shard_factor must be <= 100",
  23: "Match IDs required",
  24: "Index IDs required",
  25: "Subscription buffer overflow",
  26: "Subscription market limit exceeded",
  27: "Too many requests",
  28: "Underlying tickers required"
} as const

const terminalCodes: ReadonlySet<number> = new Set<number>([10, 17, 25])

/**
 * Whether the subscription that the error names is dead, so that the client must subscribe again: 10, 25, and 17 in recordings
 * of before its retirement.
 */
export const isTerminal = (code: number): boolean => terminalCodes.has(code)
