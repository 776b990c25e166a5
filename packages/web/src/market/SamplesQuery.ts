/** Loads the columns of a heatmap: samples of a range, as many as there are columns worth looking at. */
import { queryOptions } from "@tanstack/react-query"
import type { Samples } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Queries from "../api/Queries.ts"
import * as Instant from "../format/Instant.ts"
import * as HeatmapColumns from "../heatmap/HeatmapColumns.ts"

/** Columns of a picture at most; a hundred of them are a credit. */
const columnsMax = 600
/** Levels of each side: more than a ladder shows. */
const depth = 60

const everyMillis = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000,
  3_600_000, 7_200_000, 21_600_000, 86_400_000
]

/** From one column to the next, so that a range has `columnsMax` at most. */
const everyMicrosOf = (spanMicros: number): number =>
  1_000 * (everyMillis.find((millis) => millis * 1_000 * columnsMax >= spanMicros) ?? 86_400_000)

export const columns = (ticker: string, fromMicros: number, toMicros: number) => {
  const everyMicros = everyMicrosOf(toMicros - fromMicros)
  // On whole steps, so that the same range asked a little later is the same question.
  const from = Math.ceil(fromMicros / everyMicros) * everyMicros
  const to = Math.max(from + everyMicros, Math.ceil(toMicros / everyMicros) * everyMicros)
  const query = {
    from: Instant.isoShort(from),
    to: Instant.isoShort(to),
    every: `${everyMicros / 1_000}ms`,
    depth,
    limit: 1_000
  }
  return queryOptions({
    queryKey: ["columns", ticker, query],
    queryFn: ({ signal }) =>
      Client.ask<Samples>({ path: Queries.marketPath(ticker, "/orderbook/samples"), query }, signal).then((page) =>
        HeatmapColumns.of([page])
      ),
    staleTime: Number.POSITIVE_INFINITY
  })
}
