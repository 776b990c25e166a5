/** What a call would cost at most, asked of the server by `dry_run` before it is sent. */
import { useQuery } from "@tanstack/react-query"
import { useEffect, useState } from "react"
import * as Client from "../api/Client.ts"
import * as Problem from "../api/Problem.ts"
import * as Queries from "../api/Queries.ts"
import * as Numbers from "../format/Numbers.ts"
import { useKnown } from "../session/Known.ts"
import type { Operation } from "./Operations.ts"

interface Estimated {
  readonly estimate?: { readonly rows_max: number; readonly bytes_max: number; readonly credits_max: number }
}

/** Whoever types is not asked after at each letter. */
const settleMillis = 500

export const CostBefore = (props: {
  readonly operation: Operation
  readonly question: Client.Question
  readonly canAsk: boolean
}) => {
  const { operation, question } = props
  const key = useKnown()
  const pricing = useQuery(Queries.pricing)
  const price = pricing.data?.calls.find((call) => call.operation === operation.id)
  const canDryRun = operation.parameters.some(({ name }) => name === "dry_run")
  const text = JSON.stringify(question)
  const [settled, setSettled] = useState("")
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), settleMillis)
    return () => clearTimeout(timer)
  }, [text])
  const asked = { ...question, query: { ...question.query, dry_run: "true" } }
  const estimate = useQuery({
    queryKey: ["cost", settled, key],
    queryFn: ({ signal }) => Client.ask<Estimated>(asked, signal),
    enabled: props.canAsk && canDryRun && key !== undefined && settled === text,
    retry: false,
    staleTime: 60_000
  })
  return (
    <p className="text-sm text-soft" aria-live="polite">
      {said(price, canDryRun, key !== undefined, estimate.data?.estimate, estimate.error)}
    </p>
  )
}

const said = (
  price: { readonly key: boolean; readonly credits: number; readonly rows_per_credit: number | null } | undefined,
  canDryRun: boolean,
  hasKey: boolean,
  estimate: Estimated["estimate"],
  error: unknown
): string => {
  if (price === undefined) return ""
  if (!price.key) return "Free, without a key."
  if (price.credits === 0) return "Free, with a key."
  if (error !== null && Problem.isProblem(error)) return error.detail
  if (estimate !== undefined) {
    const { bytes_max, credits_max, rows_max } = estimate
    const credits = `${Numbers.count(credits_max)} ${credits_max === 1 ? "credit" : "credits"}`
    return `At most ${credits}, ${Numbers.count(rows_max)} ${rows_max === 1 ? "row" : "rows"}, ${Numbers.bytes(bytes_max)} unpacked.`
  }
  const rule =
    price.rows_per_credit === null
      ? "1 credit each answer"
      : `1 credit for each ${Numbers.count(price.rows_per_credit)} rows begun`
  if (!hasKey) return `${rule}; free for the open series and on the first day of a month.`
  return canDryRun ? `${rule} …` : `${rule}; with dry_run in the body it tells how many.`
}
