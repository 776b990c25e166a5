/**
 * A process of its own that makes files of days (`make-day.ts`), so that whoever answers requests is not held up by it, nor falls with
 * it. It is given work and asks back, one question at a time; it has no credentials, and ends with its scope or with its parent.
 *
 * adapter: Node's processes
 */
import { type ChildProcess, fork } from "node:child_process"
import { Effect, Schema, type Scope } from "effect"
import type { DayWork, Giver, MadeFile } from "./DayFiles.ts"
import { DownloadError, StorageAway } from "./DownloadError.ts"
import type { DownloadSettings } from "./DownloadSettings.ts"

/** What the process says. `market` and `keep` wait for an answer; `ended` is the last word on a day. */
export type Said =
  | { readonly _tag: "market"; readonly ticker: string }
  | { readonly _tag: "keep"; readonly file: MadeFile }
  | { readonly _tag: "ended"; readonly failure: typeof DownloadError.Encoded | undefined }
  | { readonly _tag: "defect"; readonly problem: string }

/** What it is told: a day's work, or the answer to what it asked. */
export type Told =
  | { readonly _tag: "make"; readonly work: DayWork }
  | { readonly _tag: "answer"; readonly value: Readonly<Record<string, unknown>> }

export interface DayProcess {
  /** Has the files of a day made. One day at a time. A process that has died is a failure that may pass. */
  readonly make: (work: DayWork, giver: Giver) => Effect.Effect<void, DownloadError>
  /** Kills it, and waits until it is gone. */
  readonly end: Effect.Effect<void>
}

const entry = new URL("./make-day.ts", import.meta.url)
const decodeFailure = Schema.decodeUnknownEffect(DownloadError)

/** For as long as the scope. It takes a second until it works. */
export const start = (
  settings: Pick<DownloadSettings, "heapMebibytesMax">
): Effect.Effect<DayProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => processOf(forked(settings.heapMebibytesMax))),
    ({ end }) => end
  )

const forked = (heapMebibytesMax: number): ChildProcess =>
  fork(entry, {
    env: {},
    execArgv: [`--max-old-space-size=${heapMebibytesMax}`],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })

const died = (problem: string) =>
  new DownloadError({
    operation: "make files",
    reason: new StorageAway({ problem: `the process that made them ${problem}` })
  })

const processOf = (child: ChildProcess): DayProcess => {
  const said: Array<Said> = []
  let ended: DownloadError | undefined
  let waiting: (() => void) | undefined
  const wake = () => waiting?.()
  const over = (problem: string) => {
    ended ??= died(problem)
    wake()
  }
  child.on("message", (message) => {
    said.push(message as Said)
    wake()
  })
  child.on("exit", (code, signal) => over(signal === null ? `ended with ${code}` : `was ended by ${signal}`))
  child.on("error", (cause) => over(`failed: ${cause.message}`))

  const next: Effect.Effect<Said, DownloadError> = Effect.callback((resume) => {
    const look = () => {
      const first = said.shift()
      if (first === undefined && ended === undefined) return
      waiting = undefined
      resume(first === undefined ? Effect.fail(ended as DownloadError) : Effect.succeed(first))
    }
    waiting = look
    look()
  })
  // One that is gone does not hear it; `next` tells.
  const tell = (told: Told) => Effect.sync(() => child.connected && child.send(told, () => undefined))

  const make = Effect.fnUntraced(function* (work: DayWork, giver: Giver) {
    yield* tell({ _tag: "make", work })
    while (true) {
      const message = yield* next
      switch (message._tag) {
        case "market":
          yield* tell({ _tag: "answer", value: yield* giver.market(message.ticker) })
          break
        case "keep":
          yield* giver.keep(message.file)
          yield* tell({ _tag: "answer", value: {} })
          break
        case "defect":
          return yield* Effect.die(new Error(message.problem))
        case "ended":
          if (message.failure === undefined) return
          return yield* Effect.flatMap(Effect.orDie(decodeFailure(message.failure)), Effect.fail)
      }
    }
  })

  const end = Effect.callback<void>((resume) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

  return { make, end }
}
