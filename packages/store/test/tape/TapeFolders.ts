/** Folders for tapes in tests, and what a crash leaves of them. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"

const made: Array<string> = []

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

/** A new folder, removed after all tests of the file. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "kalshibook-tape-"))
  made.push(folder)
  return folder
}

/** A copy of a tape as it lies on the disk this moment: what is left when its writer is killed now. */
export const copyOf = (folder: string): string => {
  const copy = newFolder()
  cpSync(folder, copy, { recursive: true, filter: (path) => !path.includes("tape.lock") })
  return copy
}

/** Paths of the segments, in order. */
export const segmentsOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder)
    .filter((name) => /\.kbt(\.zst)?$/.test(name))
    .sort()
    .map((name) => join(folder, name))

/** Cuts bytes off the end of a file, as a crash does in the middle of a write. */
export const cutOff = (path: string, bytes: number): void => truncateSync(path, readFileSync(path).length - bytes)
