/**
 * The browser that tests drive: one of the system, found or, where root may install packages (Debian, Ubuntu), installed once. Playwright's
 * own download is not used.
 */
import { spawn } from "node:child_process"
import fs from "node:fs"

const places = [
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
  for (const args of [
    ["update", "-q"],
    ["install", "-q", "-y", "--no-install-recommends", "chromium"]
  ]) {
    const { complaint, isDone } = await aptGet(args)
    if (isDone) continue
    process.stdout.write(`${complaint.trim().split("\n").slice(-3).join("\n")}\n${remedy}\n`)
    return
  }
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
