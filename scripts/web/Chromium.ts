/**
 * The browser that tests drive: one of the system, found or, where root may install packages (Debian, Ubuntu), installed once. Playwright's
 * own download is not used.
 */
import { spawn } from "node:child_process"
import fs from "node:fs"

/** Without the windows of a whole browser, which cost a tenth of the pages' CPU, comes first. */
const places = [
  "/usr/lib/chromium/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium"
]

const remedy =
  'Install one ("apt-get update && apt-get install --no-install-recommends chromium", Debian or Ubuntu), ' +
  "or name the program of another by KALSHIBOOK_TEST_CHROMIUM."

/** The program of a Chromium; `undefined` where there is none. */
const find = (): string | undefined => {
  const named = process.env["KALSHIBOOK_TEST_CHROMIUM"]
  return named !== undefined && named !== "" ? named : places.find((place) => fs.existsSync(place))
}

/** The same for a test, which fails with what to do. */
export const program = (): string => {
  const found = find()
  if (found === undefined) throw new Error(`There is no Chromium to test pages with. ${remedy}`)
  return found
}

/** Installs one where there is none and it can be; what it says goes to the terminal only when it fails. Never rejects. */
export const ensure = async (): Promise<void> => {
  if (find() !== undefined || process.getuid?.() !== 0 || !fs.existsSync("/usr/bin/apt-get")) return
  process.stdout.write("Installing Chromium for the tests of pages (once for a machine) ...\n")
  const install = (name: string) => aptGet(["install", "-q", "-y", "--no-install-recommends", name])
  let done = await aptGet(["update", "-q"])
  // Not every system has the first one.
  if (done.isDone) done = await install("chromium-headless-shell")
  if (!done.isDone) done = await install("chromium")
  if (!done.isDone) process.stdout.write(`${done.complaint.trim().split("\n").slice(-3).join("\n")}\n${remedy}\n`)
}

const aptGet = (args: ReadonlyArray<string>) =>
  new Promise<{ readonly isDone: boolean; readonly complaint: string }>((resolve) => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
    const child = spawn("apt-get", args, { env, stdio: ["ignore", "ignore", "pipe"] })
    let complaint = ""
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()))
    child.once("error", (error) => resolve({ isDone: false, complaint: error.message }))
    child.once("close", (code) => resolve({ isDone: code === 0, complaint }))
  })
