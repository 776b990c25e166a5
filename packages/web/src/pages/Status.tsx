/** How the system is, from its own data: what it records, how far behind it is, what is sealed, and how much of the last day is known. */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import type { ReactNode } from "react"
import type { Status as StatusAnswer } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { DayStrip } from "../calendar/DayStrip.tsx"
import { Losses } from "../calendar/Losses.tsx"
import { Badge, Callout, type Tone } from "../design/Badge.tsx"
import { Fact, Facts, Page, Panel, Table } from "../design/Panel.tsx"
import { Answered } from "../design/States.tsx"
import { nowMicros } from "../format/Clock.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"

const refreshMillis = 2_000
const hourMicros = 3_600_000_000

const tones: Readonly<Record<string, Tone>> = {
  recording: "good",
  starting: "warn",
  reconnecting: "warn",
  stopped: "bad"
}
const words: Readonly<Record<string, string>> = {
  recording: "Everything that is received is being stored",
  starting: "The recorder is starting",
  reconnecting: "The connection to the exchange was lost and is being made again",
  stopped: "Nothing was stored lately"
}

export const Status = () => {
  const query = useQuery({ ...Queries.status, refetchInterval: refreshMillis })
  return (
    <Page
      title="Status"
      lead="From the running system's own data, renewed every two seconds."
      aside={
        query.data === undefined ? null : (
          <Badge tone={tones[query.data.recording.state] ?? "plain"} dot>
            {query.data.recording.state}
          </Badge>
        )
      }
    >
      <div className="grid gap-4">
        <Answered query={query} lines={10}>
          {(status) => <Running status={status} />}
        </Answered>
        <LastDay />
      </div>
    </Page>
  )
}

const Running = ({ status }: { readonly status: StatusAnswer }) => {
  const times = useTimes()
  const { archive, recorder, recording, source, watermark } = status
  const moment = (text: string | null | undefined): ReactNode =>
    text === null || text === undefined ? "not yet" : times.moment(Instant.micros(text))
  return (
    <>
      {source.simulated ? <Callout tone="warn">{source.description}</Callout> : null}
      <Panel title="Recording">
        <p className="mb-5 text-soft">
          {words[recording.state]}
          {recording.since === null ? "" : `, since ${times.moment(Instant.micros(recording.since))}`}.
        </p>
        <Facts className="grid-cols-2 md:grid-cols-4">
          <Fact name="Markets recorded">{Numbers.count(status.markets_recorded)}</Fact>
          <Fact name="Records stored a second">
            {status.records_per_second === null
              ? "not known here"
              : Numbers.count(Math.round(status.records_per_second))}
          </Fact>
          <Fact name="Behind now" note="how old the newest answer is">
            {watermark === null ? "nothing stored yet" : Numbers.duration(watermark.lag_seconds)}
          </Fact>
          <Fact name="Stored up to">{moment(watermark?.ts_received)}</Fact>
          <Fact
            name="Sealed up to"
            note={archive === null ? undefined : `${Numbers.count(archive.hours)} hours in files`}
          >
            {archive === null ? "not known here" : moment(archive.sealed_until)}
          </Fact>
          <Fact name="Sealed files">{archive === null ? "not known here" : Numbers.bytes(archive.bytes)}</Fact>
          <Fact name="Server up">{Numbers.duration(Math.floor(status.uptime_seconds))}</Fact>
          <Fact name="Version">{status.versions.api}</Fact>
        </Facts>
        {archive?.problem == null ? null : (
          <div className="mt-4">
            <Callout tone="bad" title="The archiver does not get on">
              {archive.problem}
            </Callout>
          </div>
        )}
      </Panel>
      {recorder === null ? null : <Recorder recorder={recorder} />}
    </>
  )
}

type RecorderAnswer = NonNullable<StatusAnswer["recorder"]>

const lagNames = {
  exchange_to_receipt: "The exchange's time to our receipt",
  receipt_to_tape: "Receipt to durable on the tape",
  receipt_to_commit: "Receipt to stored and answered"
} as const

const Recorder = ({ recorder }: { readonly recorder: RecorderAnswer }) => (
  <>
    <Panel flush title="Delays" aside={<span className="text-xs text-faint">milliseconds, recent frames</span>}>
      <Table label="Delays">
        <thead>
          <tr>
            <th>From, to</th>
            <th className="!text-right">Half within</th>
            <th className="!text-right">99 % within</th>
            <th className="!text-right">Longest</th>
          </tr>
        </thead>
        <tbody>
          {(Object.keys(lagNames) as ReadonlyArray<keyof typeof lagNames>).map((name) => {
            const lag = recorder.lag[name]
            return (
              <tr key={name}>
                <td>{lagNames[name]}</td>
                <td className="text-right">{millis(lag?.p50_ms)}</td>
                <td className="text-right">{millis(lag?.p99_ms)}</td>
                <td className="text-right">{millis(lag?.max_ms)}</td>
              </tr>
            )
          })}
        </tbody>
      </Table>
    </Panel>
    <Panel flush title="Connections to the exchange">
      <Table label="Connections">
        <thead>
          <tr>
            <th>Connection</th>
            <th>State</th>
            <th className="!text-right">Markets live</th>
            <th className="!text-right">Frames a second</th>
            <th className="!text-right">Times connected</th>
          </tr>
        </thead>
        <tbody>
          {recorder.connections.map((connection) => (
            <tr key={connection.slot}>
              <td>{connection.slot + 1}</td>
              <td>{connection.state}</td>
              <td className="text-right">
                {Numbers.count(connection.markets_live)} of {Numbers.count(connection.markets_assigned)}
              </td>
              <td className="text-right">{Numbers.count(Math.round(connection.frames_per_second))}</td>
              <td className="text-right">{Numbers.count(connection.connections)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  </>
)

const millis = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : `${value.toFixed(1)} ms`

const LastDay = () => {
  const toMicros = Math.floor(nowMicros() / hourMicros) * hourMicros + hourMicros
  const query = useQuery(
    Queries.coverage({ from: Instant.isoShort(toMicros - 24 * hourMicros), to: Instant.isoShort(toMicros) })
  )
  return (
    <Panel
      title="Coverage of the last 24 hours"
      aside={
        <Link to="/coverage" className="link text-xs">
          All of it
        </Link>
      }
    >
      <Answered query={query}>
        {({ hours, totals }) => (
          <div className="grid gap-5">
            <DayStrip hours={hours} />
            <Facts>
              <Fact name="Known of the time markets were open">
                {totals.trusted_ratio === null ? "nothing was open" : Numbers.percent(totals.trusted_ratio, 3)}
              </Fact>
              <Fact name="Open, all markets together">{Numbers.duration(totals.open_market_seconds)}</Fact>
              <Fact name="Known">{Numbers.duration(totals.trusted_market_seconds)}</Fact>
              <Fact name="Records">{Numbers.count(totals.records)}</Fact>
            </Facts>
            <Losses losses={totals.lost} />
          </div>
        )}
      </Answered>
    </Panel>
  )
}
