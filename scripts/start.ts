/** `npm start`: all of KalshiBook on this machine, until Ctrl-C. */
import "@kalshibook/store/ProgramEngine"

import fs from "node:fs"
import path from "node:path"
import { Cause, Effect, Option, Result } from "effect"
import * as DataFolder from "./start/DataFolder.ts"
import * as FileLog from "./start/FileLog.ts"
import * as FreePorts from "./start/FreePorts.ts"
import * as SimulatorProcess from "./start/SimulatorProcess.ts"
import * as StartSettings from "./start/StartSettings.ts"
import { runUntilStopped } from "./start/StopSignals.ts"
import * as Terminal from "./start/Terminal.ts"
import * as WebBuild from "./web/WebBuild.ts"

const refuse = (problems: ReadonlyArray<string>): never => {
  for (const problem of problems) Terminal.problem(problem)
  process.exit(1)
}

const root = path.dirname(import.meta.dirname)
const settings = Result.getOrElse(StartSettings.read(process.env, root), refuse)
const { apiHost, apiPort, dataFolder, exchange, logFormat, simulatorPort } = settings
const portProblems = await Effect.runPromise(
  FreePorts.problems([
    { host: apiHost, port: apiPort, variable: "KALSHIBOOK_API_PORT" },
    ...(exchange === "kalshi"
      ? []
      : [{ host: "127.0.0.1", port: simulatorPort, variable: "KALSHIBOOK_SIMULATOR_PORT" }])
  ])
)
if (portProblems.length > 0) refuse(portProblems)
const folderProblem = DataFolder.problem(dataFolder)
if (folderProblem !== undefined) refuse([folderProblem])
for (const warning of settings.warnings) Terminal.problem(warning)
const logFile = path.join(dataFolder, "kalshibook.log")

Terminal.line("KalshiBook")
Terminal.line()
const program = Effect.gen(function* () {
  const simulator =
    exchange === "kalshi"
      ? Option.none()
      : Option.some(yield* SimulatorProcess.start(simulatorPort, path.join(dataFolder, "simulator.log")))
  const site = settings.siteFolder === undefined ? WebBuild.ensure() : Promise.resolve(undefined)
  // Loaded here, not above: this takes a second or two, in which the simulator starts as well.
  const WholeSystem = yield* Effect.promise(() => import("./start/WholeSystem.ts"))
  const siteProblem = yield* Effect.promise(() => site)
  if (siteProblem !== undefined)
    Terminal.problem(`The site could not be built; the API works without it.\n${siteProblem}`)
  return yield* WholeSystem.run(settings, simulator)
}).pipe(Effect.scoped, Effect.provide(FileLog.layer(logFile, logFormat)))

const exit = await runUntilStopped(program, {
  stopping: () => Terminal.line("\nStopping: what was received is being stored ..."),
  forced: (reason) => Terminal.problem(`Ended by force: ${reason}. The next start recovers what was not finished.`)
})
if (exit._tag === "Failure" && !Cause.hasInterruptsOnly(exit.cause)) {
  const error = Cause.squash(exit.cause)
  fs.appendFileSync(logFile, `${Cause.pretty(exit.cause)}\n`)
  Terminal.problem(
    `\n${error instanceof Error ? error.message : String(error)}\n(details in ${Terminal.shown(logFile)})`
  )
  process.exit(1)
}
Terminal.line("Stopped.")
process.exit(0)
