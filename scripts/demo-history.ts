/** `npm run demo-history`: past days of a made-up exchange, through the real recorder into the database, before `npm start`. */
import path from "node:path"
import { Cause, Effect, Result } from "effect"
import * as DemoArguments from "./demo/DemoArguments.ts"
import * as DataFolder from "./start/DataFolder.ts"
import * as FileLog from "./start/FileLog.ts"
import * as StartSettings from "./start/StartSettings.ts"
import { runUntilStopped } from "./start/StopSignals.ts"
import * as Terminal from "./start/Terminal.ts"

const refuse = (problems: ReadonlyArray<string>): never => {
  for (const problem of problems) Terminal.problem(problem)
  process.exit(1)
}

const root = path.dirname(import.meta.dirname)
const wanted = Result.getOrElse(DemoArguments.parse(process.argv.slice(2), Date.now() * 1000), (problem) =>
  refuse([`${problem}. See: npm run demo-history -- --help`])
)
if (wanted.isHelp) {
  Terminal.line(DemoArguments.usage)
  process.exit(0)
}
const { dataFolder, logFormat } = Result.getOrElse(StartSettings.read(process.env, root), refuse)
const folderProblem = DataFolder.problem(dataFolder)
if (folderProblem !== undefined) refuse([folderProblem])

Terminal.line("KalshiBook: past days for demonstration")
Terminal.line()
const program = Effect.gen(function* () {
  const { run } = yield* Effect.promise(() => import("./demo/DemoHistory.ts"))
  return yield* run(wanted)
}).pipe(Effect.scoped, Effect.provide(FileLog.layer(path.join(dataFolder, "kalshibook.log"), logFormat)))

const exit = await runUntilStopped(program, {
  stopping: () => Terminal.line("\nStopping: the days end here ..."),
  forced: (reason) => Terminal.problem(`Ended by force: ${reason}.`)
})
if (exit._tag === "Failure" && !Cause.hasInterruptsOnly(exit.cause)) {
  const error = Cause.squash(exit.cause)
  Terminal.problem(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
process.exit(0)
