// adapter: asks the process for its memory, and the event loop for its delays
/** What this process costs, and whether its event loop keeps up: a loop that is held up stamps frames too late. */
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { LagQuantiles } from "@kalshibook/core/LagHistogram"
import { Effect, type Scope } from "effect"

export interface ProcessFacts {
  /** How long the process runs. */
  readonly uptimeSeconds: number
  /** Resident memory, and the part that the heap of JavaScript takes. */
  readonly memoryBytes: number
  readonly heapBytes: number
  /** Of all threads, user and system, since the start. */
  readonly cpuSeconds: number
  /** How much later than it should the event loop got to its timers, over the last 10 to 20 seconds. */
  readonly eventLoopDelay: LagQuantiles
}

const resolutionMillis = 10
const windowMillis = 10_000

/** Reads them; cheap enough for once a second. Closing the scope ends the watch over the event loop. */
export const make: Effect.Effect<() => ProcessFacts, never, Scope.Scope> = Effect.gen(function* () {
  const delays = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const monitor = monitorEventLoopDelay({ resolution: resolutionMillis })
      monitor.enable()
      return monitor
    }),
    (monitor) => Effect.sync(() => monitor.disable())
  )
  const nothing: LagQuantiles = { p50Micros: 0, p99Micros: 0, maxMicros: 0 }
  let before = nothing
  let windowEndMillis = performance.now() + windowMillis

  /** The monitor counts the time from one timer to the next. */
  const micros = (nanos: number): number => Math.max(0, Math.round(nanos / 1_000 - resolutionMillis * 1_000))

  const eventLoopDelay = (): LagQuantiles => {
    const now: LagQuantiles =
      delays.count === 0
        ? nothing
        : {
            p50Micros: micros(delays.percentile(50)),
            p99Micros: micros(delays.percentile(99)),
            maxMicros: micros(delays.max)
          }
    const worse: LagQuantiles = {
      p50Micros: Math.max(before.p50Micros, now.p50Micros),
      p99Micros: Math.max(before.p99Micros, now.p99Micros),
      maxMicros: Math.max(before.maxMicros, now.maxMicros)
    }
    if (performance.now() >= windowEndMillis) {
      windowEndMillis = performance.now() + windowMillis
      before = now
      delays.reset()
    }
    return worse
  }

  return () => {
    const { heapUsed, rss } = process.memoryUsage()
    const { system, user } = process.cpuUsage()
    return {
      uptimeSeconds: process.uptime(),
      memoryBytes: rss,
      heapBytes: heapUsed,
      cpuSeconds: (user + system) / 1e6,
      eventLoopDelay: eventLoopDelay()
    }
  }
})
