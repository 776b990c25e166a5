/** How the recording goes, as lines of the terminal: from the first market found to every change that its reader should know. */
import type { CollectorStatus } from "@kalshibook/collector/CollectorStatus"
import { Effect } from "effect"
import * as Terminal from "./Terminal.ts"

type Status = Effect.Effect<CollectorStatus>

const pollMillis = 250
/** The number of markets is shown when it has not grown for so many polls. */
const pollsSteady = 4
/** How often a wait is explained anew when its reason did not change. */
const explainPolls = 40

const marketsFound = ({ marketsByState }: CollectorStatus): number =>
  Object.values(marketsByState).reduce((sum, count) => sum + count, 0)

const rateOf = ({ recordsPerSecond }: CollectorStatus): number => recordsPerSecond ?? 0

/** Returns when markets are being recorded, and says what it waits for meanwhile. */
export const untilRecording = Effect.fnUntraced(function* (status: Status) {
  let found = 0
  let steadyPolls = 0
  let explained = ""
  for (let poll = 1; ; poll++) {
    const now = yield* status
    const problem = now.storeProblem ?? (now.state === "recording" ? "" : now.connection)
    if (poll % explainPolls === 0 && problem !== explained) Terminal.fact("waiting", problem)
    if (poll % explainPolls === 0) explained = problem
    steadyPolls = marketsFound(now) === found ? steadyPolls + 1 : 0
    found = marketsFound(now)
    if (steadyPolls >= pollsSteady && now.marketsRecorded > 0 && rateOf(now) > 0) break
    yield* Effect.sleep(pollMillis)
  }
  const now = yield* status
  Terminal.fact("markets", `${found} found, ${now.marketsRecorded} open`)
  Terminal.fact("recording", `${Math.round(rateOf(now))} records a second`)
})

/** Tells when the recording stops and when it goes on. Never returns. */
export const forEver = Effect.fnUntraced(function* (status: Status) {
  let before = ""
  while (true) {
    yield* Effect.sleep(pollMillis)
    const now = yield* status
    const problem =
      now.storeProblem !== null
        ? `not storing (${now.storeProblem}); nothing is lost while it fits in memory`
        : now.state === "recording"
          ? ""
          : `not connected to the exchange (${now.connection}); trying again`
    if (problem === before) continue
    if (problem !== "" && before === "") Terminal.news(problem)
    if (problem === "") Terminal.news("recording again")
    before = problem
  }
})
