/**
 * No loss passes unnoticed: where the numbers of a subscription to books show that something is missing, or cannot be read, each book that
 * was trusted because of it has a gap at that very frame.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import type { Evidence, Violation } from "./Evidence.ts"

/** Of which subscription a trusted book is. */
type Trusted = Map<MarketTicker, string>

export const judge = ({ derived, entries, messages }: Evidence): ReadonlyArray<Violation> => {
  const rule = "a loss is a gap of every book that it may have touched"
  const recordsOf = Map.groupBy(derived.records, ({ entry }) => entry)
  const seqLast = new Map<string, number>()
  const trusted: Trusted = new Map()
  for (const entry of entries) {
    const message = messages.get(entry)
    const lossy = message === undefined ? undefined : lossOf(seqLast, entry.epoch, message)
    const touched = lossy === undefined ? [] : [...trusted].flatMap(([ticker, key]) => (key === lossy ? [ticker] : []))
    const records = (recordsOf.get(entry) ?? []).map(({ value }) => value)
    const gaps = new Set(records.flatMap(({ kind, marketTicker }) => (kind === "gap" ? [marketTicker] : [])))
    const marketTicker = touched.find((ticker) => !gaps.has(ticker))
    if (marketTicker !== undefined) return [{ rule, detail: `at entry ${entry.number} (${lossy})`, marketTicker }]
    for (const { epoch, kind, marketTicker: ticker, sid } of records) {
      if (kind === "gap") trusted.delete(ticker)
      else if (kind === "snapshot") trusted.set(ticker, `${epoch} ${sid}`)
    }
  }
  return []
}

/** The subscription of which the frame shows a loss, by epoch and sid. */
const lossOf = (seqLast: Map<string, number>, epoch: number, message: ServerMessage): string | undefined => {
  if (!("sid" in message) || !("seq" in message)) return undefined
  const { seq, sid } = message
  if (sid === null || seq === null) return undefined
  const key = `${epoch} ${sid}`
  const expected = (seqLast.get(key) ?? 0) + 1
  if (seq < expected) return undefined
  const isRead = message._tag !== "undecodable" && message._tag !== "unknown"
  // The numbers of what cannot be read may be as broken as the rest: the count goes on from the last that could.
  if (message._tag !== "undecodable" || seq === expected) seqLast.set(key, seq)
  return isRead && seq === expected ? undefined : key
}
