/** Limits and delays of the exchange towards its clients, each with the real exchange's figure where one is known. */

export interface FrontSettings {
  /** Time between pings (10 s on the exchange). */
  readonly pingMillis: number
  /** Commands are worked on side by side and answered after 0 to this many milliseconds, in any order. */
  readonly commandDelayMillisMax: number
  /** Commands of a connection in any one second (10,000 on the exchange); more get error 27. */
  readonly commandsPerSecondMax: number
  /** Connections at a time (200 per user on the exchange). */
  readonly connectionsMax: number
  /** Markets that a connection may follow by name (500,000 on the exchange); more get error 26. */
  readonly marketsPerSessionMax: number
  /** Longest client message (64 MiB on the exchange). */
  readonly messageBytesMax: number
  /** What a connection may leave unread before error 25. The exchange does not say. */
  readonly outboundBytesMax: number
  /** REST tokens a second and how many gather; a request costs 10 (basic tier: 200 and two seconds' worth). */
  readonly readTokensPerSecond: number
  readonly readTokensMax: number
  /** How old an answer of `GET /markets/orderbooks` may be: the exchange's edge keeps it for 15 s. 0: always fresh. */
  readonly restBookCacheMillis: number
  /** Whether frames end with `sending_ts_ms`, as clients have seen since about 2026-09-28. Recorded frames never change. */
  readonly sendsSendingTime: boolean
  /** Frames of a subscription whose moment is remembered for questions about the truth. */
  readonly sequenceEntriesMax: number
  /** Closed connections that are remembered for the same. */
  readonly closedSessionsMax: number
}

const mebibyte = 1024 * 1024

export const defaultFrontSettings: FrontSettings = {
  pingMillis: 10_000,
  commandDelayMillisMax: 20,
  commandsPerSecondMax: 10_000,
  connectionsMax: 200,
  marketsPerSessionMax: 500_000,
  messageBytesMax: 64 * mebibyte,
  outboundBytesMax: 64 * mebibyte,
  readTokensPerSecond: 200,
  readTokensMax: 400,
  restBookCacheMillis: 15_000,
  sendsSendingTime: false,
  sequenceEntriesMax: 1_000_000,
  closedSessionsMax: 16
}
