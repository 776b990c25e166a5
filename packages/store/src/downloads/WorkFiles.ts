/**
 * The files of one piece of work, in a folder of their own that goes with it.
 *
 * adapter: Node's files
 */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdir, mkdtemp, open, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect, type Scope } from "effect"
import { DownloadError, StorageAway } from "./DownloadError.ts"

const io = <A>(work: () => Promise<A>): Effect.Effect<A, DownloadError> =>
  Effect.tryPromise({
    try: work,
    catch: (cause) =>
      new DownloadError({ operation: "make files", reason: new StorageAway({ problem: String(cause) }) })
  })

/** A new folder below one that is made where it is missing. */
export const folder = (parent: string): Effect.Effect<string, DownloadError, Scope.Scope> =>
  Effect.acquireRelease(
    io(async () => {
      await mkdir(parent, { recursive: true })
      return mkdtemp(join(parent, "work-"))
    }),
    (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
  )

/** Writes pieces as one file, with the folders it is in. */
export const write = (path: string, pieces: ReadonlyArray<Uint8Array>): Effect.Effect<void, DownloadError> =>
  io(async () => {
    await mkdir(dirname(path), { recursive: true })
    await using file = await open(path, "w")
    for (const piece of pieces) await file.writeFile(piece)
  })

export const bytesOf = (path: string): Effect.Effect<number, DownloadError> =>
  Effect.map(
    io(() => stat(path)),
    ({ size }) => size
  )

/** Hexadecimal. */
export const sha256Of = (path: string): Effect.Effect<string, DownloadError> =>
  io(async () => {
    const hash = createHash("sha256")
    for await (const piece of createReadStream(path)) hash.update(piece)
    return hash.digest("hex")
  })

export const remove = (path: string): Effect.Effect<void, DownloadError> => io(() => rm(path))
