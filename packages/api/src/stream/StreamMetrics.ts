/** Who follows the stream of this process, and how well, as metrics for `/metrics`, once a second. */
import { Duration, Effect, Metric, Schedule } from "effect"
import type { Session } from "./Session.ts"

const sessions = Metric.gauge("kalshibook_stream_sessions", { description: "Open streams." })
const catchingUp = Metric.gauge("kalshibook_stream_sessions_catching_up", {
  description: "Streams that are told of history, because they began in the past, were slow, or wait for credits."
})
const waitingBytes = Metric.gauge("kalshibook_stream_waiting_bytes", {
  description:
    "Bytes that were written and that readers have not taken, of all streams, and of the one with most (`of`)."
})

/** Shows them for as long as it runs. */
export const run = (all: ReadonlySet<Session>): Effect.Effect<unknown> =>
  Effect.gen(function* () {
    let behind = 0
    let total = 0
    let most = 0
    for (const { catchUps, link } of all) {
      if (catchUps.size > 0) behind++
      const waiting = link.waitingBytes()
      total += waiting
      most = Math.max(most, waiting)
    }
    yield* Metric.update(sessions, all.size)
    yield* Metric.update(catchingUp, behind)
    yield* Metric.update(Metric.withAttributes(waitingBytes, { of: "all" }), total)
    yield* Metric.update(Metric.withAttributes(waitingBytes, { of: "slowest" }), most)
  }).pipe(Effect.repeat(Schedule.spaced(Duration.seconds(1))))
