/**
 * The folder that takes a bucket's place: which file is which object, and its own things beside them.
 *
 *     <key>                  an object; whole, synced, and never written again
 *     .partial/              what is being written; of no use after its process has ended
 *     .signing-secret        what signs URLs, readable for its owner alone
 *
 * No file beside an object says more about it. Its sum is computed from its bytes when somebody asks (and remembered while the
 * file is the same), so it is always true of what would be read, a copy of the folder is whole, and a crash can leave no two files
 * that disagree. The price: it cannot tell that the disk has spoilt a file; whoever keeps sums elsewhere can.
 *
 * adapter: Node's files
 */
import { randomBytes } from "node:crypto"
import { link, lstat, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { type Effect, Option, Redacted } from "effect"
import { abortable } from "./Abortable.ts"
import type { FolderSettings } from "./FolderSettings.ts"
import * as LocalFile from "./LocalFile.ts"
import type { ObjectListed } from "./ObjectStore.ts"
import { AccessDenied, NotFound, type ObjectStoreReason, Refused, Unavailable } from "./ObjectStoreError.ts"

export interface ObjectFolder {
  readonly path: string
  readonly baseUrl: string
  readonly secret: Redacted.Redacted
}

/** What was begun so long ago is not being written any more. */
const partialMillisMax = 24 * 3_600_000
const secretBytes = 32

export const io = <A>(run: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, ObjectStoreReason> =>
  abortable(run, reasonOf)

/** What the system said about a file of the folder. */
export const reasonOf = (cause: unknown): ObjectStoreReason => {
  if (LocalFile.isReason(cause)) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === "ENOENT" || code === "ENOTDIR") return new NotFound({ problem: "there is no such object" })
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return new AccessDenied({ problem: message })
  return new Unavailable({ problem: message })
}

/** Makes what is missing and removes what a process that ended has left half written. `nowMillis`: Unix milliseconds. */
export const prepare = (settings: FolderSettings, nowMillis: number): Effect.Effect<ObjectFolder, ObjectStoreReason> =>
  io(async () => {
    const path = resolve(settings.folder)
    await mkdir(partialOf(path), { recursive: true })
    for (const name of await readdir(partialOf(path))) {
      const file = join(partialOf(path), name)
      const info = await stat(file).catch(() => undefined)
      if (info !== undefined && info.mtimeMs < nowMillis - partialMillisMax) await rm(file, { force: true })
    }
    const secret = Option.isSome(settings.secret) ? settings.secret.value : Redacted.make(await ownSecret(path))
    return { path, baseUrl: settings.baseUrl, secret }
  })

/** The folder in which files are written until they are whole. */
export const partialOf = (path: string): string => join(path, ".partial")

/** The file of a key that was checked. */
export const fileOf = ({ path }: ObjectFolder, key: string): string => join(path, key)

/** The secret that lies in the folder. Of two processes that make one at a time, one is faster, and both take that one. */
const ownSecret = async (path: string): Promise<string> => {
  const file = join(path, ".signing-secret")
  const found = await readFile(file, "utf8").catch(ignoreMissing)
  if (found !== undefined) return found.trim()
  const made = join(partialOf(path), `secret-${process.pid}-${randomBytes(4).toString("hex")}`)
  const handle = await open(made, "wx", 0o600)
  try {
    await handle.write(`${randomBytes(secretBytes).toString("hex")}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await place(made, file)
  await rm(made, { force: true })
  return (await readFile(file, "utf8")).trim()
}

/** Gives a whole file its place, durably; `false` when the place is taken. Never overwrites. */
export const place = async (made: string, file: string): Promise<boolean> => {
  const isPlaced = await linkNew(made, file)
  await LocalFile.syncFolder(dirname(file))
  return isPlaced
}

/** What a file system says that has no hard links. */
const linkless = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])

const linkNew = async (made: string, file: string): Promise<boolean> => {
  try {
    await link(made, file)
    return true
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === "EEXIST") return false
    if (code === undefined || !linkless.has(code)) throw cause
    // Gotcha: between these two lines another process may place its own; the later one stays.
    if ((await lstat(file).catch(ignoreMissing)) !== undefined) return false
    await rename(made, file)
    return true
  }
}

/** Makes the folders above a file, durably. */
export const makeFoldersOf = async (file: string): Promise<void> => {
  const first = await mkdir(dirname(file), { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST" && cause.code !== "ENOTDIR") throw cause
    throw new Refused({ problem: "in a folder no object can have the name of a part of another one's key" })
  })
  if (first === undefined) return
  for (let folder = dirname(file); folder.length >= first.length; folder = dirname(folder)) {
    await LocalFile.syncFolder(dirname(folder))
  }
}

/** Removes a file, durably; one that is not there is removed already. */
export const remove = async (file: string): Promise<void> => {
  await unlink(file).then(() => LocalFile.syncFolder(dirname(file)), ignoreMissing)
}

/** The objects whose keys begin with the prefix, in the order of their keys: a folder stands where its name with a slash does. */
export async function* list(path: string, prefix: string, below = ""): AsyncGenerator<ObjectListed> {
  const entries = await readdir(join(path, below), { withFileTypes: true }).catch(ignoreMissing)
  const keys = (entries ?? [])
    .filter((entry) => !entry.name.startsWith(".") && (entry.isDirectory() || entry.isFile()))
    .map((entry) => below + entry.name + (entry.isDirectory() ? "/" : ""))
    .filter((key) => key.startsWith(prefix) || (key.endsWith("/") && prefix.startsWith(key)))
    .toSorted((left, right) => (left < right ? -1 : 1))
  for (const key of keys) {
    if (key.endsWith("/")) yield* list(path, prefix, key)
    else {
      const info = await stat(join(path, key)).catch(ignoreMissing)
      if (info !== undefined) yield { key, bytes: info.size, lastModifiedMicros: microsOf(info.mtimeMs) }
    }
  }
}

export const microsOf = (mtimeMillis: number): number => Math.floor(mtimeMillis * 1_000)

const ignoreMissing = (cause: NodeJS.ErrnoException): undefined => {
  if (cause.code !== "ENOENT") throw cause
}
