/**
 * A market that everybody may see, for the front page: of the demonstration one that is open now, else the one that closed last; where there
 * is no demonstration, the busiest of the latest day that is open to everybody.
 */
import { useQuery } from "@tanstack/react-query"
import type { Market, SampleMarket } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { nowMicros } from "../format/Clock.ts"
import * as Instant from "../format/Instant.ts"
import { instantOf, type Life } from "../market/Life.ts"

export interface ShownMarket {
  readonly market: Market
  /** The part of its life that everybody may see; `undefined`: all of it. */
  readonly part: Life | undefined
}

export interface Showcase {
  /** `undefined` while it is looked for, and where there is none. */
  readonly shown: ShownMarket | undefined
  readonly isLoading: boolean
  readonly problem: unknown
}

/** Where its part is looked at first: in its midst, on a whole second. At its end recording may have ended, too. */
export const middleOf = ({ fromMicros, toMicros }: Life): number =>
  Math.floor((fromMicros + toMicros) / 2 / secondMicros) * secondMicros

const secondMicros = 1_000_000
const marketsMax = 200

const openTime = (market: Market): number => instantOf(market["open_time"]) ?? 0

const choose = (markets: ReadonlyArray<Market>): ShownMarket | undefined => {
  const now = nowMicros()
  const begun = markets.filter((market) => openTime(market) < now)
  const [market] = begun.sort((one, other) => openTime(other) - openTime(one))
  return market === undefined ? undefined : { market, part: undefined }
}

const ofSample = ({ from, market_ticker: ticker, title, to }: SampleMarket): ShownMarket => ({
  market: { ticker, title } as unknown as Market,
  part: { fromMicros: Instant.micros(from), toMicros: Instant.micros(to), isOpen: false }
})

export const useShowcase = (): Showcase => {
  const settings = useQuery(Queries.settings)
  const series = settings.data?.demo_series[0]
  const query = (status: string) => Queries.markets({ series_ticker: series, status, limit: marketsMax })
  const open = useQuery({ ...query("active"), enabled: series !== undefined })
  const chosen = open.data === undefined ? undefined : choose(open.data.markets)
  const isNoneOpen = open.data !== undefined && chosen === undefined
  const past = useQuery({ ...query("finalized"), enabled: series !== undefined && isNoneOpen })
  const sample = settings.data?.sample ?? null
  return {
    shown:
      sample !== null
        ? ofSample(sample)
        : (chosen ?? (past.data === undefined ? undefined : choose(past.data.markets))),
    isLoading: settings.isPending || (series !== undefined && (open.isPending || (isNoneOpen && past.isPending))),
    problem: settings.error ?? open.error ?? past.error
  }
}
