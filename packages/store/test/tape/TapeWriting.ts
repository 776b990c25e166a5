/**
 * A program that writes a tape in the folder of its first argument, so that a test can kill it or take the disk's room from it.
 *
 * `until killed`: appends for ever, and says `synced N` now and then. `until full`: appends until the tape fails, says what it found
 * then, makes room, opens the tape again, and says how that went. Further arguments are settings (`freeBytesMin=1000`).
 */
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Tape } from "@kalshibook/store/tape/Tape"
import * as TapeFolder from "@kalshibook/store/tape/TapeFolder"
import * as TapeReader from "@kalshibook/store/tape/TapeReader"
import * as TapeWalk from "@kalshibook/store/tape/TapeWalk"
import { Effect } from "effect"
import { appendTexts } from "./Entries.ts"

const [folder = "", until, ...given] = process.argv.slice(2)
const settings = Object.fromEntries(given.map((text) => text.split("=")).map(([name, value]) => [name, Number(value)]))

const say = (text: string) => Effect.sync(() => process.stdout.write(`${text}\n`))

const append = Effect.gen(function* () {
  const tape = yield* Tape
  const first = tape.appended() + 1
  appendTexts(
    tape,
    Array.from({ length: 100 }, (_, index) => `entry ${first + index} `.padEnd(300, "."))
  )
  yield* Effect.sleep(1)
  return tape
})

const untilKilled = Effect.gen(function* () {
  const tape = yield* append
  yield* say(`synced ${tape.synced()}`)
}).pipe(Effect.forever)

/** The entries that can be read, and how many things are wrong with them. */
const look = Effect.promise(async () => {
  let entries = 0
  let findings = 0
  for await (const reading of TapeReader.read(await TapeFolder.list(folder), {
    ...TapeWalk.everything,
    isVerifying: true
  })) {
    if (reading._tag === "entries") entries += reading.entries.length
    if (reading._tag === "finding") findings++
  }
  return { entries, findings }
})

const ballast = join(folder, "ballast")

const untilFull = Effect.gen(function* () {
  writeFileSync(ballast, Buffer.alloc(1_500_000))
  const failed = yield* Effect.gen(function* () {
    const tape = yield* Tape
    const error = yield* Effect.flip(Effect.raceFirst(Effect.forever(append), tape.failed))
    return { reason: error.reason, problem: error.message, synced: tape.synced() }
  }).pipe(Effect.provide(Tape.layer(folder, settings)))
  const found = yield* look
  rmSync(ballast)
  const again = yield* Effect.gen(function* () {
    const tape = yield* Tape
    const resumedAt = tape.appended()
    appendTexts(tape, ["after"])
    yield* tape.untilSynced(tape.appended())
    return { resumedAt, synced: tape.synced() }
  }).pipe(Effect.provide(Tape.layer(folder, { ...settings, freeBytesMin: 0 })))
  yield* say(JSON.stringify({ failed, found, again }))
})

const program = until === "killed" ? untilKilled.pipe(Effect.provide(Tape.layer(folder, settings))) : untilFull
Effect.runPromise(program).catch((cause) => {
  process.stdout.write(`${String(cause instanceof Error ? cause.message : cause)}\n`)
  process.exitCode = 1
})
