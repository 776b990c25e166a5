/** The simulated exchange as a program: `npm run simulator`. Settings come from `KALSHIBOOK_SIMULATOR_*` (docs/settings.md). */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Environment from "@kalshibook/core/settings/Environment"
import { Console, Effect, Option, Result } from "effect"
import { SimulatorStartError, startSimulatedExchange } from "./SimulatedExchange.ts"
import { simulatorConfig } from "./SimulatorConfig.ts"
import * as KeyFile from "./server/KeyFile.ts"

const portVariable = "KALSHIBOOK_SIMULATOR_PORT"

const program = Effect.gen(function* () {
  const { problems, warnings } = Environment.check("simulator", process.env)
  yield* Effect.forEach(warnings, (warning) => Console.error(warning))
  if (problems.length > 0) return yield* refuse(problems.join("\n"))
  const { dataDir, recordingPace, recordingPath, ...settings } = yield* simulatorConfig
  const keyFile = KeyFile.open(dataDir)
  if (Result.isFailure(keyFile)) {
    return yield* new SimulatorStartError({ reason: "settings", problem: keyFile.failure })
  }
  const running = yield* startSimulatedExchange({
    ...settings,
    ownKey: keyFile.success.key,
    recording: Option.getOrUndefined(Option.map(recordingPath, (path) => ({ path, pace: recordingPace })))
  })
  yield* Console.log(
    [
      Option.match(recordingPath, {
        onNone: () =>
          `Simulated exchange: ${settings.marketsOpen} open markets, ${settings.deltasPerSecond} book changes per second, seed ${settings.seed}`,
        onSome: (path) => `Simulated exchange: the recorded frames of ${path}`
      }),
      `  websocket    ${running.wsUrl}`,
      `  REST         ${running.restUrl}`,
      `  key id       ${running.keyId}`,
      `  private key  ${keyFile.success.path}`,
      "Try:",
      `  curl '${running.restUrl}/events?status=open&with_nested_markets=true&limit=1'`
    ].join("\n")
  )
  return yield* Effect.never
})

/** Says in one line why it cannot start. */
const refuse = (problem: string): Effect.Effect<void> =>
  Effect.andThen(
    Console.error(problem),
    Effect.sync(() => {
      process.exitCode = 1
    })
  )

program.pipe(
  Effect.scoped,
  Effect.catchTags({
    SimulatorStartError: ({ problem, reason }) =>
      refuse(reason === "port_in_use" ? `${problem}; set ${portVariable} to another` : problem),
    ConfigError: ({ message }) => refuse(message)
  }),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
