/** How well this process hears the recorder, as metrics for `/metrics`, once a second. */
import type { LagQuantiles } from "@kalshibook/core/LagHistogram"
import { Clock, Duration, Effect, Metric, Schedule } from "effect"
import type { LiveMarkets } from "./LiveMarkets.ts"

const heard = Metric.gauge("kalshibook_live_heard", { description: "1 while the recorder is heard, else 0." })
const age = Metric.gauge("kalshibook_live_age_seconds", {
  description: "Age of the newest moment up to which everything is known live."
})
const markets = Metric.gauge("kalshibook_live_markets", { description: "Markets whose books are known live." })
const lag = Metric.gauge("kalshibook_live_lag_seconds", {
  description:
    "From the receipt of a record by the recorder to its being known here, over the last minute, by quantile (1 is the longest)."
})

const quantiles = ({ maxMicros, p50Micros, p99Micros }: LagQuantiles): ReadonlyArray<readonly [string, number]> => [
  ["0.5", p50Micros],
  ["0.99", p99Micros],
  ["1", maxMicros]
]

/** Shows them for as long as it runs. */
export const run = (live: Pick<LiveMarkets["Service"], "state" | "tickers" | "lag">): Effect.Effect<unknown> =>
  Effect.gen(function* () {
    const { state, tsReceivedMicros } = live.state()
    yield* Metric.update(heard, state === "live" ? 1 : 0)
    yield* Metric.update(markets, Array.from(live.tickers()).length)
    if (tsReceivedMicros > 0) {
      const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
      yield* Metric.update(age, Math.max(0, nowMicros - tsReceivedMicros) / 1e6)
    }
    const measured = live.lag()
    for (const [quantile, micros] of measured === null ? [] : quantiles(measured)) {
      yield* Metric.update(Metric.withAttributes(lag, { quantile }), micros / 1e6)
    }
  }).pipe(Effect.repeat(Schedule.spaced(Duration.seconds(1))))
