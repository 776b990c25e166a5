/** Starts the exchange of the ingest benchmark in a process of its own, and ends it with the scope. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"

export interface ExchangeAddress {
  readonly restUrl: string
  readonly wsUrl: string
  readonly keyId: string
  readonly privateKeyPem: string
}

const program = fileURLToPath(new URL("./exchange.ts", import.meta.url))

/** Serves the recording at `path`. Succeeds when the exchange listens. */
export const start = (path: string): Effect.Effect<ExchangeAddress, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [program, path], { stdio: ["pipe", "pipe", "inherit"] })),
    stop
  ).pipe(
    Effect.flatMap(firstLine),
    Effect.map((line): ExchangeAddress => JSON.parse(line))
  )

const firstLine = (child: ChildProcess): Effect.Effect<string> =>
  Effect.callback((resume) => {
    child.once("error", (error) => resume(Effect.die(error)))
    child.once("exit", (code) => resume(Effect.die(new Error(`the exchange ended with ${code}`))))
    if (child.stdout !== null) createInterface(child.stdout).once("line", (line) => resume(Effect.succeed(line)))
  })

const stop = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.stdin?.end()
  })
