/** Starts the simulated exchange as a child process, and stops it when the scope closes. */
import { type ChildProcess, spawn } from "node:child_process"
import fs from "node:fs"
import path from "node:path"
import { Data, Effect, Fiber, type Scope } from "effect"

/** What the child tells, once. */
export type SimulatorMessage =
  | {
      readonly _tag: "ready"
      readonly restUrl: string
      readonly wsUrl: string
      readonly keyId: string
      readonly privateKeyPem: string
    }
  | { readonly _tag: "failed"; readonly problem: string }

/** The simulated exchange could not be started, or ended by itself. */
export class SimulatorEnded extends Data.TaggedError("SimulatorEnded")<{ readonly message: string }> {}

export interface SimulatorProcess {
  readonly restUrl: string
  readonly wsUrl: string
  readonly keyId: string
  readonly privateKeyPem: string
  /** Fails when the process ends before it was asked to. */
  readonly ended: Effect.Effect<never, SimulatorEnded>
}

/** A child that was asked to start; `ready` waits until it has. */
export interface SimulatorStarting {
  readonly ready: Effect.Effect<SimulatorProcess, SimulatorEnded>
}

/** It has nothing to save; what does not end in this time is ended. */
const stopMillisMax = 5_000

/** Starts it on this port (0: any free one); the rest of its settings come from the environment. */
export const start = (port: number, logFile: string): Effect.Effect<SimulatorStarting, never, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawnChild(port, logFile)),
      stop
    )
    const told = yield* Effect.forkScoped(firstMessage(child, logFile), { startImmediately: true })
    const ended = Effect.flatMap(exited(child), () =>
      Effect.fail(new SimulatorEnded({ message: `The simulated exchange ended by itself; see ${logFile}` }))
    )
    return { ready: Effect.map(Fiber.join(told), ({ _tag, ...place }) => ({ ...place, ended })) }
  })

const spawnChild = (port: number, logFile: string): ChildProcess => {
  const log = fs.openSync(logFile, "w", 0o600)
  const program = path.join(import.meta.dirname, "simulated-exchange.ts")
  // The variable allows no 0.
  const { KALSHIBOOK_SIMULATOR_PORT, ...env } = process.env
  const child = spawn(process.execPath, [program, String(port)], { env, stdio: ["ignore", log, log, "ipc"] })
  fs.closeSync(log)
  return child
}

const firstMessage = (child: ChildProcess, logFile: string) =>
  Effect.callback<Extract<SimulatorMessage, { readonly _tag: "ready" }>, SimulatorEnded>((resume) => {
    const fail = (message: string) => resume(Effect.fail(new SimulatorEnded({ message })))
    child.once("error", (error) => fail(`The simulated exchange could not be started: ${error.message}`))
    child.once("exit", () => fail(`The simulated exchange ended at once; see ${logFile}`))
    child.once("message", (message: SimulatorMessage) => {
      if (message._tag === "ready") resume(Effect.succeed(message))
      else fail(`The simulated exchange could not be started: ${message.problem}`)
    })
  })

const hasExited = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const exited = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (hasExited(child) || child.pid === undefined) resume(Effect.void)
    else child.once("exit", () => resume(Effect.void))
  })

/** Disconnecting is the order to stop. A child that failed to start has no process, and must not be signalled. */
const stop = (child: ChildProcess): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (child.pid === undefined || hasExited(child)) return Effect.void
    if (child.connected) child.disconnect()
    return exited(child).pipe(
      Effect.timeoutOrElse({
        duration: stopMillisMax,
        orElse: () => Effect.sync(() => child.kill("SIGKILL"))
      }),
      Effect.asVoid
    )
  })
