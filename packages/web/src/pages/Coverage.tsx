/** What is known and what is not: a calendar of days, their hours, and the gaps of a market with their causes. */
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import type { MarketCoverage } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { Calendar } from "../calendar/Calendar.tsx"
import { DayStrip } from "../calendar/DayStrip.tsx"
import * as Days from "../calendar/Days.ts"
import { HourGaps } from "../calendar/HourGaps.tsx"
import { Losses } from "../calendar/Losses.tsx"
import { Button } from "../design/Button.tsx"
import { TextField } from "../design/Field.tsx"
import { Fact, Facts, Page, Panel } from "../design/Panel.tsx"
import { Empty, Loading, Refused } from "../design/States.tsx"
import { nowMicros } from "../format/Clock.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"

/** A calendar month of UTC days: `2026-11`. */
const monthRange = (month: string) => {
  const [year = 0, number = 1] = month.split("-").map(Number)
  return { fromMicros: Date.UTC(year, number - 1) * 1_000, toMicros: Date.UTC(year, number) * 1_000 }
}

const monthBeside = (month: string, step: number): string => {
  const [year = 0, number = 1] = month.split("-").map(Number)
  return Instant.iso(Date.UTC(year, number - 1 + step) * 1_000).slice(0, 7)
}

export const Coverage = () => {
  const search = useSearch({ from: "/coverage" })
  const navigate = useNavigate({ from: "/coverage" })
  const thisMonth = Instant.iso(nowMicros()).slice(0, 7)
  const month = /^\d{4}-\d\d$/.test(search["month"] ?? "") ? (search["month"] as string) : thisMonth
  const ticker = search["market"] ?? ""
  const [text, setText] = useState(ticker)
  const go = (change: Readonly<Record<string, string>>) =>
    void navigate({
      search: (before: Readonly<Record<string, string>>) =>
        Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== "")),
      replace: true
    })
  return (
    <Page
      title="Coverage"
      lead="How much of the time in which markets were open their books are known, and why not the rest. Open to everybody: a hole is never hidden."
    >
      <div className="grid gap-4">
        <div className="flex flex-wrap items-end justify-between gap-3">
          <form
            className="flex w-full max-w-md items-end gap-2"
            onSubmit={(event) => {
              event.preventDefault()
              go({ market: text.trim() })
            }}
          >
            <div className="flex-1">
              <TextField
                name="Market, or empty for all of them"
                placeholder="KXBTC15M-26NOV211415-15"
                value={text}
                onChange={(event) => setText(event.target.value)}
              />
            </div>
            <Button type="submit" className="min-h-9">
              Show
            </Button>
          </form>
          <div className="flex items-center gap-1">
            <Button aria-label="The month before" onClick={() => go({ month: monthBeside(month, -1) })}>
              ←
            </Button>
            <span className="min-w-24 text-center font-medium">{month}</span>
            <Button
              aria-label="The month after"
              disabled={month >= thisMonth}
              onClick={() => go({ month: monthBeside(month, 1) })}
            >
              →
            </Button>
          </div>
        </div>
        <Month key={`${month} ${ticker}`} month={month} ticker={ticker} />
      </div>
    </Page>
  )
}

const Month = ({ month, ticker }: { readonly month: string; readonly ticker: string }) => {
  const { fromMicros, toMicros } = monthRange(month)
  const range = { from: Instant.isoShort(fromMicros), to: Instant.isoShort(toMicros) }
  const ofAll = useQuery({
    ...Queries.coverage(range),
    enabled: ticker === "",
    placeholderData: keepPreviousData
  })
  const ofOne = useQuery({ ...Queries.marketCoverage(ticker, range), enabled: ticker !== "" })
  const query = ticker === "" ? ofAll : ofOne
  const hours =
    ticker === ""
      ? ofAll.data === undefined
        ? undefined
        : Days.ofExchange(ofAll.data)
      : ofOne.data === undefined
        ? undefined
        : Days.ofMarket(ofOne.data)
  if (hours === undefined) {
    return (
      <Panel>
        {query.error === null ? (
          <Loading lines={10} />
        ) : (
          <Refused problem={query.error} onRetry={() => void query.refetch()} />
        )}
      </Panel>
    )
  }
  return <Counted month={month} hours={hours} ofMarket={ticker === "" ? undefined : ofOne.data} />
}

const Counted = (props: {
  readonly month: string
  readonly hours: ReadonlyArray<Days.CoveredHour>
  readonly ofMarket: MarketCoverage | undefined
}) => {
  const days = Days.days(props.hours)
  const latest = days.findLast(({ ratio }) => ratio !== null) ?? days.at(-1)
  const [chosenDay, setDay] = useState(latest?.day)
  const [chosenHour, setHour] = useState<string>()
  const day = days.find((one) => one.day === chosenDay)
  const hour = day?.hours.find((one) => one.hour === chosenHour)
  const shown = hour ?? day
  const lost = hour === undefined ? lostOf(day?.hours ?? []) : hour.lost
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[26rem_minmax(0,1fr)]">
      <Panel title="Days" aside={<span className="text-xs text-faint">UTC</span>}>
        <Calendar
          month={props.month}
          days={days}
          chosen={chosenDay}
          onChoose={(wanted) => {
            setDay(wanted)
            setHour(undefined)
          }}
        />
      </Panel>
      <Panel
        title={
          hour === undefined ? (day?.day ?? "No day") : `${hour.hour.slice(0, 10)}, ${hour.hour.slice(11, 16)} UTC`
        }
        aside={
          hour === undefined ? null : (
            <Button className="min-h-7 text-xs" onClick={() => setHour(undefined)}>
              The whole day
            </Button>
          )
        }
      >
        {day === undefined || shown === undefined ? (
          <Empty title="Choose a day">Days without anything open, and days to come, have nothing to show.</Empty>
        ) : (
          <div className="grid gap-5">
            <DayStrip hours={day.hours} chosen={chosenHour} onChoose={setHour} />
            <Facts>
              <Fact name="Known">
                {shown.openSeconds === 0 ? "nothing was open" : Numbers.percent(ratioOf(shown), 4)}
              </Fact>
              <Fact name={props.ofMarket === undefined ? "Open, all markets together" : "Open"}>
                {Numbers.duration(shown.openSeconds)}
              </Fact>
              <Fact name="Not known">{Numbers.duration(Math.max(0, shown.openSeconds - shown.trustedSeconds))}</Fact>
              <Fact name="Records">{Numbers.count(shown.records)}</Fact>
            </Facts>
            <Losses losses={lost} />
            {props.ofMarket === undefined ? (
              <p className="text-sm text-soft">Name a market above to see each of its gaps, with both ends.</p>
            ) : (
              <HourGaps coverage={props.ofMarket} day={day.day} hour={chosenHour} />
            )}
          </div>
        )}
      </Panel>
    </div>
  )
}

const ratioOf = ({ openSeconds, trustedSeconds }: { readonly openSeconds: number; readonly trustedSeconds: number }) =>
  Math.min(1, trustedSeconds / openSeconds)

const lostOf = (hours: ReadonlyArray<Days.CoveredHour>): Days.CoveredHour["lost"] =>
  [
    ...Map.groupBy(
      hours.flatMap(({ lost }) => lost),
      ({ cause }) => cause
    )
  ].map(([cause, losses]) => ({
    cause,
    seconds: losses.reduce((total, loss) => total + loss.seconds, 0),
    gaps: losses.reduce((total, loss) => total + loss.gaps, 0)
  }))
