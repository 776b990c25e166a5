/** Loads the piece of a market's log around a moment: a book, and the records after it. */
import { queryOptions } from "@tanstack/react-query"
import type { Orderbook, Records, Status } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Problem from "../api/Problem.ts"
import * as Queries from "../api/Queries.ts"
import * as RecordStrip from "../book/RecordStrip.ts"
import * as ShownBook from "../book/ShownBook.ts"
import * as Instant from "../format/Instant.ts"

/** A page at most: four credits. */
const recordsMax = 1_000
/** Of these before the moment, so that one can also step back. */
const recordsBefore = 300
const beforeMicrosMin = 1_000_000
const beforeMicrosMax = 6 * 3_600_000_000

/** How far before the moment the strip begins, for a market of so many records a second. */
export const beforeMicros = (recordsPerSecond: number): number =>
  Math.round(
    Math.min(
      beforeMicrosMax,
      Math.max(beforeMicrosMin, (recordsBefore / Math.max(recordsPerSecond, 0.001)) * 1_000_000)
    )
  )

/** Beginning at a moment. */
export const strip = (ticker: string, fromMicros: number) =>
  queryOptions({
    queryKey: ["strip", ticker, fromMicros],
    queryFn: ({ signal }) =>
      // First the watermark: up to there, whatever was received is stored, and will be in what is asked afterwards.
      Client.ask<Status>({ path: "/v1/status" }, signal).then(({ watermark }) =>
        load(ticker, fromMicros, watermark === null ? 0 : Instant.micros(watermark.ts_received), signal)
      ),
    staleTime: 10_000
  })

const load = (
  ticker: string,
  fromMicros: number,
  knownToMicros: number,
  signal: AbortSignal
): Promise<RecordStrip.RecordStrip> => {
  const at = Instant.iso(fromMicros)
  const base = Client.ask<Orderbook>({ path: Queries.marketPath(ticker, "/orderbook"), query: { at } }, signal).then(
    ShownBook.ofAnswer,
    (problem: unknown) =>
      Problem.isProblem(problem) && problem.code === "before_first_record" ? undefined : Promise.reject(problem)
  )
  const records = Client.ask<Records>(
    { path: Queries.marketPath(ticker, "/deltas"), query: { from: at, limit: recordsMax } },
    signal
  )
  return Promise.all([base, records]).then(([book, page]) =>
    RecordStrip.make({ base: book, records: page.records, fromMicros, isCut: page.cursor !== "", knownToMicros })
  )
}
