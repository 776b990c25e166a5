/**
 * The simulated exchange as a process of its own: as busy as it is, it must not take the event loop from the recorder that it
 * tests. Its port is on the command line, its other settings are in the environment; what it says goes to its parent over IPC.
 * It ends when the parent disconnects, however the parent ended.
 */
import { SimulatorStartError, startSimulatedExchange } from "@kalshibook/simulator/SimulatedExchange"
import { simulatorConfig } from "@kalshibook/simulator/SimulatorConfig"
import { Cause, Effect, Option } from "effect"
import type { SimulatorMessage } from "./SimulatorProcess.ts"

const tell = (message: SimulatorMessage): void => {
  process.send?.(message)
}

const program = Effect.gen(function* () {
  const { dataDir, recordingPace, recordingPath, port: _, ...settings } = yield* simulatorConfig
  const { restUrl, wsUrl, keyId, privateKeyPem } = yield* startSimulatedExchange({
    ...settings,
    port: Number(process.argv[2]),
    recording: Option.getOrUndefined(Option.map(recordingPath, (path) => ({ path, pace: recordingPace })))
  })
  tell({ _tag: "ready", restUrl, wsUrl, keyId, privateKeyPem })
  return yield* Effect.never
}).pipe(Effect.scoped)

const fiber = Effect.runFork(program)
fiber.addObserver((exit) => {
  if (exit._tag === "Failure" && !Cause.hasInterruptsOnly(exit.cause)) {
    const error = Cause.squash(exit.cause)
    const problem = error instanceof Error ? error.message : String(error)
    const isPortInUse = error instanceof SimulatorStartError && error.reason === "port_in_use"
    tell({
      _tag: "failed",
      problem: isPortInUse ? `${problem}; choose another with KALSHIBOOK_SIMULATOR_PORT` : problem
    })
  }
  if (process.connected) process.disconnect()
  process.exitCode = exit._tag === "Failure" && !Cause.hasInterruptsOnly(exit.cause) ? 1 : 0
})
process.on("disconnect", () => fiber.interruptUnsafe())
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => fiber.interruptUnsafe())
