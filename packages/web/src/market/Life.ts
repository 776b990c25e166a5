/** From when to when a market's book can be asked for: its recorded life. */
import { queryOptions, useQuery } from "@tanstack/react-query"
import type { Market, Records } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Queries from "../api/Queries.ts"
import * as Instant from "../format/Instant.ts"

export interface Life {
  /** Receipt of the first record. */
  readonly fromMicros: number
  /** The close, or how far it has come. */
  readonly toMicros: number
  /** Whether the market can still change. */
  readonly isOpen: boolean
}

/** Receipt of the first record; `null` where nothing was recorded. */
const firstRecord = (ticker: string) =>
  queryOptions({
    queryKey: ["first record", ticker],
    queryFn: ({ signal }) =>
      Client.ask<Records>({ path: Queries.marketPath(ticker, "/deltas"), query: { limit: 1 } }, signal).then(
        ({ records: [first] }) => (first === undefined ? null : Instant.micros(first.ts_received))
      ),
    staleTime: 30_000
  })

export const instantOf = (value: unknown): number | undefined =>
  typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? Instant.micros(value) : undefined

/** `undefined` while it is not known, or when nothing was recorded: `problem` tells. */
export const useLife = (market: Market, nowMicros: number) => {
  const first = useQuery(firstRecord(market.ticker))
  const closeMicros = instantOf(market["close_time"]) ?? Number.MAX_SAFE_INTEGER
  const isOpen = closeMicros > nowMicros
  const life: Life | undefined =
    typeof first.data === "number"
      ? { fromMicros: first.data, toMicros: Math.max(first.data + 1_000_000, Math.min(closeMicros, nowMicros)), isOpen }
      : undefined
  return { life, problem: first.error, isEmpty: first.data === null }
}
