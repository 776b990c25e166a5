/** Starts the exchange of the ingest benchmarks in a process of its own, and ends it with the scope. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import type { HoseSettings, MarketOutcome } from "./Hose.ts"

export interface HoseAddress {
  readonly restUrl: string
  readonly wsUrl: string
  readonly keyId: string
  readonly privateKeyPem: string
  /** Mean length of a change's frame as it goes over the wire, without the websocket's own 4 bytes. */
  readonly frameBytesMean: number
  readonly outcomes: ReadonlyArray<readonly [string, MarketOutcome]>
}

const program = fileURLToPath(new URL("./exchange.ts", import.meta.url))

/** Makes the frames and listens; succeeds when it does. */
export const start = (settings: HoseSettings): Effect.Effect<HoseAddress, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--max-old-space-size=8192", program, JSON.stringify(settings)], {
        stdio: ["pipe", "pipe", "inherit"]
      })
    ),
    stop
  ).pipe(
    Effect.flatMap(firstLine),
    Effect.map((line): HoseAddress => JSON.parse(line))
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
