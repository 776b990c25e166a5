/** What the board for the recorder's status promises. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { recorderReportExample } from "@kalshibook/core/contract/RecorderReportExample"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Effect, Option } from "effect"

/** A whole status. */
export const posted = {
  tsReportedMicros: 1_795_269_780_900_112,
  status: {
    source: "simulator",
    url: "ws://127.0.0.1/trade-api/ws/v2",
    state: "reconnecting",
    sinceMicros: 1_795_269_780_000_000,
    marketsRecorded: 250,
    recordsPerSecond: 512.4,
    report: recorderReportExample
  }
} as const

export const statusBoardSuite = (it: Vitest.MethodsNonLive<StatusBoard>): void => {
  it.effect("has nothing before anything was said, and then what was said last, whole", () =>
    Effect.gen(function* () {
      const board = yield* StatusBoard
      assert.deepStrictEqual(yield* board.read, Option.none())
      yield* board.post({ ...posted, status: { ...posted.status, state: "starting", sinceMicros: null, url: null } })
      yield* board.post(posted)
      assert.deepStrictEqual(yield* board.read, Option.some(posted))
      const silent = { ...posted, status: { ...posted.status, report: null, recordsPerSecond: null } }
      yield* board.post(silent)
      assert.deepStrictEqual(yield* board.read, Option.some(silent))
    })
  )
}
