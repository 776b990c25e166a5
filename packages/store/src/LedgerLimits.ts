/** The bounds of the ledger, each with its reason. */

/** A hold lapses after this: three times as long as an answer may take. */
export const leaseMicros = 60_000_000

/** The same page costs nothing for so long: a client that lost an answer tries again within minutes. */
export const repeatMicros = 900_000_000

/** Calls in one statement at most: some milliseconds of work. */
export const callsMax = 128
