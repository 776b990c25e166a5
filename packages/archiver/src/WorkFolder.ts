/**
 * Where the files of an hour lie while it is sealed: a folder of its own for each attempt, which an archiver that was killed leaves
 * behind and a later one removes.
 *
 * adapter: Node's files
 */
import { createHash, randomUUID } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdir, readdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Schema } from "effect"

/** A file or folder of this machine cannot be used; most often the disk is full. */
export class WorkFolderError extends Schema.TaggedError<WorkFolderError>()("WorkFolderError", {
  path: Schema.String,
  problem: Schema.String
}) {
  /** Somebody has to make room, and may have by the next time. */
  get isRetryable(): boolean {
    return true
  }

  override get message(): string {
    return `${this.path}: ${this.problem}`
  }
}

const attempt = <A>(path: string, run: () => Promise<A>): Effect.Effect<A, WorkFolderError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new WorkFolderError({ path, problem: cause instanceof Error ? cause.message : String(cause) })
  })

/** A new, empty folder in the root, which is made where it is missing. */
export const make = (root: string, name: string): Effect.Effect<string, WorkFolderError> => {
  const folder = join(root, `${name}-${randomUUID().slice(0, 8)}`)
  return attempt(folder, () => mkdir(folder, { recursive: true })).pipe(Effect.as(folder))
}

/** A new folder in the folder. */
export const within = (folder: string, name: string): Effect.Effect<string, WorkFolderError> => {
  const path = join(folder, name)
  return attempt(path, () => mkdir(path, { recursive: true })).pipe(Effect.as(path))
}

export const remove = (path: string): Effect.Effect<void, WorkFolderError> =>
  attempt(path, () => rm(path, { recursive: true, force: true }))

/** The folders of the root that nobody has made anything in since then, Unix microseconds. */
export const olderThan = (root: string, micros: number): Effect.Effect<ReadonlyArray<string>, WorkFolderError> =>
  attempt(root, async () => {
    const names = await readdir(root).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return []
      throw cause
    })
    const old: Array<string> = []
    for (const name of names) {
      const path = join(root, name)
      const found = await stat(path).catch(() => undefined)
      if (found !== undefined && found.mtimeMs * 1_000 < micros) old.push(path)
    }
    return old
  })

export interface FileSum {
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
}

/** Reads a file once. */
export const sumOf = (path: string): Effect.Effect<FileSum, WorkFolderError> =>
  attempt(path, async () => {
    const hash = createHash("sha256")
    let bytes = 0
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk)
      bytes += chunk.length
    }
    return { bytes, sha256: hash.digest("hex") }
  })

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")
