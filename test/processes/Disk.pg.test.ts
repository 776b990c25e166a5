/** A disk that takes no more: recording stops before anything is half written, a gap says so, and it goes on by itself. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Scene from "./Scene.ts"

/**
 * No file of the collector may grow beyond so many blocks (of 512 or 1,024 bytes, by the shell): to its writer that is a full disk. A
 * segment of the tape reaches it within seconds, and there is room again with the next one.
 */
const fileBlocksMax = 1_536
const segmentBytesMax = 64 * 2 ** 20
const failuresMin = 3

/** Said once for each time that recording stopped. */
const told = /nothing is recorded: .*the disk is full/g

describe("a disk that is full", () => {
  it.live(
    `ends the recording, is told of, and costs nothing but what came meanwhile, ${failuresMin} times and more`,
    () =>
      Effect.gen(function* () {
        const fromMicros = Date.now() * 1000
        const scene = yield* Scene.make({
          exchange: { seed: 12, marketsOpen: 30, deltasPerSecond: 1_500 },
          tape: { segmentBytesMax },
          collectors: { shell: `ulimit -f ${fileBlocksMax}`, hasStandby: false }
        })
        const collector = yield* scene.start
        for (let failure = 0; failure < failuresMin; failure++) {
          yield* collector.until("recording", ({ storeProblem }) => storeProblem === null)
          const { state, storeProblem } = yield* collector.until(
            "the end of it",
            (status) => status.state === "stopped"
          )
          assert.strictEqual(state, "stopped")
          assert.match(storeProblem ?? "", /the disk is full/)
        }
        yield* scene.untilLive(collector)
        yield* Scene.inflict(scene.exchange, { fault: "pause_trading" })
        yield* scene.untilLevel(collector)
        const failures = [...collector.output().matchAll(told)].length
        assert.isAtLeast(failures, failuresMin)
        const toMicros = Date.now() * 1000
        const stops = Array.from({ length: failures }, () => ({ fromMicros, toMicros, cause: "storage" as const }))
        const counts = yield* scene.prove(collector, stops)
        yield* Effect.logInfo("proved").pipe(Effect.annotateLogs({ ...counts }))
        assert.isAbove(counts.gaps, failuresMin)
      }).pipe(Effect.scoped),
    1_800_000
  )
})
