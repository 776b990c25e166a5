/** What stands in place of an answer: while it is awaited, when there is nothing, and when it was refused. */
import type { UseQueryResult } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import type { ReactNode } from "react"
import * as Problem from "../api/Problem.ts"
import { KeyEntry } from "../session/KeyEntry.tsx"
import { Button } from "./Button.tsx"

/** Lines that breathe, as many as will come. */
export const Loading = (props: { readonly lines?: number; readonly label?: string }) => (
  <div role="status" aria-label={props.label ?? "Loading"} className="space-y-2.5 p-4">
    {Array.from({ length: props.lines ?? 5 }, (_, line) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: lines without identity
      <div key={line} className={`skeleton h-4 ${["w-4/5", "w-3/5", "w-full", "w-2/3"][line % 4]}`} />
    ))}
  </div>
)

export const Empty = (props: { readonly title: string; readonly children?: ReactNode }) => (
  <div className="px-4 py-10 text-center">
    <p className="font-medium">{props.title}</p>
    <div className="mx-auto mt-1 max-w-md text-sm text-soft text-pretty">{props.children}</div>
  </div>
)

export const Refused = (props: { readonly problem: unknown; readonly onRetry?: (() => void) | undefined }) => {
  const problem = Problem.isProblem(props.problem) ? props.problem : undefined
  if (problem === undefined) return <Empty title="This part of the page failed">{String(props.problem)}</Empty>
  if (Problem.wantsKey(problem)) return <KeyEntry problem={problem} />
  if (problem.code === "no_account") {
    return (
      <Empty title={problem.title}>
        <Link to="/welcome" className="link">
          Open your account
        </Link>
      </Empty>
    )
  }
  return (
    <div role="alert" className="px-4 py-8 text-center">
      <p className="font-medium">{problem.title}</p>
      <p className="mx-auto mt-1 max-w-lg text-sm text-soft text-pretty">{problem.detail}</p>
      <p className="mt-2 font-mono text-xs break-words text-faint">
        {problem.code}
        {problem.requestId === undefined ? "" : ` · ${problem.requestId}`}
      </p>
      {props.onRetry === undefined || !Problem.isPassing(problem) ? null : (
        <Button className="mt-3" onClick={props.onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}

/** An answer, or what stands in its place. */
export function Answered<Answer>(props: {
  readonly query: UseQueryResult<Answer, unknown>
  readonly lines?: number
  readonly children: (answer: Answer) => ReactNode
}) {
  const { query } = props
  if (query.data !== undefined) return props.children(query.data)
  if (query.error !== null) return <Refused problem={query.error} onRetry={() => void query.refetch()} />
  return <Loading {...(props.lines === undefined ? {} : { lines: props.lines })} />
}
