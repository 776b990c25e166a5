/** What the process of the subscribers is told, and what it tells. */
import type { Run } from "./SubscriberLog.ts"

export interface SubscriberPlan {
  readonly url: string
  readonly key: string
  readonly seed: number
  readonly subscribers: number
  readonly markets: ReadonlyArray<string>
  /** For so long those who stall do not read. */
  readonly stallMillis: number
}

export type Told =
  | { readonly _tag: "begin"; readonly plan: SubscriberPlan }
  /** Everybody reads on, until he has each log up to here. */
  | { readonly _tag: "settle"; readonly heads: Readonly<Record<string, number>> }

export type Tells =
  | { readonly _tag: "joined" }
  | { readonly _tag: "progress"; readonly figures: Figures }
  | { readonly _tag: "report"; readonly figures: Figures; readonly subscribers: ReadonlyArray<SubscriberReport> }

export interface SubscriberReport {
  readonly name: string
  /** Whether it did not read for a while, on purpose. */
  readonly isStalling: boolean
  readonly logs: Readonly<Record<string, { readonly runs: ReadonlyArray<Run>; readonly faults: ReadonlyArray<string> }>>
  /** What cannot be. */
  readonly faults: ReadonlyArray<string>
}

export interface Figures {
  /** Those who follow what they want for the first time. */
  readonly joined: number
  /** Upgrades that were answered with something else; they try again. */
  readonly refused: number
  readonly records: number
  /** Connections that were torn down without a word, and gone on from. */
  readonly reconnects: number
  /** Messages `skipped` and `conflated`, and sessions that ended as `slow_reader`. */
  readonly skipped: number
  readonly conflated: number
  readonly endedSlow: number
  readonly resyncs: number
  /** Of those who read: from the recorder's receipt to the subscriber, milliseconds. */
  readonly lagMillisP50: number
  readonly lagMillisP99: number
  /** The most that waited for one of them by a heartbeat. */
  readonly bufferBytesMax: number
}
