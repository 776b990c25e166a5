/** A market that everybody may see, for the front page: one that is open now, else the one that closed last. */
import { useQuery } from "@tanstack/react-query"
import type { Market } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { nowMicros } from "../format/Clock.ts"
import { instantOf } from "../market/Life.ts"

export interface Showcase {
  /** `undefined` while it is looked for, and where there is none. */
  readonly market: Market | undefined
  readonly isLoading: boolean
  readonly problem: unknown
}

const marketsMax = 200

const openTime = (market: Market): number => instantOf(market["open_time"]) ?? 0

const choose = (markets: ReadonlyArray<Market>): Market | undefined => {
  const now = nowMicros()
  const begun = markets.filter((market) => openTime(market) < now)
  return begun.sort((one, other) => openTime(other) - openTime(one))[0]
}

export const useShowcase = (): Showcase => {
  const settings = useQuery(Queries.settings)
  const series = settings.data?.demo_series[0]
  const query = (status: string) => Queries.markets({ series_ticker: series, status, limit: marketsMax })
  const open = useQuery({ ...query("active"), enabled: series !== undefined })
  const chosen = open.data === undefined ? undefined : choose(open.data.markets)
  const isNoneOpen = open.data !== undefined && chosen === undefined
  const past = useQuery({ ...query("finalized"), enabled: series !== undefined && isNoneOpen })
  return {
    market: chosen ?? (past.data === undefined ? undefined : choose(past.data.markets)),
    isLoading: settings.isPending || (series !== undefined && (open.isPending || (isNoneOpen && past.isPending))),
    problem: settings.error ?? open.error ?? past.error
  }
}
