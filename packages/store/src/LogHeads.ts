/**
 * Where each market's log ends, and so which records of a batch are new.
 *
 * A log has offsets 1, 2, 3 ... without holes, so whatever lies at or before its end is stored already, and the next one is
 * the only one that may follow. Both implementations of the hot tier decide by this.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"

/** The records that come after the ends, and where they move them. */
export interface Continuation {
  readonly records: ReadonlyArray<BookRecord>
  /** The last record of each market in `records`. */
  readonly ends: ReadonlyMap<MarketTicker, BookRecord>
}

/** A record that does not follow its log's end: its writer lost count, and storing it would hide that for ever. */
export class OffsetHole extends Error {
  override readonly name = "OffsetHole"
  constructor(record: BookRecord, offsetExpected: number) {
    super(
      `${record.marketTicker}: a record with offset ${record.offset} where ${offsetExpected} is the next of its log`
    )
  }
}

/**
 * The records of a batch that are new, given each log's last stored offset (0 for none). Throws `OffsetHole`, a defect of the
 * writer, when one is missing before another. O(records).
 */
export const continuationOf = (
  batch: ReadonlyArray<BookRecord>,
  storedOffset: (ticker: MarketTicker) => number
): Continuation => {
  const records: Array<BookRecord> = []
  const ends = new Map<MarketTicker, BookRecord>()
  for (const record of batch) {
    const offset = ends.get(record.marketTicker)?.offset ?? storedOffset(record.marketTicker)
    if (record.offset <= offset) continue
    // impossible: a writer gives offsets one by one (I1), so a hole is its defect.
    if (record.offset !== offset + 1) throw new OffsetHole(record, offset + 1)
    records.push(record)
    ends.set(record.marketTicker, record)
  }
  return { records, ends }
}
