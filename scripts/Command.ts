/**
 * One command of a check: runs it with this project's own programs, keeps its output, and says how it went in one line.
 *
 * Knows nothing of what the commands mean. A stop of the script stops the commands that are running.
 */
import { type ChildProcess, spawn } from "node:child_process"
import path from "node:path"

export interface Command {
  /** What is being checked, as a reader of the terminal sees it. */
  readonly title: string
  /** A program of node_modules/.bin. */
  readonly program: string
  readonly args: ReadonlyArray<string>
  /** `kept`: shown only when the command fails. `shown`: goes to the terminal as it comes. */
  readonly output: "kept" | "shown"
}

export interface Outcome {
  /** Whether the command ended with exit code 0. */
  readonly passed: boolean
  /** Milliseconds from start to end. */
  readonly durationMillis: number
}

export const root = path.dirname(import.meta.dirname)

const titleColumns = 34

const running = new Set<ChildProcess>()
let isStopping = false

const stop = (signal: NodeJS.Signals): void => {
  isStopping = true
  for (const child of running) if (child.pid !== undefined) child.kill(signal)
}

process.on("SIGINT", () => stop("SIGINT"))
process.on("SIGTERM", () => stop("SIGTERM"))
process.on("SIGHUP", () => stop("SIGTERM"))
process.on("disconnect", () => stop("SIGTERM"))

/** Runs one command to its end; prints its title with the verdict, and its output when it failed. Never rejects. */
export const run = async (command: Command): Promise<Outcome> => {
  if (isStopping) return { passed: false, durationMillis: 0 }
  const startedMillis = performance.now()
  const isKept = command.output === "kept"
  const child = spawn(path.join(root, "node_modules", ".bin", command.program), command.args, {
    cwd: root,
    stdio: isKept ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"]
  })
  running.add(child)
  const chunks: Array<Buffer> = []
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk))
  child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk))
  const code = await new Promise<number | null>((resolve) => {
    child.on("error", (error) => {
      chunks.push(Buffer.from(`${error.message}\n`))
      resolve(null)
    })
    child.on("close", resolve)
  })
  running.delete(child)
  const outcome = { passed: code === 0, durationMillis: performance.now() - startedMillis }
  say(command.title, outcome.passed ? "ok" : "FAILED", outcome.durationMillis)
  if (!outcome.passed) process.stdout.write(`\n${Buffer.concat(chunks).toString("utf8").trim()}\n\n`)
  return outcome
}

/** One line of the report: title, verdict, seconds. */
const say = (title: string, verdict: string, durationMillis: number): void => {
  process.stdout.write(`${title.padEnd(titleColumns)} ${verdict.padEnd(6)} ${(durationMillis / 1000).toFixed(1)} s\n`)
}
