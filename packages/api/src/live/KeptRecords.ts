/**
 * The last records of all logs, bounded by their number over all markets: the oldest one goes when another one comes. Knows nothing
 * of what is in them; O(1) for each.
 */
import type { BookRecord } from "@kalshibook/core/BookRecord"

/** The last records of one log, in log order and without a hole. */
export interface KeptLog {
  records: Array<BookRecord>
  /** Those before it are let go of. */
  first: number
}

export interface KeptRecords {
  readonly recordsMax: number
  /** The log of each record that is kept, oldest first, in a ring. */
  readonly logs: Array<KeptLog | undefined>
  next: number
}

export const make = (recordsMax: number): KeptRecords => ({ recordsMax, logs: new Array(recordsMax), next: 0 })

export const makeLog = (): KeptLog => ({ records: [], first: 0 })

/** Keeps the record that follows the log's last one. */
export const keep = (kept: KeptRecords, log: KeptLog, record: BookRecord): void => {
  const { logs, next, recordsMax } = kept
  const oldest = logs[next]
  if (oldest !== undefined) letGo(oldest)
  logs[next] = log
  kept.next = next + 1 === recordsMax ? 0 : next + 1
  log.records.push(record)
}

const letGo = (log: KeptLog): void => {
  // A log that was let go of as a whole has none, and stands in the ring until its places are taken.
  if (log.first >= log.records.length) return
  log.first++
  if (log.first < 32 || log.first * 2 < log.records.length) return
  log.records = log.records.slice(log.first)
  log.first = 0
}

/** Lets go of all records of the log; what comes next gets another one. */
export const drop = (log: KeptLog): void => {
  log.records = []
  log.first = 0
}

/** The records behind `afterOffset`; `undefined` when they are not kept from there on. O(result). */
export const after = ({ first, records }: KeptLog, afterOffset: number): ReadonlyArray<BookRecord> | undefined => {
  const oldest = records[first]
  if (oldest === undefined || afterOffset < oldest.offset - 1) return undefined
  return records.slice(first + afterOffset + 1 - oldest.offset)
}
