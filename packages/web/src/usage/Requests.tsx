/** The single requests of the account: what each cost, and what was refused or failed, to be found again by its id. */
import { useInfiniteQuery, useMutation } from "@tanstack/react-query"
import { useState } from "react"
import type { UsageRequest, UsageRequests } from "../api/Answers.ts"
import { Badge } from "../design/Badge.tsx"
import { Button, Choice } from "../design/Button.tsx"
import { CopyButton } from "../design/Copy.tsx"
import { TextField } from "../design/Field.tsx"
import { Panel, Table } from "../design/Panel.tsx"
import { Empty, Loading, Refused } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { type TimeText, useTimes } from "../format/Zone.ts"
import * as RequestsQuery from "./RequestsQuery.ts"

const shownOutcomes = { all: "All", answered: "Charged", failed: "Errors" } as const
type Shown = keyof typeof shownOutcomes

export const Requests = ({ from }: { readonly from: string }) => {
  const [shown, setShown] = useState<Shown>("all")
  const [id, setId] = useState("")
  const wanted = id.trim()
  const asked: RequestsQuery.Asked = {
    from,
    outcome: shown === "all" ? undefined : shown,
    requestId: RequestsQuery.isId(wanted) ? wanted : undefined
  }
  return (
    <Panel
      flush
      title="Requests"
      aside={
        <div className="flex flex-wrap items-center gap-2">
          <Choice
            label="Which requests"
            value={shown}
            options={Object.entries(shownOutcomes) as ReadonlyArray<[Shown, string]>}
            onChange={setShown}
          />
          <CsvButton asked={asked} />
        </div>
      }
    >
      <div className="max-w-md p-4">
        <TextField
          name="Find one by its id"
          placeholder="req_…"
          className="font-mono"
          value={id}
          onChange={(event) => setId(event.target.value)}
          hint={
            wanted === "" || asked.requestId !== undefined
              ? "As the answer has it, and its header X-Request-Id."
              : "An id is req_ and 32 letters and digits."
          }
        />
      </div>
      <Pages asked={asked} />
    </Panel>
  )
}

const Pages = ({ asked }: { readonly asked: RequestsQuery.Asked }) => {
  const query = useInfiniteQuery(RequestsQuery.pages(asked))
  if (query.data === undefined) {
    return query.error === null ? <Loading /> : <Refused problem={query.error} onRetry={() => void query.refetch()} />
  }
  const requests = query.data.pages.flatMap((page) => page.requests)
  const [first] = query.data.pages
  return (
    <>
      {requests.length === 0 ? (
        <Empty title={asked.requestId === undefined ? "No such requests in this time" : "There is no such request"}>
          {asked.requestId === undefined
            ? "Calls that cost something appear here at once, and errors within seconds."
            : "What cost nothing and did not fail is not kept, nor what carried no key of this account."}
        </Empty>
      ) : (
        <List requests={requests} />
      )}
      <div className="flex flex-wrap items-center justify-between gap-2 border-t border-line px-4 py-2">
        {first === undefined ? null : <KeptFrom page={first} />}
        {query.error === null ? null : <Refused problem={query.error} />}
        {query.hasNextPage ? (
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? "Loading" : "More"}
          </Button>
        ) : null}
      </div>
    </>
  )
}

const KeptFrom = ({ page }: { readonly page: UsageRequests }) => (
  <p className="text-xs text-faint text-pretty">
    Single requests are kept since {useTimes().day(Instant.micros(page.kept_from))}. What cost nothing and did not fail
    is not listed.
  </p>
)

const List = ({ requests }: { readonly requests: UsageRequests["requests"] }) => {
  const times = useTimes()
  return (
    <Table label="Requests">
      <thead>
        <tr>
          <th className="!text-left">Time</th>
          <th className="!text-left">Call and id</th>
          <th className="!text-left max-md:hidden">Key</th>
          <th className="!text-left">Result</th>
          <th className="!text-right max-sm:hidden">Credits</th>
        </tr>
      </thead>
      <tbody>
        {requests.map((request) => (
          <Row key={nameOf(request)} request={request} times={times} />
        ))}
      </tbody>
    </Table>
  )
}

/** What was counted has no id: in a moment there is one of a key, status and code. */
const nameOf = ({ code, download_id, key, request_id, status, time }: UsageRequest): string =>
  [time, request_id ?? download_id, key, status, code].join(" ")

const Row = ({ request, times }: { readonly request: UsageRequest; readonly times: TimeText }) => (
  <tr>
    <td className="align-top text-xs sm:whitespace-nowrap">{times.moment(Instant.micros(request.time))}</td>
    <td className="align-top">
      <div className="font-mono text-xs wrap-anywhere">
        {request.operation ?? <span className="font-sans">{Numbers.count(request.count)} more</span>}
      </div>
      <Id of={request} until={times.second(Instant.micros(request.time_last))} />
    </td>
    <td className="align-top font-mono text-xs max-md:hidden">{request.key}</td>
    <td className="align-top">
      <Result of={request} />
    </td>
    <td className="text-right align-top max-sm:hidden">{creditsOf(request)}</td>
  </tr>
)

/** What is being answered has no cost yet. */
const creditsOf = ({ credits, outcome }: UsageRequest): string => (outcome === "held" ? "" : Numbers.count(credits))

/** Whole where there is room; it is copied whole anywhere. */
const Id = (props: { readonly of: UsageRequest; readonly until: string }) => {
  const id = props.of.request_id ?? props.of.download_id
  if (id === null) return <div className="text-xs text-faint">of this kind until {props.until}</div>
  return (
    <div className="flex items-center gap-1 text-faint">
      <span className="font-mono text-xs">
        <span className="max-lg:hidden">{id}</span>
        <span className="lg:hidden">{id.slice(0, 10)}…</span>
      </span>
      <CopyButton text={id} name={`Copy ${id}`} />
    </div>
  )
}

/** The credits where the table has no column for them. */
const CreditsBeside = ({ of: request }: { readonly of: UsageRequest }) => (
  <span className="text-xs whitespace-nowrap text-soft sm:hidden">
    {creditsOf(request)} {request.credits === 1 ? "credit" : "credits"}
  </span>
)

/** What became of it. An error costs nothing, but for what was paid of a stream before it. */
const Result = ({ of: request }: { readonly of: UsageRequest }) => {
  const { code, credits, docs, outcome, status } = request
  if (outcome !== "failed") {
    return (
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Badge tone={outcome === "answered" ? "good" : "plain"}>{outcome}</Badge>
        {outcome === "held" ? null : <CreditsBeside of={request} />}
      </div>
    )
  }
  return (
    <div className="flex flex-wrap items-center gap-x-2">
      <Badge tone={status !== null && status >= 500 ? "bad" : "warn"}>{status}</Badge>
      {docs === null ? (
        <span className="font-mono text-xs wrap-anywhere">{code}</span>
      ) : (
        <a className="link font-mono text-xs wrap-anywhere" href={docs}>
          {code}
        </a>
      )}
      {credits === 0 ? null : <CreditsBeside of={request} />}
    </div>
  )
}

/** Whatever is asked for, all pages of it: the browser keeps it as a file. */
const CsvButton = ({ asked }: { readonly asked: RequestsQuery.Asked }) => {
  const save = useMutation({
    mutationFn: () => RequestsQuery.file(asked),
    onSuccess: (blob) => {
      const link = document.createElement("a")
      link.href = URL.createObjectURL(blob)
      link.download = "kalshibook-requests.csv"
      link.click()
      URL.revokeObjectURL(link.href)
    }
  })
  return (
    <Button look="quiet" className="min-h-7 px-2 text-xs" disabled={save.isPending} onClick={() => save.mutate()}>
      <span aria-live="polite">{save.isPending ? "Loading" : save.isError ? "CSV failed: again" : "CSV"}</span>
    </Button>
  )
}
