/**
 * The process that makes files of days for `DayProcess`, over the channel that it was started with.
 *
 * adapter: Node's channel to the parent process
 */
import { Cause, Effect, Exit, Option, Schema } from "effect"
import * as DayFiles from "./DayFiles.ts"
import type { Said, Told } from "./DayProcess.ts"
import { DownloadError } from "./DownloadError.ts"

type Answer = Readonly<Record<string, unknown>>

const encodeFailure = Schema.encodeSync(DownloadError)
const say = (said: Said): void => void process.send?.(said)

let answered: ((answer: Answer) => void) | undefined
const asked = (said: Said): Effect.Effect<Answer> =>
  Effect.promise(
    () =>
      new Promise((resolve) => {
        answered = resolve
        say(said)
      })
  )

const giver: DayFiles.Giver = {
  market: (ticker) => asked({ _tag: "market", ticker }),
  keep: (file) => Effect.asVoid(asked({ _tag: "keep", file }))
}

const made = async (work: DayFiles.DayWork): Promise<void> => {
  const exit = await Effect.runPromiseExit(DayFiles.make(work, giver))
  if (Exit.isSuccess(exit)) return say({ _tag: "ended", failure: undefined })
  const failure = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  if (failure === undefined) return say({ _tag: "defect", problem: Cause.pretty(exit.cause) })
  say({ _tag: "ended", failure: encodeFailure(failure) })
}

process.on("message", (message) => {
  const told = message as Told
  if (told._tag === "answer") answered?.(told.value)
  else void made(told.work)
})
// Nobody waits for it any more.
process.on("disconnect", () => process.exit(1))
