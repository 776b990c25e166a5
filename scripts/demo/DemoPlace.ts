/**
 * Whether past days may be put into a database. What is stored only grows, and the watermark never goes back: days can be put behind
 * what is there, never before it or in between; and made-up days never into a record of the real exchange.
 *
 * While it is filled nobody else records into it: the lock of the tape's folder keeps recorders of this machine away, and one of
 * another machine is known by what it says of itself.
 */
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { TapeError } from "@kalshibook/store/tape/TapeError"
import * as TapeLock from "@kalshibook/store/tape/TapeLock"
import { Clock, Data, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { dayMicros } from "./DemoArguments.ts"

/**
 * The days may not be put there. The message is for the one who typed the command, and says what to do.
 *
 * @public the types of what is exported here name it
 */
export class NoPlace extends Data.TaggedError("NoPlace")<{ readonly message: string }> {}

/** A recorder says something of itself every two seconds. */
const recorderSilenceMicros = 10_000_000

/** Keeps recorders of this machine away until the scope closes. */
export const keepRecordersAway = Effect.gen(function* () {
  const dataFolder = yield* Environment.config("KALSHIBOOK_DATA_DIR")
  const tapeFolder = yield* Environment.config("KALSHIBOOK_TAPE_DIR")
  const folder = Option.getOrElse(tapeFolder, () => join(dataFolder, "tape"))
  yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        return await TapeLock.take(folder)
      },
      catch: (cause) =>
        new NoPlace({
          message:
            cause instanceof TapeError && cause.reason === "locked"
              ? "A recorder runs on this data folder. Stop it (Ctrl-C in its terminal), or choose an empty folder with KALSHIBOOK_DATA_DIR."
              : `The folder of the tape cannot be used: ${String(cause)}`
        })
    }),
    (release) => Effect.promise(release)
  )
})

/** The last epoch of the database, if days from `fromMicros` on may be put into it. */
export const epochLast = Effect.fn("DemoPlace.epochLast")(function* (fromMicros: number) {
  const sql = yield* SqlClient.SqlClient
  const nowMicros = (yield* Clock.currentTimeMillis) * 1000
  const others = yield* sql<{ source: string }>`select distinct source from epochs where source <> 'simulator'`
  const [other] = others
  if (other !== undefined) {
    return yield* new NoPlace({
      message: `This database holds data that was not made up (source ${other.source}): nothing made up is put beside it. Choose an empty folder with KALSHIBOOK_DATA_DIR.`
    })
  }
  const posted = yield* (yield* StatusBoard).read
  if (Option.isSome(posted) && nowMicros - posted.value.tsReportedMicros < recorderSilenceMicros) {
    return yield* new NoPlace({
      message:
        "A recorder writes into this database, or did a few seconds ago. Stop it first, or choose another database."
    })
  }
  const stored = Option.getOrUndefined(yield* (yield* HotTier).watermark)
  if (stored !== undefined && stored.tsReceivedMicros >= fromMicros) {
    const days = Math.floor((nowMicros - stored.tsReceivedMicros) / dayMicros)
    const fewer = days >= 1 ? `, or ask for ${days === 1 ? "one day" : `at most ${days} days`}` : ""
    return yield* new NoPlace({
      message:
        `This database is filled up to ${timeText(stored.tsReceivedMicros)} already, and nothing can be put before that. ` +
        `Choose an empty folder with KALSHIBOOK_DATA_DIR${fewer}.`
    })
  }
  return Math.max(yield* (yield* Epochs).last, stored?.epoch ?? 0)
})

/** `2026-11-21 13:00 UTC` */
export const timeText = (micros: number): string =>
  `${new Date(micros / 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`
