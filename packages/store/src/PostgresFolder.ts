/**
 * The folder that an embedded Postgres lives in: made, initialised, and owned by the one who runs it.
 *
 *     <folder>/cluster        Postgres' data
 *     <folder>/socket         where it listens
 *     <folder>/postgres.log   what it says; the log of the run before is postgres.log.1
 *
 * adapter: Node's files, their owners and modes
 */
import { spawn } from "node:child_process"
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { EmbeddedPostgresError, io } from "./EmbeddedPostgresError.ts"
import type { PostgresUser } from "./PostgresUser.ts"
import { isAlive } from "./PostmasterFile.ts"

/** A unix socket's path has at most 107 bytes on Linux and 103 on macOS; the name inside the folder takes 16. */
const socketFolderBytesMax = 103 - 16

export const clusterOf = (folder: string): string => join(folder, "cluster")
export const logOf = (folder: string): string => join(folder, "postgres.log")

/** Makes the folder where it is missing; only its owner may enter it. */
export const make = (folder: string) =>
  io(`make the folder ${folder}`, () => mkdir(folder, { recursive: true, mode: 0o700 }))

/** Gives the folder and all in it to the user who runs Postgres, where we are root and may. */
export const own = (folder: string, { owner }: PostgresUser) =>
  io(`change the owner of ${folder}`, async () => {
    if (process.getuid?.() !== 0) return
    const { uid, gid } = owner ?? { uid: 0, gid: 0 }
    if ((await stat(folder)).uid === uid) return
    for (const entry of await readdir(folder, { recursive: true })) await chown(join(folder, entry), uid, gid)
    await chown(folder, uid, gid)
  })

/** Makes Postgres' data where they are missing. `isFast` does not wait for the disk. */
export const initialise = Effect.fnUntraced(function* (
  folder: string,
  options: { readonly initdb: string; readonly user: PostgresUser; readonly username: string; readonly isFast: boolean }
) {
  const cluster = clusterOf(folder)
  if (yield* io(`read ${cluster}`, () => exists(cluster))) return
  // Made aside and renamed, so that it is whole or absent, whoever else starts or dies meanwhile.
  const aside = `${cluster}.${process.pid}`
  yield* io(`tidy up ${folder}`, () => removeUnfinished(folder))
  const args = [`--pgdata=${aside}`, `--username=${options.username}`, "--auth=trust", "--encoding=UTF8", "--locale=C"]
  yield* Effect.gen(function* () {
    const problem = yield* run([
      ...options.user.prefix,
      options.initdb,
      ...args,
      ...(options.isFast ? ["--no-sync"] : [])
    ])
    if (problem !== undefined) {
      return yield* new EmbeddedPostgresError({ message: `Postgres could not make its folder ${cluster}: ${problem}` })
    }
    yield* io(`rename ${aside}`, () =>
      rename(aside, cluster).catch(async (cause) => {
        if (!(await exists(cluster))) throw cause
      })
    )
  }).pipe(Effect.ensuring(Effect.orDie(io(`remove ${aside}`, () => rm(aside, { recursive: true, force: true })))))
})

/** Removes what was made aside by processes that ended before they had finished. */
const removeUnfinished = async (folder: string): Promise<void> => {
  for (const entry of await readdir(folder)) {
    const [, maker] = /^cluster\.(\d+)$/.exec(entry) ?? []
    if (maker === undefined || (Number(maker) !== process.pid && isAlive(Number(maker)))) continue
    await rm(join(folder, entry), { recursive: true, force: true })
  }
}

/** Inside the folder, or in the system's folder for temporary files where the path would be too long for a socket. */
export const makeSocketFolder = (folder: string, { owner }: PostgresUser) => {
  const inside = join(folder, "socket")
  if (Buffer.byteLength(inside) <= socketFolderBytesMax) {
    return io(`make ${inside}`, async () => {
      await mkdir(inside, { recursive: true, mode: 0o700 })
      await chmod(inside, 0o700)
      if (owner !== null) await chown(inside, owner.uid, owner.gid)
      return inside
    })
  }
  return Effect.acquireRelease(
    io("make a folder for the socket", async () => {
      const outside = await mkdtemp(join(tmpdir(), "kalshibook-"))
      if (owner !== null) await chown(outside, owner.uid, owner.gid)
      return outside
    }),
    (outside) => Effect.promise(() => rm(outside, { recursive: true, force: true }))
  )
}

/** Runs a command to its end, which an interruption brings on. Returns what it complained of when it failed. */
const run = ([command = "", ...args]: ReadonlyArray<string>) =>
  Effect.callback<string | undefined>((resume) => {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] })
    let text = ""
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString()
    })
    child.once("error", (cause) => resume(Effect.succeed(cause.message)))
    child.once("close", (code) => resume(Effect.succeed(code === 0 ? undefined : text.trim())))
    return Effect.callback<void>((ended) => {
      // A child that failed to start has no process, and must not be signalled.
      if (child.pid === undefined) return ended(Effect.void)
      child.once("close", () => ended(Effect.void))
      child.kill("SIGTERM")
    })
  })

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return false
      throw cause
    }
  )
