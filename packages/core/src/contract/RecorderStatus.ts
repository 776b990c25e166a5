/**
 * What a recorder knows about itself and the API passes on in `/v1/status`. A plain value: the recorder of the same
 * process gives it directly, a separate process finds it in the database.
 */
import type { RecorderReport } from "./RecorderReport.ts"

/** Where the data comes from; `unknown` where the recorder runs elsewhere and did not say. */
export type SourceKind = "kalshi" | "simulator" | "recording" | "unknown"

/**
 * - `starting`: looking for markets, or connecting for the first time
 * - `recording`: connected, and what is received is stored
 * - `reconnecting`: the connection was lost and is being made again
 * - `stopped`: nothing was stored lately, or the recorder was stopped
 */
export type RecorderState = (typeof recorderStates)[number]
export const recorderStates = ["starting", "recording", "reconnecting", "stopped"] as const

export interface RecorderStatus {
  readonly source: SourceKind
  /** Address of the exchange's websocket, without credentials; `null` where it is not known. */
  readonly url: string | null
  readonly state: RecorderState
  /** Since when it is in this state, Unix microseconds; `null` where it is not known. */
  readonly sinceMicros: number | null
  /** Markets with a log that is being written. */
  readonly marketsRecorded: number
  /** Records stored per second, over the last seconds; `null` where it is not known. */
  readonly recordsPerSecond: number | null
  /** Part by part; `null` where it is not known. */
  readonly report: RecorderReport | null
}

/** Plain words about a source, for whoever must not mistake simulated data for the real exchange. */
export const sourceDescriptions: Readonly<Record<SourceKind, string>> = {
  kalshi: "The real exchange, recorded live.",
  simulator: "Simulated data: a generated exchange, not Kalshi. Prices and trades are made up.",
  recording: "Recorded frames of the real exchange, played back: not live.",
  unknown: "The recorder runs elsewhere and has not told where its data comes from."
}
