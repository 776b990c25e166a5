/**
 * Leaves the collector's status in the database every few seconds, for an API in another process. Never in the way of recording:
 * while the database takes no records it is left alone, and a post that fails or takes long is given up.
 */
import { microsFromIso } from "@kalshibook/core/Units"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Duration, Effect, Layer, Metric, Option, Schedule } from "effect"
import { Collector } from "./Collector.ts"

const everySeconds = 2
const postMillisMax = 2_000
/** The size of a database costs a look at every one of its files. */
const postsPerSize = 30

const databaseBytes = Metric.gauge("kalshibook_database_bytes", {
  description: "Bytes that the database takes on its disk, asked for once a minute."
})

export const layer: Layer.Layer<never, never, Collector | StatusBoard> = Layer.effectDiscard(
  Effect.gen(function* () {
    const collector = yield* Collector
    const board = yield* StatusBoard
    let posts = 0
    const post = Effect.gen(function* () {
      const { report, source, url, state, sinceMicros, marketsRecorded, recordsPerSecond, storeProblem } =
        yield* collector.status
      if (storeProblem !== null) return
      const status = { source, url, state, sinceMicros, marketsRecorded, recordsPerSecond, report }
      const tsReportedMicros = Option.getOrElse(microsFromIso(report.ts_reported), () => 0)
      yield* board.post({ status, tsReportedMicros })
      if (posts++ % postsPerSize !== 0) return
      const bytes = yield* board.databaseBytes
      if (bytes !== null) yield* Metric.update(databaseBytes, bytes)
    }).pipe(
      Effect.timeoutOption(Duration.millis(postMillisMax)),
      Effect.catch((error) => Effect.logDebug(`the status cannot be left in the database: ${error.message}`))
    )
    yield* post.pipe(Effect.repeat(Schedule.spaced(Duration.seconds(everySeconds))), Effect.forkScoped)
  })
)
