/** The gaps of a market's recorded life, from its coverage, which is open to everybody. */
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
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

const useCoverage = (ticker: string, life: Life | undefined) => {
  const toMicros = Math.ceil((life?.toMicros ?? 0) / hourMicros) * hourMicros
  const fromMicros = Math.max(life?.fromMicros ?? 0, toMicros - daysMax * 24 * hourMicros)
  return useQuery({
    ...Queries.marketCoverage(ticker, { from: Instant.isoShort(fromMicros), to: Instant.isoShort(toMicros) }),
    enabled: life !== undefined,
    select: of
  })
}

/** Of the last month of a longer life. */
export const useGaps = (ticker: string, life: Life | undefined): ReadonlyArray<Gap> =>
  useCoverage(ticker, life).data ?? none

/** The last moment of a life at which the book is known: its end, unless gaps reach it. */
export const lastKnown = (gaps: ReadonlyArray<Gap>, { fromMicros, toMicros }: Life): number => {
  let atMicros = toMicros
  for (const gap of gaps.toSorted((one, other) => other.fromMicros - one.fromMicros)) {
    const isOver = gap.toMicros !== undefined && gap.toMicros <= atMicros
    if (gap.fromMicros <= atMicros && !isOver) atMicros = gap.fromMicros - 1
  }
  return atMicros < fromMicros ? toMicros : atMicros
}

/**
 * Where a life is looked at first: at its end or, where recording ended before that of a market that has closed, at the last moment at which
 * its book is known. `undefined` while that is asked; the same ever after, also when the market closes meanwhile.
 */
export const useOpening = (ticker: string, life: Life | undefined): number | undefined => {
  const { data, error } = useCoverage(ticker, life?.isOpen === false ? life : undefined)
  const [opened, setOpened] = useState<number>()
  if (opened !== undefined || life === undefined) return opened
  const isAtEnd = life.isOpen || error !== null
  const found = isAtEnd ? life.toMicros : data === undefined ? undefined : lastKnown(data, life)
  if (found !== undefined) setOpened(found)
  return found
}
