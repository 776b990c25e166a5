/**
 * OpenStack Swift with its s3api as an S3 server on a free port, for as long as a scope: an implementation that is not ours and checks
 * signatures, expiry, ranges, parts and pages. A process, memcached for its multipart uploads, and a folder for all of it.
 *
 * Other than S3 proper it answers 501 to conditional PUTs, which shows that nothing depends on them.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, existsSync, openSync, readFileSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { userInfo } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import { temporaryDiskFolder } from "../PgTest.ts"
import * as SwiftPackages from "./SwiftPackages.ts"

export const accessKeyId = "test:tester"
export const secretAccessKey = "testing"
export const region = "us-east-1"

/** S3 proper wants 5 MiB. */
export const partBytesMin = 256 * 1024

const stopMillisMax = 3_000
const pollMillis = 10
const storage = ["account", "container", "object"] as const

interface Daemon {
  readonly name: string
  readonly child: ChildProcess
  readonly log: string
}

/** Starts it; the address of S3. Fails with a sentence for people. */
export const start: Effect.Effect<string, Error, Scope.Scope> = Effect.gen(function* () {
  const unpacked = yield* attempt(SwiftPackages.unpacked)
  const folder = yield* temporaryDiskFolder
  yield* attempt(() => prepare(folder))
  const env = environment(folder, unpacked)
  const memcached = yield* daemon("memcached", folder, env, [
    [join(unpacked, "usr/bin/memcached"), "/usr/bin/memcached"].find((path) => existsSync(path)) ?? "memcached",
    ...["-l", "127.0.0.1", "-p", "-1", "-m", "32"],
    // As root it does not run without being told to.
    ...(process.getuid?.() === 0 ? ["-u", userInfo().username] : [])
  ])
  const filters = proxyFilters(yield* memcachedPortOf(memcached, env.MEMCACHED_PORT_FILENAME))
  yield* attempt(() => writeFile(join(folder, "etc/proxy.conf"), configuration(folder, "proxy", filters)))
  const swift = yield* daemon("swift", folder, env, [SwiftPackages.python, "-s", program, join(folder, "etc")])
  return `http://127.0.0.1:${yield* line(swift)}`
}).pipe(
  Effect.mapError((error) => new Error(`There is no S3 server to test with. ${error.message}. ${SwiftPackages.remedy}`))
)

const program = fileURLToPath(new URL("swift-server.py", import.meta.url))

const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, Error> =>
  Effect.tryPromise({ try: run, catch: (cause) => (cause instanceof Error ? cause : new Error(String(cause))) })

/** Makes the folders and what Swift reads. */
const prepare = async (folder: string): Promise<void> => {
  for (const each of ["etc", "log", "srv/disk"]) await mkdir(join(folder, each), { recursive: true })
  const attributes = "import os, sys; os.setxattr(sys.argv[1], 'user.test', b'1')"
  await SwiftPackages.run(
    `keep extended attributes in ${folder} (KALSHIBOOK_TEST_DISK_DIR may lead to an ext4, xfs or btrfs)`,
    SwiftPackages.python,
    ["-I", "-c", attributes, join(folder, "srv")]
  )
  await writeFile(
    join(folder, "etc/swift.conf"),
    "[swift-hash]\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = Policy-0\ndefault = yes\n"
  )
  for (const kind of storage) await writeFile(join(folder, `etc/${kind}.conf`), configuration(folder, kind, {}))
}

const environment = (folder: string, unpacked: string) => {
  const libraries = `${{ x64: "x86_64", arm64: "aarch64" }[process.arch as string]}-linux-gnu`
  return {
    PATH: process.env["PATH"],
    LD_LIBRARY_PATH: ["usr/lib", "lib"].map((each) => join(unpacked, each, libraries)).join(":"),
    PYTHONPATH: join(unpacked, "usr/lib/python3/dist-packages"),
    // No name is looked up here, and without it the start is quicker.
    EVENTLET_NO_GREENDNS: "yes",
    // Where memcached tells the port that it got.
    MEMCACHED_PORT_FILENAME: join(folder, "etc/memcached.port")
  }
}

/**
 * Logs go to stderr and not to the machine's syslog (port 9 is the one that discards). Timeouts are long and errors suspend no
 * server, so that a busy machine makes a test slow but does not make it fail.
 */
const configuration = (folder: string, kind: string, filters: Readonly<Record<string, string>>): string => `[DEFAULT]
workers = 0
bind_port = 0
swift_dir = ${join(folder, "etc")}
devices = ${join(folder, "srv")}
mount_check = false
fallocate_reserve = 0
log_level = WARNING
log_udp_host = 127.0.0.1
log_udp_port = 9
conn_timeout = 10
node_timeout = 60
container_update_timeout = 60
error_suppression_interval = 0
account_autocreate = true
[pipeline:main]
pipeline = ${[...Object.keys(filters), `${kind}-server`].join(" ")}
[app:${kind}-server]
use = egg:swift#${kind}
${Object.entries(filters)
  .map(([name, line]) => `[filter:${name}]\nuse = egg:swift#${name}\n${line}\n`)
  .join("")}`

const proxyFilters = (memcachedPort: string) => ({
  catch_errors: "",
  memcache: `memcache_servers = 127.0.0.1:${memcachedPort}`,
  listing_formats: "",
  s3api: `location = ${region}\nmin_segment_size = ${partBytesMin}`,
  tempauth: `user_${accessKeyId.replace(":", "_")} = ${secretAccessKey} .admin`,
  bulk: "",
  slo: "",
  dlo: ""
})

/** A process for as long as the scope. `setpriv`: the kernel ends it when this process is killed outright. */
const daemon = (name: string, folder: string, env: NodeJS.ProcessEnv, command: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    attempt(async (): Promise<Daemon> => {
      const log = join(folder, "log", `${name}.log`)
      const output = openSync(log, "w")
      const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
        env,
        stdio: ["pipe", "pipe", output]
      })
      closeSync(output)
      // Writing to one that has ended fails; that it has is seen by its exit.
      child.stdin?.on("error", () => undefined)
      await new Promise((started, failed) => child.once("spawn", started).once("error", failed))
      return { name, child, log }
    }),
    ({ child }) =>
      Effect.promise(async () => {
        const ended = new Promise((resolve) => child.once("exit", resolve))
        if (hasEnded(child)) return
        child.kill("SIGTERM")
        const timer = setTimeout(() => child.kill("SIGKILL"), stopMillisMax)
        await ended
        clearTimeout(timer)
      })
  )

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const endOf = ({ name, log }: Daemon): Error =>
  new Error(`${name} ended: ${readFileSync(log, "utf8").trim().split("\n").at(-1)}`)

/** The next line that it writes. */
const line = (each: Daemon): Effect.Effect<string, Error> =>
  Effect.callback((resume) => {
    if (each.child.stdout === null) return resume(Effect.die("no stdout"))
    createInterface(each.child.stdout).once("line", (text) => resume(Effect.succeed(text)))
    if (hasEnded(each.child)) resume(Effect.fail(endOf(each)))
    else each.child.once("exit", () => resume(Effect.fail(endOf(each))))
  })

const memcachedPortOf = Effect.fnUntraced(function* (memcached: Daemon, file: string) {
  while (true) {
    const text = yield* Effect.promise(() => readFile(file, "utf8").catch(() => ""))
    const port = /TCP INET: (\d+)/.exec(text)?.[1]
    if (port !== undefined) return port
    if (hasEnded(memcached.child)) return yield* Effect.fail(endOf(memcached))
    yield* Effect.sleep(pollMillis)
  }
})
