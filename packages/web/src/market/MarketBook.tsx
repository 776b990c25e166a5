/** The heart of a market's page: heatmap, scrubber and transport, the ladder of the shown moment, and everything beside it. */
import { useNavigate } from "@tanstack/react-router"
import { useCallback, useEffect, useMemo, useState } from "react"
import type { Market } from "../api/Answers.ts"
import * as Gap from "../book/Gap.ts"
import { Ladder } from "../book/Ladder.tsx"
import { LastGap } from "../book/LastGap.tsx"
import { StandingBadge } from "../book/StandingBadge.tsx"
import { TrustBadge } from "../book/TrustBadge.tsx"
import { Choice } from "../design/Button.tsx"
import { Panel } from "../design/Panel.tsx"
import { Answered, Loading, Refused } from "../design/States.tsx"
import { Tabs } from "../design/Tabs.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"
import { Heatmap } from "../heatmap/Heatmap.tsx"
import { useKnown } from "../session/Known.ts"
import { DepthCurve } from "./DepthCurve.tsx"
import type { Life } from "./Life.ts"
import { MarketCoverage } from "./MarketCoverage.tsx"
import { MarketFacts } from "./MarketFacts.tsx"
import { useGaps } from "./MarketGaps.ts"
import { LifecycleTable, TradesTable } from "./MarketTables.tsx"
import * as Moment from "./Moment.ts"
import { RequestPanel } from "./RequestPanel.tsx"
import { Timeline } from "./Timeline.tsx"
import { Transport } from "./Transport.tsx"
import { useBook } from "./useBook.ts"
import { useFollowed } from "./useFollowed.ts"
import { usePicture } from "./usePicture.ts"
import { usePlayer } from "./usePlayer.ts"
import { useSlow } from "./useSlow.ts"
import { useTrades } from "./useTrades.ts"
import { spans, useWindow } from "./useWindow.ts"

const ladderRows = 12
/** How often what is beside the picture and the ladder is drawn anew: it is text and curves of a whole book. */
const besideMillis = 200
/** How often the list of trades follows a drag. */
const tradesMillis = 500
/** As `/v1/pricing` has it of `openStream`. */
const streamCost = "1 credit / 2,500 changes"

export const MarketBook = (props: {
  readonly market: Market
  readonly life: Life
  /** Whether nobody needs a key for it, and nothing is charged. */
  readonly isOpenToAll: boolean
  /** From the address. */
  readonly at: number | undefined
  /** Which moment is shown where the address names none. */
  readonly openingMicros: number
}) => {
  const { isOpenToAll, life, market } = props
  const { ticker } = market
  const times = useTimes()
  const initial =
    props.at !== undefined
      ? Moment.at(props.at)
      : life.isOpen && isOpenToAll
        ? Moment.live
        : Moment.at(props.openingMicros)
  const [spanName, setSpanName] = useState<keyof typeof spans>("15 min")
  const known = useGaps(ticker, life)
  const player = usePlayer(ticker, life, initial)
  const { moment, speed, strip } = player
  const isLive = moment.mode === "live"
  const atMicros = moment.mode === "at" ? moment.atMicros : life.toMicros
  const followed = useFollowed(ticker, isLive)
  const gaps = useMemo(() => Gap.merged(known, followed.gaps), [known, followed.gaps])
  const window = useWindow(life, atMicros, spans[spanName])
  const picture = usePicture(ticker, life, window, isLive, followed.book)
  const { columns } = picture
  const found = useBook(ticker, moment, speed, columns, strip, followed)
  const trades = useTrades(ticker, window, useSlow(atMicros, tradesMillis), life.toMicros)

  const navigate = useNavigate({ from: "/markets/$ticker" })
  const addressed =
    moment.mode === "live" || moment.isDragging || moment.isPlaying ? undefined : Instant.isoShort(moment.atMicros)
  useEffect(() => {
    if (addressed !== undefined) void navigate({ search: { at: addressed }, replace: true, resetScroll: false })
    else if (isLive) void navigate({ search: {}, replace: true, resetScroll: false })
  }, [addressed, isLive, navigate])

  const { setMoment } = player
  const seek = (micros: number, isDone: boolean) => setMoment(Moment.dragged(micros, isDone))
  const toMoment = useCallback((micros: number) => setMoment(Moment.at(micros)), [setMoment])
  const shownMicros = found.book === undefined ? undefined : moment.mode === "live" ? found.book.atMicros : atMicros
  const { book } = found
  const later = useSlow(found, besideMillis)
  const isKeyed = useKnown() !== undefined
  const liveCost = isKeyed ? streamCost : isOpenToAll ? undefined : "needs a key"

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
              columns={picture.shown}
              fromMicros={window.fromMicros}
              toMicros={window.toMicros}
              nowMicros={life.toMicros}
              momentMicros={moment.mode === "live" ? undefined : atMicros}
              trades={trades.marks}
              onSeek={seek}
              className="h-64 sm:h-90"
              label={`Heatmap of ${ticker}: sizes by price over time, with unknown time hatched and trades as dots. The slider below moves through the same time.`}
            />
            {picture.problem !== null && columns.count === 0 ? (
              <div className="absolute inset-0 bg-panel">
                <Refused problem={picture.problem} onRetry={picture.retry} />
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
              liveCost={liveCost}
              onPlay={player.play}
              onPause={() => toMoment(moment.mode === "live" ? (found.book?.atMicros ?? atMicros) : atMicros)}
              onStep={(direction) => player.step(direction, columns)}
              onLive={() => setMoment(Moment.live)}
              onMoment={toMoment}
              onSpeed={player.setSpeed}
            />
            {player.problem === null ? null : <Refused problem={player.problem} />}
          </div>
        </Panel>
        <Tabs
          label="More of this market"
          tabs={[
            {
              name: "Depth",
              content: () => (later.book === undefined ? <Loading /> : <DepthCurve book={later.book} />)
            },
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
        <RequestPanel ticker={ticker} found={later} isOpen={isOpenToAll} />
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
              <div className="grid gap-1 border-t border-line px-4 py-2 text-xs text-faint">
                {isLive ? <StandingBadge standing={found.standing} /> : null}
                {isLive ? <LastGap gap={followed.gaps.at(-1)} /> : null}
                <p className="h-[1.125rem] truncate contain-strict">
                  {found.isPending ? `As of ${times.exact(book.atMicros)}, while the answer is on its way · ` : ""}
                  Record {Numbers.count(book.offset)} of its log · {book.yes.length + book.no.length} levels in all
                </p>
              </div>
              {found.problem === null ? null : <Refused problem={found.problem} />}
            </>
          )}
        </Panel>
      </div>
    </div>
  )
}
