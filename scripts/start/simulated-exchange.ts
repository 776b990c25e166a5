/**
 * The simulated exchange as a process of its own: as busy as it is, it must not take the event loop from the recorder that it
 * tests. Its settings come as JSON on the command line; what it says goes to its parent over IPC. It ends when the parent
 * disconnects, however the parent ended.
 */
import { startSimulatedExchange } from "@kalshibook/simulator/SimulatedExchange"
import { Cause, Effect } from "effect"
import type { SimulatorMessage } from "./SimulatorProcess.ts"

const tell = (message: SimulatorMessage): void => {
  process.send?.(message)
}

const program = Effect.gen(function* () {
  const { restUrl, wsUrl, keyId, privateKeyPem } = yield* startSimulatedExchange(JSON.parse(process.argv[2] ?? "{}"))
  tell({ _tag: "ready", restUrl, wsUrl, keyId, privateKeyPem })
  return yield* Effect.never
}).pipe(Effect.scoped)

const fiber = Effect.runFork(program)
fiber.addObserver((exit) => {
  if (exit._tag === "Failure" && !Cause.hasInterruptsOnly(exit.cause)) {
    const error = Cause.squash(exit.cause)
    tell({ _tag: "failed", problem: error instanceof Error ? error.message : String(error) })
  }
  process.disconnect?.()
  process.exitCode = exit._tag === "Failure" && !Cause.hasInterruptsOnly(exit.cause) ? 1 : 0
})
process.on("disconnect", () => fiber.interruptUnsafe())
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => fiber.interruptUnsafe())
