/**
 * From `kill -9` of the collector to recording again, with a thousand markets: a new process is started at once, takes up the tape,
 * connects, and gets every book anew. The database runs on, as it does where it is a service of its own.
 */
import { defaults } from "@kalshibook/collector/CollectorSettings"
import { defaults as tapeDefaults } from "@kalshibook/store/tape/TapeSettings"
import { Effect, References } from "effect"
import * as Scene from "../test/processes/Scene.ts"
import { type BenchRow, median } from "./BenchTable.ts"

const marketCount = 1_000
const deltasPerSecond = 2_000
const roundCount = 3
/** How long it has recorded when it is killed. */
const steadyMillis = 5_000
const secondsPromised = 10

export const run = (): Promise<ReadonlyArray<BenchRow>> =>
  Effect.gen(function* () {
    const scene = yield* Scene.make({
      exchange: { marketsOpen: marketCount, deltasPerSecond, seed: 5 },
      settings: { ...defaults, restRequestsPerSecondMax: 100 },
      tape: tapeDefaults,
      collectors: { hasStandby: false }
    })
    const firstSeconds: Array<number> = []
    const allSeconds: Array<number> = []
    let collector = yield* scene.start
    for (let round = 0; round < roundCount; round++) {
      yield* scene.untilLive(collector)
      yield* Effect.sleep(steadyMillis)
      yield* collector.kill
      const beganMillis = performance.now()
      const seconds = (): number => (performance.now() - beganMillis) / 1000
      collector = yield* scene.start
      yield* collector.until("a book", ({ marketsLive }) => marketsLive > 0)
      firstSeconds.push(seconds())
      yield* scene.untilLive(collector)
      allSeconds.push(seconds())
    }
    const shown = (values: ReadonlyArray<number>): string => `${median(values).toFixed(1)} s`
    const row: BenchRow = {
      what: `kill -9 to recording again, ${marketCount.toLocaleString("en")} markets: the first book, every book`,
      ours: `${shown(firstSeconds)}, ${shown(allSeconds)}`,
      baseline: "",
      ratio: "",
      promised: `${secondsPromised} s`,
      passed: median(allSeconds) <= secondsPromised
    }
    return [row]
  }).pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "Error"), Effect.runPromise)
