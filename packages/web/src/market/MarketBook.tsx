/** The heart of a market's page: heatmap, scrubber and transport, the ladder of the shown moment, and everything beside it. */
import { useQuery } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { useEffect, useState } from "react"
import type { Market } from "../api/Answers.ts"
import { Ladder } from "../book/Ladder.tsx"
import { TrustBadge } from "../book/TrustBadge.tsx"
import { Choice } from "../design/Button.tsx"
import { Panel } from "../design/Panel.tsx"
import { Answered, Loading, Refused } from "../design/States.tsx"
import { Tabs } from "../design/Tabs.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"
import { Heatmap } from "../heatmap/Heatmap.tsx"
import * as HeatmapColumns from "../heatmap/HeatmapColumns.ts"
import { DepthCurve } from "./DepthCurve.tsx"
import type { Life } from "./Life.ts"
import { MarketCoverage } from "./MarketCoverage.tsx"
import { MarketFacts } from "./MarketFacts.tsx"
import { useGaps } from "./MarketGaps.ts"
import { LifecycleTable, TradesTable } from "./MarketTables.tsx"
import * as Moment from "./Moment.ts"
import { RequestPanel } from "./RequestPanel.tsx"
import * as SamplesQuery from "./SamplesQuery.ts"
import { Timeline } from "./Timeline.tsx"
import { Transport } from "./Transport.tsx"
import { useBook } from "./useBook.ts"
import { useLiveColumns } from "./useLiveColumns.ts"
import { usePlayer } from "./usePlayer.ts"
import { useTrades } from "./useTrades.ts"
import { spans, useWindow } from "./useWindow.ts"

const ladderRows = 12

export const MarketBook = (props: {
  readonly market: Market
  readonly life: Life
  /** Whether nobody needs a key for it, and nothing is charged. */
  readonly isOpenToAll: boolean
  /** From the address. */
  readonly at: number | undefined
}) => {
  const { isOpenToAll, life, market } = props
  const { ticker } = market
  const times = useTimes()
  const initial =
    props.at !== undefined ? Moment.at(props.at) : life.isOpen && isOpenToAll ? Moment.live : Moment.at(life.toMicros)
  const [spanName, setSpanName] = useState<keyof typeof spans>("15 min")
  const gaps = useGaps(ticker, life)
  const [columns, setColumns] = useState(HeatmapColumns.empty)
  const player = usePlayer(ticker, life, columns, initial)
  const { moment, speed, strip } = player
  const atMicros = moment.mode === "at" ? moment.atMicros : life.toMicros
  const window = useWindow(life, atMicros, spans[spanName])
  const samples = useQuery(SamplesQuery.columns(ticker, window.fromMicros, window.toMicros))
  useEffect(() => {
    if (samples.data !== undefined) setColumns(samples.data)
  }, [samples.data])
  const found = useBook(ticker, moment, speed, columns, strip)
  const shownColumns = useLiveColumns(columns, found)
  const trades = useTrades(ticker, window, atMicros)

  const navigate = useNavigate({ from: "/markets/$ticker" })
  const addressed =
    moment.mode === "live" || moment.isDragging || moment.isPlaying ? undefined : Instant.isoShort(moment.atMicros)
  const isLive = moment.mode === "live"
  useEffect(() => {
    if (addressed !== undefined) void navigate({ search: { at: addressed }, replace: true, resetScroll: false })
    else if (isLive) void navigate({ search: {}, replace: true, resetScroll: false })
  }, [addressed, isLive, navigate])

  const seek = (micros: number, isDone: boolean) => player.setMoment(Moment.dragged(micros, isDone))
  const toMoment = (micros: number) => player.setMoment(Moment.at(micros))
  const shownMicros = found.book === undefined ? undefined : moment.mode === "live" ? found.book.atMicros : atMicros
  const { book } = found

  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="grid min-w-0 gap-4">
        <Panel
          flush
          title="Book over time"
          aside={
            <Choice
              label="Shown time"
              value={spanName}
              options={(Object.keys(spans) as ReadonlyArray<keyof typeof spans>).map((name) => [name, name])}
              onChange={setSpanName}
            />
          }
        >
          <div className="relative">
            <Heatmap
              columns={shownColumns}
              fromMicros={window.fromMicros}
              toMicros={window.toMicros}
              nowMicros={life.toMicros}
              momentMicros={moment.mode === "live" ? undefined : atMicros}
              trades={trades.marks}
              onSeek={seek}
              className="h-64 sm:h-90"
              label={`Heatmap of ${ticker}: sizes by price over time, with unknown time hatched and trades as dots. The slider below moves through the same time.`}
            />
            {samples.isError && columns.count === 0 ? (
              <div className="absolute inset-0 bg-panel">
                <Refused problem={samples.error} onRetry={() => void samples.refetch()} />
              </div>
            ) : null}
          </div>
          <div className="grid gap-3 border-t border-line p-4">
            <Timeline
              life={life}
              gaps={gaps}
              shownFrom={window.fromMicros}
              shownTo={window.toMicros}
              atMicros={atMicros}
              onSeek={seek}
              label="Moment in the market's recorded life"
            />
            <Transport
              moment={moment}
              shownMicros={shownMicros}
              speed={speed}
              canBeLive={life.isOpen}
              isStepping={player.isStepping}
              liveCost={isOpenToAll ? undefined : "1 credit / s"}
              onPlay={player.play}
              onPause={() => toMoment(atMicros)}
              onStep={player.step}
              onLive={() => player.setMoment(Moment.live)}
              onMoment={toMoment}
              onSpeed={player.setSpeed}
            />
            {player.problem === null ? null : <Refused problem={player.problem} />}
          </div>
        </Panel>
        <Tabs
          label="More of this market"
          tabs={[
            { name: "Depth", content: () => (book === undefined ? <Loading /> : <DepthCurve book={book} />) },
            {
              name: "Trades",
              content: () => (
                <Answered query={trades.query}>
                  {(page) => <TradesTable trades={page.trades} gaps={page.gaps.length} onMoment={toMoment} />}
                </Answered>
              )
            },
            { name: "Lifecycle", content: () => <LifecycleTable ticker={ticker} /> },
            { name: "Coverage", content: () => <MarketCoverage ticker={ticker} life={life} onMoment={toMoment} /> },
            { name: "Rules and metadata", content: () => <MarketFacts market={market} /> }
          ]}
        />
      </div>
      <div className="grid min-w-0 gap-4">
        <Panel
          flush
          title={moment.mode === "live" ? "Book now" : "Book then"}
          aside={book === undefined ? null : <TrustBadge trust={book.trust} />}
        >
          {book === undefined ? (
            found.problem === null ? (
              <Loading lines={18} />
            ) : (
              <Refused problem={found.problem} />
            )
          ) : (
            <>
              <Ladder book={book} rows={ladderRows} />
              <p className="border-t border-line px-4 py-2 text-xs text-faint">
                {found.isPending ? `As of ${times.exact(book.atMicros)}, while the answer is on its way · ` : ""}
                Record {Numbers.count(book.offset)} of its log · {book.yes.length + book.no.length} levels in all
              </p>
            </>
          )}
        </Panel>
        <RequestPanel ticker={ticker} found={found} isOpen={isOpenToAll} />
      </div>
    </div>
  )
}
