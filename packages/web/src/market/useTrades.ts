/** The trades of the picture, where they are few enough to be drawn, and those up to the moment as a list. */
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { useMemo } from "react"
import type { Trade } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import type { Mark } from "../heatmap/HeatmapPaint.ts"

/** A page: more dots than this hide each other, and the book. */
const tradesMax = 1_000
/** What the list goes back, in a market that trades so much; else all of its life. */
const listMicros = 60_000_000
/** The list is asked for anew when the moment has moved so far. */
const stepMicros = 5_000_000

const markOf = (trade: Trade): Mark => ({
  atMicros: Instant.micros(trade.ts_received),
  priceE4: Numbers.e4(trade.yes_price_dollars),
  sizeE2: Numbers.e2(trade.count_fp),
  takerSide: trade.taker_outcome_side
})

const none: ReadonlyArray<Mark> = []

export const useTrades = (
  ticker: string,
  window: { readonly fromMicros: number; readonly toMicros: number },
  atMicros: number
) => {
  const from = Instant.isoShort(window.fromMicros)
  const shown = useQuery({
    ...Queries.trades(ticker, { from, to: Instant.isoShort(window.toMicros), limit: tradesMax }),
    placeholderData: keepPreviousData
  })
  const isAll = shown.data?.cursor === ""
  const toMicros = Math.ceil(atMicros / stepMicros) * stepMicros
  const query = { from: Instant.isoShort(toMicros - listMicros), to: Instant.isoShort(toMicros), limit: tradesMax }
  const list = useQuery({
    ...Queries.trades(ticker, query),
    enabled: shown.data !== undefined && !isAll,
    placeholderData: keepPreviousData
  })
  const marks = useMemo(() => (isAll ? (shown.data?.trades.map(markOf) ?? none) : none), [isAll, shown.data])
  return { marks, query: isAll ? shown : list, areTooMany: shown.data !== undefined && !isAll }
}
