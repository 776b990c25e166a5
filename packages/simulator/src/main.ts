/** The simulated exchange as a program: `npm run simulator`. Settings come from `KALSHIBOOK_SIMULATOR_*`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Result } from "effect"
import { SimulatorStartError, startSimulatedExchange } from "./SimulatedExchange.ts"
import { problemText, simulatorConfig } from "./SimulatorConfig.ts"
import * as KeyFile from "./server/KeyFile.ts"

const portVariable = "KALSHIBOOK_SIMULATOR_PORT"

const program = Effect.gen(function* () {
  const { dataDir, recordingPace, recordingPath, ...settings } = yield* simulatorConfig
  const keyFile = KeyFile.open(dataDir)
  if (Result.isFailure(keyFile)) {
    return yield* new SimulatorStartError({ reason: "settings", problem: keyFile.failure })
  }
  const running = yield* startSimulatedExchange({
    ...settings,
    ownKey: keyFile.success.key,
    recording: recordingPath === "" ? undefined : { path: recordingPath, pace: recordingPace }
  })
  yield* Console.log(
    [
      recordingPath === ""
        ? `Simulated exchange: ${settings.marketsOpen} open markets, ${settings.deltasPerSecond} book changes per second, seed ${settings.seed}`
        : `Simulated exchange: the recorded frames of ${recordingPath}`,
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
const refuse = (problem: string) =>
  Effect.andThen(
    Console.error(problemText(problem)),
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
