/**
 * What one subscriber was sent of one market, as little of it as it takes to hold it to history later: runs of records without a hole, each
 * with how many they are and the sum of their fingerprints. Where one run ends and another begins, the stream has said so.
 */
import type { RecordAnswer } from "@kalshibook/core/contract/RecordView"
import type { ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"

type MessageOf<Type extends ServerMessage["type"]> = Extract<ServerMessage, { readonly type: Type }>

/** Records (from, to] by offset. */
export interface Run {
  readonly from: number
  to: number
  records: number
  /** Of the fingerprints, below 2^32. */
  sum: number
}

export interface SubscriberLog {
  readonly runs: Array<Run>
  /** Of the last record. */
  epoch: number
  /** Whether it was said that a book comes in place of records. */
  isBookDue: boolean
  /** What did not fit together. */
  readonly faults: Array<string>
}

export const make = (): SubscriberLog => ({ runs: [], epoch: 0, isBookDue: true, faults: [] })

/** Where it stands: to go on behind. */
export const placeOf = ({ epoch, runs }: SubscriberLog): { readonly offset: number; readonly epoch: number } => ({
  offset: runs.at(-1)?.to ?? 0,
  epoch
})

const begin = (log: SubscriberLog, { epoch, offset }: { readonly epoch: number; readonly offset: number }): void => {
  log.runs.push({ from: offset, to: offset, records: 0, sum: 0 })
  log.epoch = epoch
  log.isBookDue = false
}

/** Another connection goes on from where it stands. */
export const resume = (log: SubscriberLog): void => {
  log.isBookDue = log.runs.length === 0
}

export const snapshot = (log: SubscriberLog, message: MessageOf<"snapshot">): void => {
  if (!log.isBookDue) log.faults.push(`a book at ${message.offset} that nothing announced`)
  begin(log, message)
}

export const conflated = (log: SubscriberLog, message: MessageOf<"conflated">): void => {
  const { offset } = placeOf(log)
  if (message.previous_offset !== offset) log.faults.push(`conflated behind ${message.previous_offset}, not ${offset}`)
  begin(log, message)
}

export const skipped = (log: SubscriberLog, fromOffset: number): void => {
  const { offset } = placeOf(log)
  if (fromOffset !== offset + 1) log.faults.push(`skipped from ${fromOffset}, behind ${offset}`)
  log.isBookDue = true
}

export const record = (log: SubscriberLog, message: MessageOf<"record">): void => {
  const run = log.runs.at(-1)
  if (run === undefined || message.previous_offset !== run.to || message.offset !== run.to + 1) {
    log.faults.push(`${message.offset} (behind ${message.previous_offset}) came behind ${run?.to}`)
    return
  }
  run.to = message.offset
  run.records++
  run.sum = (run.sum + fingerprint(message)) >>> 0
  log.epoch = message.epoch
}

/** Of all that a record says: FNV-1a, 32 bits. */
const fingerprint = (said: Fingerprinted): number => {
  const { epoch, kind, offset, seq, ts_received } = said
  const what =
    kind === "delta"
      ? `${said.side} ${said.price_dollars} ${said.delta_fp}`
      : kind === "gap"
        ? said.cause
        : JSON.stringify(said.orderbook_fp)
  const text = `${kind} ${offset} ${epoch} ${seq} ${ts_received} ${what}`
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

type Fingerprinted = typeof RecordAnswer.Type | MessageOf<"record">

/** The history of one market: how many records there are, and the sum of the fingerprints of the first so many. */
export type History = ReadonlyArray<number>

export const historyOf = (records: ReadonlyArray<typeof RecordAnswer.Type>): History => {
  const sums = [0]
  for (const one of records) sums.push(((sums.at(-1) ?? 0) + fingerprint(one)) >>> 0)
  return sums
}

/** What of a log is not history, or is missing at its end. */
export const differences = (
  { faults, runs }: Pick<SubscriberLog, "faults" | "runs">,
  history: History
): ReadonlyArray<string> => {
  const end = history.length - 1
  const wrong = runs.flatMap(({ from, records, sum, to }) => {
    if (to > end) return [`has ${to}, and history ends at ${end}`]
    if (records !== to - from) return [`has ${records} records of (${from}, ${to}]`]
    const expected = ((history[to] ?? 0) - (history[from] ?? 0)) >>> 0
    return sum === expected ? [] : [`has other records than history in (${from}, ${to}]`]
  })
  const last = runs.at(-1)?.to ?? 0
  return [...faults, ...wrong, ...(last === end ? [] : [`ends at ${last}, and history at ${end}`])]
}
