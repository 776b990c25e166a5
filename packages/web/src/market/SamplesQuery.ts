/** Loads sampled books of a range of steps, as far as it is known what was received. */
import { queryOptions } from "@tanstack/react-query"
import type { BookSample, Samples, Status } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Queries from "../api/Queries.ts"
import * as ShownBook from "../book/ShownBook.ts"
import * as Clock from "../format/Clock.ts"
import * as Instant from "../format/Instant.ts"
import type { Steps } from "./SampleSteps.ts"

/** Levels of each side: more than a ladder shows, and what a picture has room for. */
const depth = 40
/** What is older was stored long ago, whatever the recorder does now. */
const settledMicros = 60_000_000

/** The books at these steps, each with its level; fewer where the last ones are not known yet. */
export const books = (ticker: string, everyMicros: number, { from, to }: Steps) => {
  const toMicros = (to - 1) * everyMicros
  const isSettled = toMicros < Clock.nowMicros() - settledMicros
  const query = {
    from: Instant.isoShort(from * everyMicros),
    to: Instant.isoShort(toMicros + 1),
    every: `${everyMicros / 1_000}ms`,
    depth,
    limit: to - from
  }
  return queryOptions({
    queryKey: ["samples", ticker, query],
    queryFn: ({ signal }) =>
      knownUntil(isSettled, signal).then((knownMicros) =>
        Client.ask<Samples>({ path: Queries.marketPath(ticker, "/orderbook/samples"), query }, signal).then(
          ({ samples }) =>
            (samples as ReadonlyArray<BookSample>)
              .map(ShownBook.ofSample)
              .filter(({ atMicros }) => atMicros <= knownMicros)
        )
      ),
    staleTime: isSettled ? Number.POSITIVE_INFINITY : 0,
    retry: 2
  })
}

/** First the watermark: up to there, whatever was received is stored, and will be in what is asked afterwards. */
const knownUntil = (isSettled: boolean, signal: AbortSignal): Promise<number> =>
  isSettled
    ? Promise.resolve(Number.POSITIVE_INFINITY)
    : Client.ask<Status>({ path: "/v1/status" }, signal).then(({ watermark }) =>
        watermark === null ? 0 : Instant.micros(watermark.ts_received)
      )
