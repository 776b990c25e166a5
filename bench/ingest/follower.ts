/**
 * A node that serves nobody, as a process of its own: follows the recorder at the port of its command line and measures, change by
 * change, how long after its receipt a listener hears it. When its input ends it prints what it has measured, and ends.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { LiveMarkets } from "@kalshibook/api/live/LiveMarkets"
import { Feed } from "@kalshibook/store/feed/Feed"
import * as FeedClient from "@kalshibook/store/feed/FeedClient"
import { Console, Effect, Layer, Option, References } from "effect"

export interface FollowerReport {
  /** Changes that were told. */
  readonly changes: number
  readonly toldMillisP50: number
  readonly toldMillisP99: number
  readonly toldMillisMax: number
  /** CPU of the follower since it began, user and system. */
  readonly followerCpuMicros: number
}

/** Tenths of milliseconds up to ten seconds. */
const counts = new Float64Array(100_000)
let changes = 0

const quantile = (share: number): number => {
  let seen = 0
  for (const [tenth, count] of counts.entries()) {
    seen += count
    if (seen >= share * changes) return tenth / 10
  }
  return counts.length / 10
}

const inputEnded = Effect.callback<void>((resume) => {
  process.stdin.once("end", () => resume(Effect.void)).resume()
})

Effect.gen(function* () {
  const markets = yield* LiveMarkets
  const cpuStart = process.cpuUsage()
  yield* markets.listen(({ recordsByMarket }) => {
    const nowMillis = performance.timeOrigin + performance.now()
    for (const records of recordsByMarket.values()) {
      for (const { kind, tsReceivedMicros } of records) {
        if (kind !== "delta") continue
        const tenth = Math.max(0, Math.floor((nowMillis - tsReceivedMicros / 1000) * 10))
        const at = Math.min(tenth, counts.length - 1)
        counts[at] = (counts[at] ?? 0) + 1
        changes++
      }
    }
  })
  yield* inputEnded
  const { system, user } = process.cpuUsage(cpuStart)
  const report: FollowerReport = {
    changes,
    toldMillisP50: quantile(0.5),
    toldMillisP99: quantile(0.99),
    toldMillisMax: quantile(1),
    followerCpuMicros: user + system
  }
  yield* Console.log(JSON.stringify(report))
}).pipe(
  Effect.scoped,
  Effect.provide(
    LiveMarkets.layerNoDeps.pipe(
      Layer.provide(
        Feed.layerNetwork({
          ...FeedClient.defaults,
          host: "127.0.0.1",
          port: Number(process.argv[2]),
          secret: Option.none()
        })
      )
    )
  ),
  // What is printed is the report alone.
  Effect.provideService(References.MinimumLogLevel, "None"),
  NodeRuntime.runMain
)
