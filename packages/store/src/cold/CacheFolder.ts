/**
 * The folder of an object cache: one file for each object, named by its content. Each process has a numbered folder of its own below
 * the one that is set, so that none removes what another reads; the first that is free is taken, with what an earlier process left.
 *
 * adapter: Node's files
 */
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises"
import { extname, join } from "node:path"
import { Effect } from "effect"
import * as LocalFile from "../objects/LocalFile.ts"
import * as TapeLock from "../tape/TapeLock.ts"
import { ColdTierAway } from "./ColdDataProblem.ts"

/** A file of the cache, by what it should hold. */
export interface CachedFile {
  readonly sha256: string
  readonly path: string
  readonly bytes: number
}

/** Processes that share a folder at most: each has its own share of the disk, so more is a mistake. */
const processesMax = 16

const lockName = "cache.lock"
const incomingName = "incoming"
const fileName = /^([0-9a-f]{64})(\.[a-z]+)?$/

const attempt = <A>(folder: string, work: () => Promise<A>): Effect.Effect<A, ColdTierAway> =>
  Effect.tryPromise({
    try: work,
    catch: (cause) => new ColdTierAway({ key: "", detail: `the cache in ${folder} cannot be used: ${String(cause)}` })
  })

/** Takes a folder for as long as the scope. */
export const take = (folder: string) =>
  Effect.map(
    Effect.acquireRelease(
      attempt(folder, () => takeFirstFree(folder)),
      ({ giveBack }) => Effect.promise(() => giveBack().catch(() => undefined))
    ),
    (taken) => taken.path
  )

const takeFirstFree = async (folder: string) => {
  let problem: unknown = "too many processes use it"
  for (let index = 0; index < processesMax; index++) {
    const path = join(folder, String(index))
    await mkdir(path, { recursive: true, mode: 0o700 })
    try {
      const giveBack = await TapeLock.take(path, lockName)
      await rm(join(path, incomingName), { recursive: true, force: true })
      await mkdir(join(path, incomingName), { mode: 0o700 })
      return { path, giveBack }
    } catch (cause) {
      problem = cause
    }
  }
  throw problem
}

/** What is there from before, the file that was used longest ago first. */
export const list = (folder: string): Effect.Effect<ReadonlyArray<CachedFile>, ColdTierAway> =>
  attempt(folder, async () => {
    const found: Array<CachedFile & { readonly usedMillis: number }> = []
    for (const name of await readdir(folder)) {
      const sha256 = fileName.exec(name)?.[1]
      if (sha256 === undefined) continue
      const path = join(folder, name)
      const { atimeMs, mtimeMs, size } = await stat(path)
      found.push({ sha256, path, bytes: size, usedMillis: Math.max(atimeMs, mtimeMs) })
    }
    return found.sort((left, right) => left.usedMillis - right.usedMillis)
  })

/** Where the file of an object is kept. */
export const pathOf = (folder: string, key: string, sha256: string): string => join(folder, sha256 + extname(key))

/** Where it arrives, before anybody knows that it is right. */
export const incomingPathOf = (folder: string, sha256: string): string => join(folder, incomingName, sha256)

/** Moves a file that arrived to where it is kept. */
export const keep = (folder: string, from: string, to: string) => attempt(folder, () => rename(from, to))

/** Whatever goes wrong, a file that is not used any more harms nobody. */
export const remove = (path: string): Effect.Effect<void> =>
  Effect.promise(() => rm(path, { force: true }).catch(() => undefined))

/** What a file holds now: SHA-256 in hexadecimal; empty when it cannot be read. */
export const sha256Of = (path: string): Effect.Effect<string> =>
  Effect.promise((signal) =>
    LocalFile.receiptOfFile(path, signal).then(
      ({ sha256 }) => sha256,
      () => ""
    )
  )

/** The whole of a small file, as text. */
export const text = (path: string) => attempt(path, async () => (await readFile(path)).toString("utf8"))
