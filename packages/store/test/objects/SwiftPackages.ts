/**
 * The packages of an S3 server that Debian and Ubuntu have (OpenStack Swift with its s3api, and memcached), unpacked into a cache
 * folder. Nothing is installed, so a plain user can do it as well as root.
 *
 * Fetched once for a machine, which takes some twenty seconds, and kept in `$XDG_CACHE_HOME/kalshibook` (`~/.cache/kalshibook`):
 * outside of `node_modules`, so that a new `npm ci` needs no network for it.
 */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"

const wanted = ["python3-swift", "memcached"]

/** What to do when there is no server to test with. */
export const remedy =
  `Install what is missing ("apt-get update && apt-get install python3 apt util-linux ${wanted.join(" ")}", Debian or Ubuntu), ` +
  "or name another S3 server by KALSHIBOOK_TEST_S3_ENDPOINT, _BUCKET, _REGION, _ACCESS_KEY_ID and _SECRET_ACCESS_KEY."

/** The distribution's own, for which the compiled modules of its packages are made; not the first on the PATH. */
export const python = "/usr/bin/python3"

/** Runs a command to its end and gives what it wrote. A failure says what was tried, and what the command said of it. */
export const run = (purpose: string, file: string, args: ReadonlyArray<string>, cwd?: string): Promise<string> =>
  new Promise((done, failed) => {
    execFile(file, args, { cwd, env: { ...process.env, LC_ALL: "C" } }, (error, stdout, stderr) => {
      if (error === null) return done(stdout)
      const lines = stderr.trim().split("\n")
      const said = lines.find((line) => line.startsWith("E: ")) ?? lines.at(-1)
      failed(new Error(`Could not ${purpose}: ${said || error.message}`))
    })
  })

/** The folder with the unpacked packages, filled the first time. */
export const unpacked = async (): Promise<string> => {
  if (!existsSync(python)) throw new Error(`There is no ${python}`)
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "kalshibook")
  const folder = join(cache, `swift-${await distribution()}-${process.arch}`)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const names = await missingPackages()
  const aside = await mkdtemp(join(cache, "new-"))
  try {
    const root = join(aside, "root")
    await mkdir(root)
    if (names.length > 0) await run("fetch packages", "apt-get", ["download", "-q", ...names], aside)
    for (const file of await readdir(aside)) {
      if (file.endsWith(".deb")) await run(`unpack ${file}`, "dpkg-deb", ["-x", file, "root"], aside)
    }
    // Another test file may have been faster: its folder is as good as this one.
    await rename(root, folder).catch((cause) => {
      if (!existsSync(folder)) throw cause
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  return folder
}

/** Such as `debian-12`. */
const distribution = async (): Promise<string> => {
  const text = (await readFile("/etc/os-release", "utf8").catch(() => "")).replaceAll('"', "")
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "unknown"
  return `${value("ID")}-${value("VERSION_ID")}`
}

/** What the two need beyond what is installed. The installation is only simulated, so the system stays as it is. */
const missingPackages = async (): Promise<ReadonlyArray<string>> => {
  const lists = ["indextargets", "--format", "$(FILENAME)", "Created-By: Packages"]
  if ((await run("find package lists", "apt-get", lists)) === "") await run("read package lists", "apt-get", ["update"])
  const plan = ["install", "--simulate", "--no-install-recommends", ...wanted]
  const text = await run("plan an installation", "apt-get", plan)
  return [...text.matchAll(/^Inst (\S+)/gm)].map(([, name = ""]) => name)
}
