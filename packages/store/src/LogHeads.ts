/**
 * Where each market's log ends, and so which records of a batch are new.
 *
 * A log has offsets 1, 2, 3 ... without holes and one writer, so whatever lies at or before its end is stored already, and the
 * next one is the only one that may follow. Both implementations of the hot tier decide by this, and refuse a second writer.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"

/** A record that does not follow its log's end: its writer lost count, and storing it would hide that for ever. */
export class OffsetHole extends Error {
  override readonly name = "OffsetHole"
  constructor(record: BookRecord, offsetExpected: number) {
    super(
      `${record.marketTicker}: a record with offset ${record.offset} where ${offsetExpected} is the next of its log`
    )
  }
}

/** Another recorder has written into the log: going on would mix two accounts of one market, and show neither. */
export class OtherWriter extends Error {
  override readonly name = "OtherWriter"
  constructor(tickers: string) {
    super(
      `Another recorder writes into this database (${tickers}). Only one may: this one stops, so that the logs stay right.`
    )
  }
}

/**
 * Of the records of one market that should be stored already, given the last offset of its log that is, the last; `undefined`
 * when all are new. Where it is stored as it is, so are those before it: a batch is stored whole.
 */
export const repeatedOf = (records: ReadonlyArray<BookRecord>, offsetStored: number): BookRecord | undefined =>
  records.findLast((record) => record.offset <= offsetStored)

/** The records of a batch by market, each in the order of the batch. O(records). */
export const logsOf = (batch: ReadonlyArray<BookRecord>): Map<MarketTicker, ReadonlyArray<BookRecord>> => {
  const logs = new Map<MarketTicker, Array<BookRecord>>()
  for (const record of batch) {
    const log = logs.get(record.marketTicker)
    if (log === undefined) logs.set(record.marketTicker, [record])
    else log.push(record)
  }
  return logs
}

/**
 * The records of one market that are new, given the last offset of its log that is stored (0 for none). Throws `OffsetHole`, a
 * defect of the writer, when one is missing before another. O(records).
 */
export const continuationOf = (records: ReadonlyArray<BookRecord>, offsetStored: number): ReadonlyArray<BookRecord> => {
  const continuation: Array<BookRecord> = []
  let offset = offsetStored
  for (const record of records) {
    if (record.offset <= offset) continue
    // impossible: a writer gives offsets one by one (I1), so a hole is its defect.
    if (record.offset !== offset + 1) throw new OffsetHole(record, offset + 1)
    continuation.push(record)
    offset = record.offset
  }
  return continuation
}
