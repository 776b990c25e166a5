/**
 * Counts of what was asked and how long it took, by route. Labels come from the route table and closed lists, so that
 * their number is bounded whatever clients send.
 */
import { Effect, Metric } from "effect"

const requests = Metric.counter("kalshibook_http_requests_total", {
  description: "Requests answered, by route, method and status.",
  incremental: true
})

const seconds = Metric.histogram("kalshibook_http_request_seconds", {
  description: "Seconds from the arrival of a request until its answer was ready, by route.",
  boundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]
})

const methods = new Set(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])

/** Notes one answer. `route` is the pattern of the path, `undefined` where it has none. */
export const note = (answer: {
  readonly route: string | undefined
  readonly method: string
  readonly status: number
  readonly nanos: bigint
}): Effect.Effect<void> => {
  const route = answer.route ?? "none"
  const method = methods.has(answer.method) ? answer.method : "other"
  return Effect.andThen(
    Metric.update(Metric.withAttributes(requests, { route, method, status: String(answer.status) }), 1),
    Metric.update(Metric.withAttributes(seconds, { route }), Number(answer.nanos) / 1e9)
  )
}
