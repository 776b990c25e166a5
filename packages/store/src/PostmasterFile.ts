/**
 * What a running Postgres writes about itself into its data folder: `postmaster.pid` (its lock) and `postmaster.opts`.
 *
 * adapter: Node's files and signals
 */
import { readFile } from "node:fs/promises"
import { join } from "node:path"

export interface Postmaster {
  /** Process number of the server. */
  readonly pid: number
  /** What the server says of itself: `starting`, `stopping` or `ready`; empty while the file is being written. */
  readonly status: string
  /** Where its sockets are; empty while the file is being written. */
  readonly socketFolder: string
}

/** Lines of postmaster.pid by number, from 0 (Postgres source, miscadmin.h, LOCK_FILE_LINE_*). */
const pidLine = 0
const socketFolderLine = 4
const statusLine = 7

/** The server that holds the data folder, or held it and died; `undefined` when none does. */
export const read = async (cluster: string): Promise<Postmaster | undefined> => {
  const text = await readIfPresent(join(cluster, "postmaster.pid"))
  const lines = text?.split("\n") ?? []
  // A server started by hand without a postmaster writes a negative number.
  const pid = Math.abs(Number(lines[pidLine]))
  return pid > 0
    ? { pid, status: lines[statusLine]?.trim() ?? "", socketFolder: lines[socketFolderLine]?.trim() ?? "" }
    : undefined
}

const ownerName = "kalshibook.owner_pid"

/** A setting that means nothing to Postgres: it notes the process that owns the server, in postmaster.opts. */
export const ownerSetting = (pid: number): string => `${ownerName}=${pid}`

/** The process that started the server which is `ready` in this folder; `undefined` when it was not one of ours. */
export const readOwner = async (cluster: string): Promise<number | undefined> => {
  const text = await readIfPresent(join(cluster, "postmaster.opts"))
  const match = text?.match(/kalshibook\.owner_pid=(\d+)/)
  return match === null || match === undefined ? undefined : Number(match[1])
}

const readIfPresent = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined
    throw cause
  })

/** Whether a process with this number runs, whoever's it is. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** Sends a signal; whether it arrived shows in what the process does. */
export const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself, or is not ours to stop: the caller waits for its end and reports when that does not come.
  }
}
