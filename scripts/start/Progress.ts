/** How the recording goes, as lines of the terminal: from the first market found to every change that its reader should know. */
import type { CollectorStatus } from "@kalshibook/collector/CollectorStatus"
import { Effect } from "effect"
import * as Terminal from "./Terminal.ts"

type Status = Effect.Effect<CollectorStatus>

const pollMillis = 250
/** The number of markets is shown when it has not grown for so many polls. */
const pollsSteady = 4
/** So long the rest of what is shown waits for the first records. */
const pollsMax = 40

const marketsFound = ({ marketsByState }: CollectorStatus): number =>
  Object.values(marketsByState).reduce((sum, count) => sum + count, 0)

const rateOf = ({ recordsPerSecond }: CollectorStatus): number => recordsPerSecond ?? 0

/** Returns when markets are being recorded, or when that takes long: then it says what it waits for. */
export const untilRecording = Effect.fnUntraced(function* (status: Status) {
  let found = 0
  let steadyPolls = 0
  for (let poll = 0; poll < pollsMax; poll++) {
    const now = yield* status
    steadyPolls = marketsFound(now) === found ? steadyPolls + 1 : 0
    found = marketsFound(now)
    if (steadyPolls >= pollsSteady && now.marketsRecorded > 0 && rateOf(now) > 0) {
      Terminal.fact("markets", `${found} found, ${now.marketsRecorded} open`)
      Terminal.fact("recording", `${Math.round(rateOf(now))} records a second${lateBy(now)}`)
      return
    }
    yield* Effect.sleep(pollMillis)
  }
  Terminal.fact("waiting", missing(yield* status))
})

/** What there is not, so that nothing is recorded. */
const missing = (now: CollectorStatus): string => {
  if (now.storeProblem !== null) return now.storeProblem
  if (now.state !== "recording") return now.connection
  if (now.discoveryProblem !== null) return now.discoveryProblem
  if (marketsFound(now) === 0)
    return "the exchange has no open market that is chosen (KALSHIBOOK_SERIES, _CATEGORIES, _MARKETS)"
  return `${marketsFound(now)} markets found, ${now.marketsRecorded} open, nothing to record yet`
}

/** Records are in answers when they are committed. */
const lateBy = ({ report }: CollectorStatus): string => {
  const lag = report.lag.receipt_to_commit
  return lag === null ? "" : `, in answers after ${Math.round(lag.p50_ms)} ms (99 of 100: ${Math.round(lag.p99_ms)} ms)`
}

/** What is not as it should be: of which kind, so that people are told of it once, and in words. */
const trouble = (now: CollectorStatus): { readonly kind: string; readonly text: string } => {
  if (now.state === "stopped") return { kind: "stopped", text: `nothing is recorded: ${now.storeProblem ?? "stopped"}` }
  if (now.storeProblem !== null) {
    return { kind: "store", text: `not storing (${now.storeProblem}); nothing is lost: it waits on the tape` }
  }
  if (now.state !== "recording") {
    return { kind: "connection", text: `not connected to the exchange (${now.connection}); trying again` }
  }
  if (now.report.tape.catching_up) {
    return { kind: "catching up", text: "storing from the tape what memory could not hold; answers are old meanwhile" }
  }
  return { kind: "", text: "recording again" }
}

/** Tells when the recording stops and when it goes on. Never returns. */
export const forEver = Effect.fnUntraced(function* (status: Status) {
  let before = ""
  while (true) {
    yield* Effect.sleep(pollMillis)
    const { kind, text } = trouble(yield* status)
    if (kind !== before) Terminal.news(text)
    before = kind
  }
})

/** Says what a collector that has stopped could not store. */
export const tellLost = (status: Status): Effect.Effect<void> =>
  Effect.map(status, ({ recordsWaiting }) => {
    if (recordsWaiting === 0) return
    Terminal.problem(`${recordsWaiting} records could not be stored; the next start stores them from the tape.`)
  })
