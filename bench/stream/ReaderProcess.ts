/** Starts readers in a process of their own, so that what they cost is not what the server costs. */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

export interface Received {
  readonly bytes: number
  readonly frames: number
  /** Microseconds from the receipt of the oldest record of a frame to its arrival. */
  readonly p50: number
  readonly p99: number
}

export interface ReaderProcess {
  /** What came since the last question. */
  readonly ask: () => Promise<Received>
  readonly stop: () => void
}

const program = fileURLToPath(new URL("./readers.ts", import.meta.url))

export const start = async (port: number, path: string, count: number): Promise<ReaderProcess> => {
  const child = spawn(process.execPath, [program, String(port), path, String(count)], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  await lines.next()
  return {
    ask: async () => {
      child.stdin.write("\n")
      return JSON.parse(String((await lines.next()).value))
    },
    stop: () => child.stdin.end()
  }
}
