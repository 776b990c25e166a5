/** The bounds of the ledger, each with its reason. */

/** A hold lapses after this: three times as long as an answer may take. */
export const leaseMicros = 60_000_000

/** The same page costs nothing for so long: a client that lost an answer tries again within minutes. */
export const repeatMicros = 900_000_000

/** Calls in one statement at most: a millisecond of work, which is what it costs to send one and to wait for the disk. */
export const callsMax = 32

/** Statements of one kind that run at once: one of an account waits in the database for the one before, and begins when that ends. */
export const statementsMax = 2
