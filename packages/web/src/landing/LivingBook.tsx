/** A real book of the running system: it moves with the present, and with a slider through its past. */
import { Link } from "@tanstack/react-router"
import { useState } from "react"
import type { Market } from "../api/Answers.ts"
import { Ladder } from "../book/Ladder.tsx"
import { TrustBadge } from "../book/TrustBadge.tsx"
import { Button } from "../design/Button.tsx"
import { Empty, Loading, Refused } from "../design/States.tsx"
import { useNowMicros } from "../format/Clock.ts"
import { useTimes } from "../format/Zone.ts"
import { Heatmap } from "../heatmap/Heatmap.tsx"
import { type Life, useLife } from "../market/Life.ts"
import { useGaps, useOpening } from "../market/MarketGaps.ts"
import * as Moment from "../market/Moment.ts"
import { Timeline } from "../market/Timeline.tsx"
import { useBook } from "../market/useBook.ts"
import { useFollowed } from "../market/useFollowed.ts"
import { usePicture } from "../market/usePicture.ts"
import { useWindow } from "../market/useWindow.ts"
import { middleOf, type Showcase } from "./useShowcase.ts"

/** The heights are kept from the first moment on, so that nothing jumps when the book comes. */
const frame = "min-h-[46rem] min-w-0 overflow-hidden rounded-lg border border-line bg-panel sm:min-h-[31.5rem]"
const rows = 7

export const LivingBook = ({ showcase }: { readonly showcase: Showcase }) => {
  const { isLoading, problem, shown } = showcase
  if (shown?.part !== undefined) {
    return (
      <div className={frame}>
        <Living market={shown.market} life={shown.part} firstMicros={middleOf(shown.part)} />
      </div>
    )
  }
  if (shown !== undefined) return <OfMarket key={shown.market.ticker} market={shown.market} />
  return (
    <div className={frame}>
      {isLoading ? (
        <Loading lines={14} label="Loading a market's book" />
      ) : problem === null ? (
        <Empty title="No market is open to everybody here">
          With a key every market that is recorded can be looked at. <Link to="/explore">Explore</Link>
        </Empty>
      ) : (
        <Refused problem={problem} />
      )}
    </div>
  )
}

const OfMarket = ({ market }: { readonly market: Market }) => {
  const { isEmpty, life, problem } = useLife(market, useNowMicros())
  const opening = useOpening(market.ticker, life)
  return (
    <div className={frame}>
      {life !== undefined && opening !== undefined ? (
        <Living key={market.ticker} market={market} life={life} firstMicros={opening} />
      ) : isEmpty ? (
        <Empty title="This market has only just opened">Its first record is being waited for.</Empty>
      ) : problem === null ? (
        <Loading lines={14} label="Loading the book" />
      ) : (
        <Refused problem={problem} />
      )}
    </div>
  )
}

const Living = (props: {
  readonly market: Market
  readonly life: Life
  /** What is shown first of a life that is over. */
  readonly firstMicros: number
}) => {
  const { firstMicros, life, market } = props
  const { ticker } = market
  const times = useTimes()
  const [moment, setMoment] = useState<Moment.Moment>(life.isOpen ? Moment.live : Moment.at(firstMicros))
  const isLive = moment.mode === "live"
  const atMicros = moment.mode === "at" ? moment.atMicros : life.toMicros
  const window = useWindow(life, atMicros, Number.POSITIVE_INFINITY)
  const followed = useFollowed(ticker, isLive)
  const picture = usePicture(ticker, life, window, isLive, followed.book)
  const found = useBook(ticker, moment, 1, picture.columns, undefined, followed)
  const gaps = useGaps(ticker, life)
  const seek = (micros: number, isDone: boolean) => setMoment(Moment.dragged(micros, isDone))
  const { book } = found
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
        <h2 className="text-sm font-semibold">{String(market["title"] ?? ticker)}</h2>
        <Link to="/markets/$ticker" params={{ ticker }} className="link font-mono text-xs">
          {ticker}
        </Link>
        <span className="ml-auto">{book === undefined ? null : <TrustBadge trust={book.trust} />}</span>
      </div>
      <div className="grid sm:grid-cols-[minmax(0,1fr)_16rem]">
        <div className="min-w-0 sm:border-r sm:border-line">
          <Heatmap
            columns={picture.shown}
            fromMicros={window.fromMicros}
            toMicros={window.toMicros}
            nowMicros={life.toMicros}
            momentMicros={moment.mode === "live" ? undefined : atMicros}
            onSeek={seek}
            className="h-60 sm:h-[24.5rem]"
            label={`Heatmap of ${ticker}: sizes by price over its whole life`}
          />
        </div>
        <div className="border-t border-line sm:border-t-0">
          {book === undefined ? <Loading lines={12} /> : <Ladder book={book} rows={rows} />}
        </div>
      </div>
      <div className="grid gap-2 border-t border-line px-4 pt-2 pb-3">
        <Timeline
          life={life}
          gaps={gaps}
          atMicros={atMicros}
          onSeek={seek}
          label="Moment of the book: drag to go back in time"
        />
        <div className="flex flex-wrap items-center justify-between gap-2">
          <p className="text-xs text-soft">
            {moment.mode === "live" ? "The book now, from the running system" : "The book as it was"}
            {book === undefined
              ? ""
              : ` at ${times.exact(moment.mode === "live" ? book.atMicros : atMicros)} ${times.zone === "utc" ? "UTC" : ""}`}
          </p>
          {life.isOpen ? (
            <Button
              className="min-h-7 text-xs"
              look={moment.mode === "live" ? "primary" : "plain"}
              aria-pressed={moment.mode === "live"}
              onClick={() => setMoment(Moment.live)}
            >
              <span aria-hidden="true" className="size-1.5 rounded-full bg-current" /> Live
            </Button>
          ) : null}
        </div>
      </div>
    </>
  )
}
