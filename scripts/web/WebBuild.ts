/**
 * Whether the built site is of these sources, and the building of it when it is not.
 *
 * The build says in `sources.sha256` of which bytes it is: compared by content, so that neither a clone nor a branch that is switched
 * to fools it. It is made aside and then takes the place of the one before, so that whoever reads the folder meanwhile finds a whole one.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import fs from "node:fs"
import path from "node:path"

const root = path.resolve(import.meta.dirname, "../..")
export const packageFolder = path.join(root, "packages", "web")

/** Where the site is served from. Not in git. */
export const siteFolder = path.join(packageFolder, "dist")
export const stampName = "sources.sha256"
/** Where it is made. */
export const buildFolder = path.join(root, "node_modules", ".cache", "site")

/** What the bytes of the site depend on; of the contract only types reach it. */
const sources = ["src", "public", "index.html", "vite.config.ts", "package.json"].map((name) =>
  path.join(packageFolder, name)
)
const ownPrograms = [path.join(import.meta.dirname, "build.ts"), path.join(root, "package-lock.json")]

const filesOf = (place: string): ReadonlyArray<string> => {
  if (!fs.existsSync(place)) return []
  if (!fs.statSync(place).isDirectory()) return [place]
  return fs
    .readdirSync(place)
    .sort()
    .flatMap((name) => filesOf(path.join(place, name)))
}

/** Of names and bytes of all sources. Some milliseconds. */
export const digest = (): string => {
  const hash = createHash("sha256")
  for (const file of [...sources, ...ownPrograms].flatMap(filesOf)) {
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(fs.readFileSync(file))
      .update("\0")
  }
  return hash.digest("hex")
}

const isBuilt = (): boolean => {
  const stamp = path.join(siteFolder, stampName)
  return fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === digest()
}

/** Of what a build says that fails: the rest repeats it. */
const linesMax = 20

let running: ChildProcess | undefined

/** Builds when the build is not of these sources. Says why it could not, else `undefined`. Never rejects. */
export const ensure = (): Promise<string | undefined> => {
  if (isBuilt()) return Promise.resolve(undefined)
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "build.ts")], {
    cwd: packageFolder,
    // Whoever runs tests is told another one, and would get the libraries' own checks with it.
    env: { ...process.env, NODE_ENV: "production", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"]
  })
  running = child
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message))
    child.once("close", (code) => {
      running = undefined
      resolve(code === 0 ? undefined : output.trim().split("\n").slice(0, linesMax).join("\n"))
    })
  })
}

/** A build that nobody waits for any more ends with its parent. */
process.once("exit", () => {
  if (running?.pid !== undefined) running.kill()
})
