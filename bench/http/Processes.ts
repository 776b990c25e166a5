/** Servers of the benchmarks as processes of their own, so that they have a core for themselves. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

export interface ServerProcess<Ready> {
  readonly ready: Ready
  readonly stop: () => Promise<void>
}

/** Starts a program beside this file; resolves with the JSON of its first line. */
export const start = async <Ready>(file: string, input?: string): Promise<ServerProcess<Ready>> => {
  const program = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] })
  if (input !== undefined) child.stdin?.write(`${input}\n`)
  const line = await firstLine(child)
  return { ready: JSON.parse(line) as Ready, stop: () => ended(child) }
}

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`a server ended with ${code}`)))
    if (child.stdout !== null) createInterface(child.stdout).once("line", resolve)
  })

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.removeAllListeners("exit").once("exit", () => resolve())
    child.stdin?.end()
  })
