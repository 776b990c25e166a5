/** How the simulated exchange shows itself: addresses, limits and delays, each with the real exchange's figure where one is known. */

export interface ServerSettings {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** `real_time`: the exchange's clock is this machine's. `manual`: time passes only by `step` and `advance`. */
  readonly drive: "real_time" | "manual"
  /** How often frames go out, answers come due and (in real time) the exchange moves. */
  readonly tickMillis: number
  /** Time that the exchange makes up at most in one tick when it is behind. */
  readonly catchUpMillisMax: number
  /** How far the exchange may fall behind before its traders rest until it has caught up; the admin status tells how long. */
  readonly lagMillisMax: number
  /** How far a signed timestamp may be off. The exchange does not say. */
  readonly timestampToleranceMillis: number
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
  /** Whether compression is agreed to when a client offers it. */
  readonly perMessageDeflate: boolean
  /** REST tokens a second and how many gather; a request costs 10 (basic tier: 200 and two seconds' worth). */
  readonly readTokensPerSecond: number
  readonly readTokensMax: number
  /** Longest body of an admin request. */
  readonly adminBodyBytesMax: number
  /** Whether frames end with `sending_ts_ms`, as clients have seen since about 2026-09-28. Recorded frames never change. */
  readonly sendsSendingTime: boolean
  /** Frames of a subscription whose moment is remembered for questions about the truth. */
  readonly sequenceEntriesMax: number
  /** Closed connections that are remembered for the same. */
  readonly closedSessionsMax: number
}

const mebibyte = 1024 * 1024

export const defaultServerSettings: ServerSettings = {
  host: "127.0.0.1",
  port: 0,
  drive: "real_time",
  tickMillis: 5,
  catchUpMillisMax: 50,
  lagMillisMax: 500,
  timestampToleranceMillis: 30_000,
  pingMillis: 10_000,
  commandDelayMillisMax: 20,
  commandsPerSecondMax: 10_000,
  connectionsMax: 200,
  marketsPerSessionMax: 500_000,
  messageBytesMax: 64 * mebibyte,
  outboundBytesMax: 64 * mebibyte,
  perMessageDeflate: false,
  readTokensPerSecond: 200,
  readTokensMax: 400,
  adminBodyBytesMax: mebibyte,
  sendsSendingTime: false,
  sequenceEntriesMax: 1_000_000,
  closedSessionsMax: 16
}

const portMax = 65_535

/** What is wrong with the settings, for people; `undefined` when nothing is. */
export const problemOfServer = ({ port, tickMillis }: ServerSettings): string | undefined => {
  if (!(Number.isInteger(port) && port >= 0 && port <= portMax)) return `port must be 0..${portMax}, not ${port}`
  return tickMillis >= 1 ? undefined : `tickMillis must be 1 or more, not ${tickMillis}`
}
