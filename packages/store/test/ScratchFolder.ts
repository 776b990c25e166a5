/**
 * Where the tests of a run put their files: in memory, where the machine has enough of it. What the programs under test sync is there
 * at once, and making and removing a thousand small files costs little; on a disk each sync is milliseconds in which a core waits, and a
 * quarter of an archiver's CPU goes into the file system. A process that is killed leaves the same behind in both.
 */
import { rmSync } from "node:fs"
import { chmod, mkdtemp, readdir, rm, statfs } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { availableMemory } from "node:process"
import * as PostmasterFile from "@kalshibook/store/PostmasterFile"

const memoryFolder = "/dev/shm"
/** Linux's number for file systems in memory. */
const tmpfsType = 0x01_02_19_94
/** Those of all tests that run at a time take about a tenth of it. */
const fileBytesMin = 4 * 2 ** 30
/** With what the processes of the tests need for themselves. */
const memoryBytesMin = 8 * 2 ** 30

/** Inherited by the processes of the run. */
const variable = "KALSHIBOOK_TEST_DISK_DIR"

/** Where files lie that a file system in memory might not take: those with attributes. */
export const diskFolder = (): string => process.env[variable] ?? tmpdir()

/** Once for each project of the run, of which the first makes the folder. */
export const setup = async (): Promise<void> => {
  process.env[variable] ??= tmpdir()
  // Whoever says where files are to be means it.
  if (process.env["TMPDIR"] !== undefined || !(await hasRoom())) return
  await removeLeft()
  const made = await mkdtemp(join(memoryFolder, `${prefix}${process.pid}-`))
  // As open as what it takes the place of: some tests are other users of the machine.
  await chmod(made, 0o1777)
  process.env["TMPDIR"] = made
  // Behind everybody else's end.
  process.once("exit", () => {
    try {
      rmSync(made, removal)
    } catch {
      // What is left is removed by the next run.
    }
  })
}

/** Programs that were killed may still write. */
const removal = { recursive: true, force: true, maxRetries: 3 } as const

const prefix = "kalshibook-tests-"

/** A run that was killed has left its folder, and memory is dear. */
const removeLeft = async (): Promise<void> => {
  for (const name of await readdir(memoryFolder)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN
    if (!(pid > 0) || PostmasterFile.isAlive(pid)) continue
    // Another run may be removing it, or it is another user's: nothing that ends this one.
    await rm(join(memoryFolder, name), removal).catch(() => {})
  }
}

const hasRoom = async (): Promise<boolean> => {
  const { bavail, bsize, type } = await statfs(memoryFolder).catch(() => ({ bavail: 0, bsize: 0, type: 0 }))
  return type === tmpfsType && bavail * bsize >= fileBytesMin && availableMemory() >= memoryBytesMin
}
