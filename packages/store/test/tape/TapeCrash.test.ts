/** The tape of a real process, which is killed, or whose disk is full. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Tape } from "@kalshibook/store/tape/Tape"
import { Effect, Schema } from "effect"
import { entriesFrom, textOf } from "./Entries.ts"
import { newFolder } from "./TapeFolders.ts"

const program = fileURLToPath(new URL("TapeWriting.ts", import.meta.url))
const killsMax = 4

/** Kills a writer when it has said so often how far it is; the last number it said. */
const killedAfter = async (folder: string, lines: number): Promise<number> => {
  const child = spawn(process.execPath, [program, folder, "killed"], { stdio: ["ignore", "pipe", "inherit"] })
  let synced = 0
  let heard = 0
  for await (const line of createInterface({ input: child.stdout })) {
    synced = Number(/^synced (\d+)$/.exec(line)?.[1] ?? assert.fail(line))
    if (++heard >= lines) child.kill("SIGKILL")
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
  return synced
}

const Outcome = Schema.Struct({
  failed: Schema.Struct({ reason: Schema.String, problem: Schema.String, synced: Schema.Int }),
  found: Schema.Struct({ entries: Schema.Int, findings: Schema.Int }),
  again: Schema.Struct({ resumedAt: Schema.Int, synced: Schema.Int })
})
const decodeOutcome = Schema.decodeUnknownSync(Schema.fromJsonString(Outcome))

const succeeds = ([command = "", ...args]: ReadonlyArray<string>): boolean => spawnSync(command, args).status === 0

const run = ([command = "", ...args]: ReadonlyArray<string>) => {
  const { stderr, stdout } = spawnSync(command, args, { encoding: "utf8" })
  return decodeOutcome(stdout.trim() || assert.fail(stderr))
}

const assertHeld = ({ again, failed, found }: typeof Outcome.Type): void => {
  assert.strictEqual(failed.reason, "disk_full")
  assert.match(failed.problem, /disk.* is full/)
  assert.strictEqual(found.findings, 0)
  assert.isAbove(found.entries, 0)
  assert.isAtLeast(found.entries, failed.synced)
  assert.strictEqual(again.resumedAt, found.entries)
  assert.strictEqual(again.synced, found.entries + 1)
}

/** A small disk of its own, where the system lets us have one. */
const smallDisk = [
  "unshare",
  "--user",
  "--map-root-user",
  "--mount",
  "sh",
  "-c",
  'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"'
]
const hasSmallDisk = succeeds([...smallDisk, newFolder(), "true"])
const onSmallDisk = it.skipIf(!hasSmallDisk)
const suffix = hasSmallDisk ? "" : " (skipped: this user may not mount a small disk)"

describe("the tape of a process", () => {
  it.live(`holds all that was synced, and nothing that was not taken, after each of ${killsMax} kills`, () =>
    Effect.gen(function* () {
      const folder = newFolder()
      for (let kill = 1; kill <= killsMax; kill++) {
        const synced = yield* Effect.promise(() => killedAfter(folder, 2 + kill * 13))
        yield* Effect.gen(function* () {
          const tape = yield* Tape
          assert.isAtLeast(tape.appended(), synced)
          const found = yield* entriesFrom(1)
          assert.strictEqual(found.length, tape.appended())
          assert.isTrue(
            found.every((entry, at) => entry.number === at + 1 && textOf(entry).startsWith(`entry ${at + 1} `))
          )
        }).pipe(Effect.provide(Tape.layer(folder)))
      }
    })
  )

  it("is cut to whole blocks where the system lets the file grow no more, and goes on in a new one", () => {
    // 2,000 blocks of 1,024 bytes.
    const limited = 'trap "" XFSZ; ulimit -f 2000; exec "$@"'
    const outcome = run(["bash", "-c", limited, "bash", process.execPath, program, newFolder(), "full"])
    assertHeld(outcome)
  })

  onSmallDisk(`is cut to whole blocks where the disk is full, and goes on when there is room${suffix}`, () => {
    const folder = newFolder()
    assertHeld(run([...smallDisk, folder, process.execPath, program, folder, "full", "freeBytesMin=0"]))
  })

  onSmallDisk(`stops before the disk is full, with all that was taken until then on it${suffix}`, () => {
    const folder = newFolder()
    const settings = ["freeBytesMin=1000000", "freePollMillis=5"]
    const outcome = run([...smallDisk, folder, process.execPath, program, folder, "full", ...settings])
    assertHeld(outcome)
    assert.match(outcome.failed.problem, /leaves 1000000 to others/)
  })
})
