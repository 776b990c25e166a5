/**
 * `npm run restore-drill`: holds a restored database (`KALSHIBOOK_RESTORED_URL`) to the one of the environment, and ends with 1 where they
 * differ. docs/deploy.md says how one is restored.
 */
import { parseArgs } from "node:util"
import * as Environment from "@kalshibook/core/settings/Environment"
import * as Database from "@kalshibook/store/Database"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Cause, Effect, Exit, Layer, Option, Redacted } from "effect"
import * as RestoreDrill from "./drill/RestoreDrill.ts"

const usage = `npm run restore-drill -- [--moments 50] [--seed 1] [--late-seconds 120]

Compares the books of all markets at so many random moments, the logs, the sealed hours, and the customers of a restored database
(KALSHIBOOK_RESTORED_URL) with those of the environment (DATABASE_URL, or the embedded one). Reads both, changes neither. The last
--late-seconds of the backup are left out: what was lost then may have been told later.`

const refuse = (problem: string): never => {
  process.stderr.write(`${problem}\n`)
  process.exit(2)
}

const { lateSeconds, moments, seed } = (() => {
  try {
    const { values } = parseArgs({
      options: {
        moments: { type: "string" },
        seed: { type: "string" },
        "late-seconds": { type: "string" },
        help: { type: "boolean" }
      }
    })
    if (values.help === true) {
      process.stdout.write(`${usage}\n`)
      process.exit(0)
    }
    return {
      moments: Number(values.moments ?? 50),
      seed: Number(values.seed ?? 1),
      lateSeconds: Number(values["late-seconds"] ?? 120)
    }
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
})()
if (
  ![moments, seed, lateSeconds + 1].every((number) => Number.isSafeInteger(number) && number >= 1 && number <= 100_000)
) {
  refuse("--moments and --seed must be whole numbers from 1 to 100000, --late-seconds one from 0.")
}

const reader = History.layerTiers.pipe(Layer.provideMerge(HotTier.layerNoDeps))

const program = Effect.gen(function* () {
  const restoredUrl = yield* Environment.config("KALSHIBOOK_RESTORED_URL")
  if (Option.isNone(restoredUrl)) return refuse(`KALSHIBOOK_RESTORED_URL is not set.\n${usage}`)
  const liveUrl = yield* Environment.config("DATABASE_URL")
  const authority = Option.getOrUndefined(yield* Environment.config("KALSHIBOOK_DATABASE_CA"))
  const isSecured = /[?&]sslmode=(?:require|verify)/.test(Redacted.value(restoredUrl.value))
  const live = yield* Layer.build(
    Layer.provideMerge(
      reader,
      Option.match(liveUrl, {
        onNone: () => Database.layerBeside,
        onSome: (url) => Database.layerReading(url, authority)
      })
    )
  )
  const restored = yield* Layer.build(
    Layer.provideMerge(reader, Database.layerReading(restoredUrl.value, isSecured ? authority : undefined))
  )
  return yield* RestoreDrill.compare(live, restored, { moments, seed, lateMicros: lateSeconds * 1_000_000 })
})

const exit = await Effect.runPromiseExit(Effect.scoped(program))
if (Exit.isFailure(exit)) {
  const error = Cause.squash(exit.cause)
  refuse(error instanceof Error ? error.message : String(error))
} else {
  const { differences, facts } = exit.value
  for (const fact of facts) process.stdout.write(`${fact}\n`)
  for (const difference of differences) process.stdout.write(`DIFFERENT: ${difference}\n`)
  process.stdout.write(
    differences.length === 0 ? "The restored database is right.\n" : "The restored database is NOT right.\n"
  )
  process.exit(differences.length === 0 ? 0 : 1)
}
