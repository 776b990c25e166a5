/**
 * Where the Postgres servers of a test run are: each process that needs one starts its own and shares it among its files. They end with
 * their processes; this set-up of the run removes what is left of them.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as PostgresFolder from "@kalshibook/store/PostgresFolder"
import * as PostmasterFile from "@kalshibook/store/PostmasterFile"

/** Inherited by the processes of the run. */
const variable = "KALSHIBOOK_TEST_SERVERS_DIR"
const pollMillis = 20
/** A fast shutdown takes a moment; after that it is not waited for. */
const endMillisMax = 20_000

/** Where a process has its server. */
export const folderOf = (pid: number): string => {
  const folder = process.env[variable]
  if (folder === undefined) throw new Error(`${variable} is not set: PgServers is to be a globalSetup of the run`)
  return join(folder, String(pid))
}

export const setup = async (): Promise<void> => {
  process.env[variable] = await mkdtemp(join(tmpdir(), "kalshibook-test-servers-"))
}

export const teardown = async (): Promise<void> => {
  const folder = process.env[variable]
  if (folder === undefined) return
  const untilMillis = performance.now() + endMillisMax
  for (const pid of await readdir(folder)) {
    const cluster = PostgresFolder.clusterOf(join(folder, pid))
    const isRunning = async (): Promise<boolean> => {
      const postmaster = await PostmasterFile.read(cluster)
      return postmaster !== undefined && PostmasterFile.isAlive(postmaster.pid)
    }
    while ((await isRunning()) && performance.now() < untilMillis) await sleep(pollMillis)
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}
