/**
 * The files of one piece of work, in a folder of their own that goes with it.
 *
 * adapter: Node's files
 */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdir, mkdtemp, open, readdir, rm, stat, utimes } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { Clock, Effect, type Scope } from "effect"
import { DownloadError, StorageAway } from "./DownloadError.ts"

const io = <A>(work: () => Promise<A>): Effect.Effect<A, DownloadError> =>
  Effect.tryPromise({
    try: work,
    catch: (cause) =>
      new DownloadError({ operation: "make files", reason: new StorageAway({ problem: String(cause) }) })
  })

const prefix = "work-"
/** How often a folder that is worked in says so, by its time. */
const touchMillis = 10_000
/** One that has said nothing for so long is a dead process's: several times as long, and longer than the lease of its work. */
const silentMillisMax = 120_000

/** A new folder below one that is made where it is missing. */
export const folder = (parent: string): Effect.Effect<string, DownloadError, Scope.Scope> =>
  Effect.acquireRelease(
    io(async () => {
      await mkdir(parent, { recursive: true })
      return mkdtemp(join(resolve(parent), prefix))
    }),
    (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
  ).pipe(
    Effect.tap((made) => {
      const touch = Effect.ignore(Effect.flatMap(Clock.currentTimeMillis, (now) => io(() => touched(made, now))))
      return Effect.forkScoped(Effect.forever(Effect.delay(touch, touchMillis)))
    })
  )

const touched = (path: string, nowMillis: number) => utimes(path, nowMillis / 1_000, nowMillis / 1_000)

/** Removes the folders that processes left when they were killed, also another's; one that is worked in stays. Returns how many. */
export const removeLeft = (parent: string): Effect.Effect<number, DownloadError> =>
  Effect.flatMap(Clock.currentTimeMillis, (nowMillis) =>
    io(async () => {
      const names = await readdir(parent).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === "ENOENT") return []
        throw cause
      })
      let removed = 0
      for (const name of names) {
        if (!name.startsWith(prefix)) continue
        const found = await stat(join(parent, name)).catch(() => undefined)
        if (found === undefined || found.mtimeMs > nowMillis - silentMillisMax) continue
        await rm(join(parent, name), { recursive: true, force: true })
        removed++
      }
      return removed
    })
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
