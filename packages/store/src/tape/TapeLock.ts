/**
 * Who writes a tape: one process, noted in the file `tape.lock` of its folder. The note of a process that has ended is taken over,
 * also when another process has its number by now, as happens when a container starts again.
 *
 * Holds between processes that see each other's numbers; two containers on one volume must be kept apart by other means.
 *
 * adapter: Node's files, and what the system says of processes
 */
import { execFile } from "node:child_process"
import { randomUUID } from "node:crypto"
import { link, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { Option, Schema } from "effect"
import { isAlive } from "../PostmasterFile.ts"
import { TapeError } from "./TapeError.ts"
import { ignoreMissing } from "./TapeFolder.ts"

const Owner = Schema.Struct({
  pid: Schema.Int,
  /** When the process started, in the system's own words; empty where it does not say. */
  started: Schema.String,
  /** Made up by the process: tells it from one with its number on a system that says nothing. */
  token: Schema.String
})
type Owner = typeof Owner.Type
const decodeOwner = Schema.decodeUnknownOption(Schema.fromJsonString(Owner))

const token = randomUUID()
const lockName = "tape.lock"
const attemptsMax = 10

/**
 * Takes the lock; what is returned gives it back. Fails when another tape of this or another process has it. Folders of other things
 * that one process may use at a time have locks of other names.
 */
export const take = async (folder: string, name = lockName): Promise<() => Promise<void>> => {
  const path = join(folder, name)
  const text = JSON.stringify({ pid: process.pid, started: (await startOf(process.pid)) ?? "", token } satisfies Owner)
  const aside = `${path}.${randomUUID()}`
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      // Written aside and linked, so that nobody sees half of it; into a new file, as the one before may be linked elsewhere.
      await rm(aside, { force: true })
      await writeFile(aside, text, { mode: 0o600, flag: "wx" })
      if (await linkNew(aside, path)) return () => giveBack(path, text)
      const found = await readFile(path, "utf8").catch(ignoreMissing)
      if (found === undefined) continue
      const owner = decodeOwner(found)
      if (Option.isSome(owner) && (await isRunning(owner.value))) {
        throw new TapeError({
          reason: "locked",
          problem: `The tape in ${folder} is being written by process ${owner.value.pid}. Stop that one first.`
        })
      }
      // Of two that find it stale one moves it away; the other one must not move the new lock.
      await rename(path, aside).catch(ignoreMissing)
      const moved = await readFile(aside, "utf8").catch(ignoreMissing)
      if (moved !== undefined && moved !== found) await linkNew(aside, path)
    }
    throw new TapeError({ reason: "locked", problem: `Others take and leave the lock ${path} all the time.` })
  } finally {
    await rm(aside, { force: true })
  }
}

/** Whether a living process writes the tape in this folder. */
export const isTaken = async (folder: string): Promise<boolean> => {
  const text = await readFile(join(folder, lockName), "utf8").catch(() => "")
  const owner = decodeOwner(text)
  return Option.isSome(owner) && (await isRunning(owner.value))
}

const linkNew = (from: string, to: string): Promise<boolean> =>
  link(from, to).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EEXIST") return false
      throw cause
    }
  )

const giveBack = async (path: string, text: string): Promise<void> => {
  const found = await readFile(path, "utf8").catch(ignoreMissing)
  if (found === text) await rm(path, { force: true })
}

const isRunning = async (owner: Owner): Promise<boolean> => {
  if (owner.pid === process.pid) return owner.token === token
  if (!isAlive(owner.pid)) return false
  const started = await startOf(owner.pid)
  return started !== undefined && (started === owner.started || started === "" || owner.started === "")
}

const run = promisify(execFile)

/** When a process started; empty where the system does not say, `undefined` when there is no such process, or only its remains. */
const startOf = async (pid: number): Promise<string | undefined> => {
  if (process.platform !== "linux") {
    const { stdout } = await run("ps", ["-o", "lstart=", "-p", String(pid)]).catch(() => ({ stdout: "" }))
    return stdout.trim()
  }
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined)
  if (stat === undefined) return undefined
  // The name of the program stands in parentheses and may hold anything (proc_pid_stat(5): state is field 3, start is field 22).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields[0] === "Z" ? undefined : `${await bootId()} ${fields[19]}`
}

/** Which start of the machine this is; empty where the system does not tell. */
export const bootId = (): Promise<string> =>
  readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
    (text) => text.trim(),
    () => ""
  )
