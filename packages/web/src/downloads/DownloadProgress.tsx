/** A download that was asked for: how far it is, and its files as they become ready. */
import { useQuery } from "@tanstack/react-query"
import type { Download } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import { Badge, type Tone } from "../design/Badge.tsx"
import { Panel, Table } from "../design/Panel.tsx"
import { Answered } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"

const askMillis = 1_500
const tones: Readonly<Record<string, Tone>> = { done: "good", failed: "bad", running: "warn", queued: "plain" }

export const DownloadProgress = ({ id }: { readonly id: string }) => {
  const times = useTimes()
  const query = useQuery({
    queryKey: ["download", id],
    queryFn: ({ signal }) => Client.ask<Download>({ path: `/v1/downloads/${id}` }, signal),
    refetchInterval: ({ state }) => (state.data?.state === "done" || state.data?.state === "failed" ? false : askMillis)
  })
  return (
    <Panel
      flush
      title={`Download ${id.slice(0, 11)}…`}
      aside={
        query.data === undefined ? null : (
          <Badge tone={tones[query.data.state] ?? "plain"} dot>
            {query.data.state}
          </Badge>
        )
      }
    >
      <Answered query={query} lines={3}>
        {({ kept_until, parts, progress, reason }) => (
          <>
            {progress === null || progress.days_done === progress.days ? null : (
              <div className="px-4 pt-3 text-sm text-soft">
                <progress
                  className="h-1.5 w-full accent-accent"
                  max={progress.days}
                  value={progress.days_done}
                  aria-label="Days that are ready"
                />
                {progress.days_done} of {progress.days} days are ready
              </div>
            )}
            {reason === null ? null : <p className="px-4 pt-3 text-sm text-bad">{reason}</p>}
            <Table label="Files">
              <thead>
                <tr>
                  <th>File</th>
                  <th className="!text-right">Rows</th>
                  <th className="!text-right">Size</th>
                  <th>SHA-256</th>
                </tr>
              </thead>
              <tbody>
                {parts.map((part) => (
                  <tr key={part.file_name}>
                    <td>
                      <a href={part.url} download={part.file_name} className="link font-mono text-xs break-all">
                        {part.file_name}
                      </a>
                    </td>
                    <td className="text-right">{Numbers.count(part.rows)}</td>
                    <td className="text-right whitespace-nowrap">{Numbers.bytes(part.bytes)}</td>
                    <td className="font-mono text-xs text-faint" title={part.sha256}>
                      {part.sha256.slice(0, 16)}…
                    </td>
                  </tr>
                ))}
              </tbody>
            </Table>
            {kept_until === null ? null : (
              <p className="border-t border-line px-4 py-2 text-xs text-faint">
                Kept until {times.moment(Instant.micros(kept_until))}. Links end sooner; this page has new ones.
              </p>
            )}
          </>
        )}
      </Answered>
    </Panel>
  )
}
