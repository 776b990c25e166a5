/** Three questions that anybody can ask of this server, as lines to paste. */
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { Orderbook } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import { Code } from "../design/Copy.tsx"
import { Loading } from "../design/States.tsx"
import { nowMicros } from "../format/Clock.ts"
import * as Instant from "../format/Instant.ts"
import { middleOf, type ShownMarket } from "./useShowcase.ts"

const agoMicros = 30_000_000
const secondMicros = 1_000_000

/** Of a market that is followed: from a moment before this page on. */
const ofPresent = (ticker: string, at: string) =>
  [
    ["The markets of a series", `/v1/markets?series_ticker=${ticker.split("-", 1)[0]}&limit=3`],
    ["A market's book as it was half a minute before this page", `/v1/markets/${ticker}/orderbook?at=${at}&depth=5`],
    ["Every change since then", `/v1/markets/${ticker}/deltas?from=${at}&limit=20`]
  ] as const

/** Of a day that is open to everybody: within it alone. */
const ofDay = (ticker: string, at: string, to: string) =>
  [
    ["A market's book at a moment of that day", `/v1/markets/${ticker}/orderbook?at=${at}&depth=5`],
    ["Every change after it", `/v1/markets/${ticker}/deltas?from=${at}&to=${to}&limit=20`],
    ["Its book every minute", `/v1/markets/${ticker}/orderbook/samples?from=${at}&to=${to}&every=1m&depth=5`]
  ] as const

const second = (micros: number): string => Instant.isoShort(Math.floor(micros / secondMicros) * secondMicros)

export const CurlLines = ({ shown }: { readonly shown: ShownMarket | undefined }) => {
  const [before] = useState(() => second(nowMicros() - agoMicros))
  if (shown === undefined) return <Loading lines={3} />
  const { market, part } = shown
  const middle = part === undefined ? before : Instant.isoShort(middleOf(part))
  const lines =
    part === undefined
      ? ofPresent(market.ticker, before)
      : ofDay(market.ticker, middle, Instant.isoShort(part.toMicros))
  const bookPath = lines.find(([, path]) => path.includes("/orderbook?"))?.[1]
  return (
    <div className="grid gap-x-10 gap-y-6 lg:grid-cols-[minmax(0,1fr)_24rem]">
      <ol className="grid content-start gap-4">
        {lines.map(([title, path]) => (
          <li key={title} className="min-w-0">
            <p className="mb-1.5 text-sm text-soft">{title}</p>
            <Code text={`curl "${location.origin}${path}"`} label={title} />
          </li>
        ))}
      </ol>
      {bookPath === undefined ? null : <BookAnswer path={bookPath} />}
    </div>
  )
}

/** What the line about the book is answered, now. */
const BookAnswer = ({ path }: { readonly path: string }) => {
  const answer = useQuery({
    queryKey: ["answer", path],
    queryFn: ({ signal }) => Client.ask<Orderbook>({ path }, signal),
    staleTime: Number.POSITIVE_INFINITY
  })
  return (
    <div className="min-w-0">
      <p className="mb-1.5 text-sm text-soft">What the book's line is answered</p>
      {answer.data === undefined ? (
        <Loading lines={8} label="Loading the answer" />
      ) : (
        <Code label="The answer" text={shortened(answer.data)} className="[&_[data-scrolls]]:max-h-80" />
      )}
    </div>
  )
}

/** What a reader looks for first; a level a line. */
const shortened = ({ at, best, book_hash, market_ticker, orderbook_fp, provenance, trust }: Orderbook): string => {
  const { offset, ts_received } = provenance
  const shown = { market_ticker, at, orderbook_fp, best, trust, provenance: { offset, ts_received }, book_hash }
  return JSON.stringify(shown, undefined, 2).replaceAll(/\[\s+("[\d.]+"),\s+("[\d.]+")\s+\]/g, "[$1, $2]")
}
