/** Sealed data as files: what there is, a form with its exact price, and the files with their progress. */
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import * as Queries from "../api/Queries.ts"
import { Page, Panel, Table } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import { DownloadForm } from "../downloads/DownloadForm.tsx"
import { DownloadProgress } from "../downloads/DownloadProgress.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"
import { KeyEntry } from "../session/KeyEntry.tsx"
import { useKnown } from "../session/Known.ts"

export const Downloads = () => {
  const key = useKnown()
  const [ids, setIds] = useState<ReadonlyArray<string>>([])
  const datasets = useQuery(Queries.datasets)
  const sealed = datasets.data?.datasets ?? []
  // First a day that is there as a whole and has something.
  const whole = sealed.filter(({ hours_sealed: hours, records }) => hours === 24 && records > 0)
  const days = [...whole, ...sealed].map(({ date }) => date)
  return (
    <Page
      title="Downloads"
      lead="Whole days, or the markets and hours you choose, in our own formats or in those of backtesting engines. Each file comes with its SHA-256."
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        {ids.map((id) => (
          <DownloadProgress key={id} id={id} />
        ))}
        <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
          <Panel title="What you need">
            {key === undefined ? (
              <KeyEntry lead="Which days are sealed is open to everybody. Files, and what they would cost, need a key." />
            ) : datasets.data === undefined ? null : (
              <DownloadForm
                days={days}
                onMade={(id) => setIds((before) => [id, ...before.filter((one) => one !== id)])}
              />
            )}
          </Panel>
          <Panel flush title="Sealed days" aside={<span className="text-xs text-faint">UTC, the latest first</span>}>
            <Sealed />
          </Panel>
        </div>
      </div>
    </Page>
  )
}

const Sealed = () => {
  const times = useTimes()
  return (
    <Answered query={useQuery(Queries.datasets)}>
      {({ datasets }) =>
        datasets.length === 0 ? (
          <Empty title="Nothing is sealed yet">
            An hour is sealed some minutes after its end: its files are written, read back and proved.
          </Empty>
        ) : (
          <Table label="Sealed days">
            <thead>
              <tr>
                <th>Day</th>
                <th className="!text-right">Hours</th>
                <th className="!text-right">Records</th>
                <th className="!text-right">Size</th>
                <th className="!text-right">Known</th>
                <th>Sealed</th>
              </tr>
            </thead>
            <tbody>
              {datasets.map((day) => (
                <tr key={day.date}>
                  <td className="whitespace-nowrap">{day.date}</td>
                  <td className="text-right">{day.hours_sealed}</td>
                  <td className="text-right">{Numbers.count(day.records)}</td>
                  <td className="text-right whitespace-nowrap">{Numbers.bytes(day.bytes)}</td>
                  <td className="text-right whitespace-nowrap">
                    {day.trusted_ratio === null ? "–" : Numbers.percent(day.trusted_ratio)}
                  </td>
                  <td className="whitespace-nowrap text-soft">{times.moment(Instant.micros(day.ts_sealed))}</td>
                </tr>
              ))}
            </tbody>
          </Table>
        )
      }
    </Answered>
  )
}
