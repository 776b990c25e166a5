/** Which past days are made up. All of it is data: the same settings give the same days, entry by entry. */
import type { TapeEntry } from "@kalshibook/core/TapeEntry"

export interface PastSettings {
  /** 32-bit number. */
  readonly seed: number
  /** How many markets are open at a time, 5..10,000. */
  readonly marketsOpen: number
  /** Mean changes of books per second, 1..50,000. */
  readonly deltasPerSecond: number
  /** From when until when is recorded, by the receive clock, Unix microseconds. */
  readonly fromMicros: number
  readonly untilMicros: number
  /** Things that go wrong in a day, of all kinds (`PastFaults`), in the mean; 0: nothing does. */
  readonly faultsPerDay: number
  /** The first connection has the epoch after this one; 0 for a database without any. */
  readonly epochLast: number
  /** Put into the tickers of all series, behind `KX`, so that nobody takes them for other markets; may be empty. */
  readonly seriesMark: string
  /**
   * Whether every book of every moment can be asked for afterwards (`PastDays.truthAt`): 26 bytes a change. Without it the memory
   * needed does not grow with the days.
   */
  readonly keepsTruth: boolean
  /** Records in one batch, about. */
  readonly batchRecords: number
  /** Gets everything that goes into the recorder, in order, as it would stand on a tape. */
  readonly onEntry?: ((entry: TapeEntry) => void) | undefined
}

export const defaultPastSettings: Omit<PastSettings, "fromMicros" | "untilMicros"> = {
  seed: 1,
  marketsOpen: 60,
  deltasPerSecond: 10,
  faultsPerDay: 12,
  epochLast: 0,
  seriesMark: "DEMO",
  keepsTruth: false,
  batchRecords: 20_000
}
