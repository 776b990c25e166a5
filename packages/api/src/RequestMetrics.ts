/**
 * Counts of what was asked and how long it took, by route. Labels come from the route table and closed lists, so that
 * their number is bounded whatever clients send.
 */
import { type Context, Metric } from "effect"

const requests = (attributes: { readonly route: string; readonly method: string; readonly status: string }) =>
  Metric.counter("kalshibook_http_requests_total", {
    description: "Requests answered, by route, method and status.",
    incremental: true,
    attributes
  })

const seconds = (attributes: { readonly route: string }) =>
  Metric.histogram("kalshibook_http_request_seconds", {
    description: "Seconds from the arrival of a request until its answer was ready, by route.",
    boundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
    attributes
  })

const methods = new Set(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])

interface Answered {
  /** The pattern of the path; `undefined` where it has none. */
  readonly route: string | undefined
  readonly method: string
  readonly status: number
  readonly nanos: bigint
}

/** Metrics that were used before, by their labels, which are then not put together again: as many as there are labels. */
const counters = new Map<string, ReturnType<typeof requests>>()
const histograms = new Map<string, ReturnType<typeof seconds>>()

const kept = <Kept>(known: Map<string, Kept>, name: string, make: () => Kept): Kept => {
  const found = known.get(name)
  if (found !== undefined) return found
  const made = make()
  known.set(name, made)
  return made
}

/** Notes one answer, in the registry of the context. */
export const note = (context: Context.Context<never>, answer: Answered): void => {
  const route = answer.route ?? "none"
  const method = methods.has(answer.method) ? answer.method : "other"
  const status = String(answer.status)
  const counter = kept(counters, `${route} ${method} ${status}`, () => requests({ route, method, status }))
  counter.updateUnsafe(1, context)
  kept(histograms, route, () => seconds({ route })).updateUnsafe(Number(answer.nanos) / 1e9, context)
}
