/** `npm start` as a test sees it: a process of its own with what it prints. */
import { type ChildProcess, spawn } from "node:child_process"
import path from "node:path"

const program = path.resolve(import.meta.dirname, "../../scripts/start.ts")

export interface RunningStart {
  /** All that was printed so far. */
  readonly output: () => string
  /** Resolves when the output matches; rejects when the program ends before. */
  readonly printed: (pattern: RegExp) => Promise<string>
  readonly signal: (name: NodeJS.Signals) => void
  /** Exit code. */
  readonly ended: Promise<number | null>
}

const running = new Set<ChildProcess>()

/** Starts with these variables on top of the environment, less what would lead to a real exchange or database. */
export const start = (variables: Readonly<Record<string, string>>): RunningStart => {
  const { KALSHI_API_KEY_ID, KALSHI_PRIVATE_KEY, KALSHI_PRIVATE_KEY_PATH, DATABASE_URL, ...environment } = process.env
  const child = spawn(process.execPath, [program], {
    env: { ...environment, ...variables },
    stdio: ["ignore", "pipe", "pipe", "ipc"]
  })
  running.add(child)
  let text = ""
  const listeners = new Set<() => void>()
  const heard = (chunk: Buffer): void => {
    text += chunk.toString()
    for (const listener of listeners) listener()
  }
  child.stdout?.on("data", heard)
  child.stderr?.on("data", heard)
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  const printed = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(text)
        if (match === null) return
        listeners.delete(look)
        resolve(match[1] ?? match[0])
      }
      listeners.add(look)
      look()
      void ended.then(() => reject(new Error(`ended without printing ${pattern}:\n${text}`)))
    })
  return { output: () => text, printed, signal: (name) => void child.kill(name), ended }
}

/** Ends what a failed test left running. */
export const endAll = async (): Promise<void> => {
  for (const child of running) if (child.pid !== undefined) child.kill("SIGTERM")
  await Promise.all([...running].map((child) => new Promise((resolve) => child.once("close", resolve))))
}
