/** The gaps of a market's recorded life, from its coverage, which is open to everybody. */
import { useQuery } from "@tanstack/react-query"
import type { MarketCoverage } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import type { Gap } from "../book/Gap.ts"
import * as Instant from "../format/Instant.ts"
import type { Life } from "./Life.ts"

const hourMicros = 3_600_000_000
/** The API's bound. */
const daysMax = 31

export const of = ({ hours }: MarketCoverage): ReadonlyArray<Gap> => {
  const seen = new Map<number, Gap>()
  for (const { gaps } of hours) {
    for (const gap of gaps) {
      seen.set(gap.offset, {
        offset: gap.offset,
        cause: gap.cause,
        fromMicros: Instant.micros(gap.from),
        toMicros: gap.to === null ? undefined : Instant.micros(gap.to)
      })
    }
  }
  return [...seen.values()]
}

const none: ReadonlyArray<Gap> = []

/** Of the last month of a longer life. */
export const useGaps = (ticker: string, life: Life | undefined): ReadonlyArray<Gap> => {
  const toMicros = Math.ceil((life?.toMicros ?? 0) / hourMicros) * hourMicros
  const fromMicros = Math.max(life?.fromMicros ?? 0, toMicros - daysMax * 24 * hourMicros)
  const coverage = useQuery({
    ...Queries.marketCoverage(ticker, { from: Instant.isoShort(fromMicros), to: Instant.isoShort(toMicros) }),
    enabled: life !== undefined,
    select: of
  })
  return coverage.data ?? none
}
