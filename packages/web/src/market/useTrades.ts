/**
 * The trades of the picture, where they are few enough to be drawn, and those up to the moment as a list. What is past is asked once; while
 * the picture ends in the present, only what came since the last trade is asked for.
 */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query"
import { useMemo } from "react"
import type { Trade, Trades } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import type { Mark } from "../heatmap/HeatmapPaint.ts"

/** A page: more dots than this hide each other, and the book. */
const tradesMax = 1_000
/** What the list goes back, in a market that trades so much; else all of the picture. */
const listMicros = 20_000_000
/** The list is asked for anew when the moment has moved so far. */
const stepMicros = 10_000_000
/** The picture's edges, for this purpose: so that a picture that moves on by a second is the same question. */
const edgeMicros = 60_000_000
const askMillis = 5_000

const markOf = (trade: Trade): Mark => ({
  atMicros: Instant.micros(trade.ts_received),
  priceE4: Numbers.e4(trade.yes_price_dollars),
  sizeE2: Numbers.e2(trade.count_fp),
  takerSide: trade.taker_outcome_side
})

const none: ReadonlyArray<Mark> = []

/** With those that came since; one that both have once. */
const continued = (before: Trades, since: Trades): Trades => {
  const known = new Set(before.trades.map(({ trade_id }) => trade_id))
  const trades = [...before.trades, ...since.trades.filter(({ trade_id }) => !known.has(trade_id))]
  const gaps = [...before.gaps.filter((gap) => !since.gaps.some(({ from }) => from === gap.from)), ...since.gaps]
  return { ...since, trades, gaps }
}

export const useTrades = (
  ticker: string,
  window: { readonly fromMicros: number; readonly toMicros: number },
  atMicros: number,
  nowMicros: number
) => {
  const client = useQueryClient()
  const from = Instant.isoShort(Math.floor(window.fromMicros / edgeMicros) * edgeMicros)
  const toMicros = Math.ceil(window.toMicros / edgeMicros) * edgeMicros
  const to = Instant.isoShort(toMicros)
  const isGrowing = nowMicros < toMicros
  const queryKey = ["trades of a picture", ticker, from, to]
  const shown = useQuery({
    queryKey,
    queryFn: () => {
      const before = client.getQueryData<Trades>(queryKey)
      const last = before?.trades.at(-1)
      if (before === undefined || last === undefined || before.cursor !== "") {
        return client.fetchQuery({ ...Queries.trades(ticker, { from, to, limit: tradesMax }), staleTime: 0 })
      }
      const query = { from: last.ts_received, to, limit: tradesMax }
      return client
        .fetchQuery({ ...Queries.trades(ticker, query), staleTime: 0 })
        .then((since) => continued(before, since))
    },
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (isGrowing && state.data?.cursor === "" ? askMillis : false),
    placeholderData: keepPreviousData
  })
  const isAll = shown.data?.cursor === ""
  const listTo = Math.ceil(atMicros / stepMicros) * stepMicros
  const query = { from: Instant.isoShort(listTo - listMicros), to: Instant.isoShort(listTo), limit: tradesMax }
  const list = useQuery({
    ...Queries.trades(ticker, query),
    enabled: shown.data !== undefined && !isAll,
    placeholderData: keepPreviousData
  })
  const marks = useMemo(() => (isAll ? (shown.data?.trades.map(markOf) ?? none) : none), [isAll, shown.data])
  return { marks, query: isAll ? shown : list, areTooMany: shown.data !== undefined && !isAll }
}
