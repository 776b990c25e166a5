/** What the simulator takes from the environment when it runs alone. */
import { Config } from "effect"

export interface SimulatorConfig {
  readonly port: number
  readonly marketsOpen: number
  readonly deltasPerSecond: number
  readonly seed: number
  readonly quickLifeSeconds: number
  readonly dataDir: string
  /** A file of recorded frames to serve in place of invented markets; `""` for none. */
  readonly recordingPath: string
  readonly recordingPace: "recorded" | "as_read"
}

const withName = <A>(name: string, of: (name: string) => Config.Config<A>, fallback: A): Config.Config<A> =>
  of(`KALSHIBOOK_${name}`).pipe(Config.withDefault(fallback))

export const simulatorConfig: Config.Config<SimulatorConfig> = Config.all({
  port: withName("SIMULATOR_PORT", Config.Int, 4010),
  marketsOpen: withName("SIMULATOR_MARKETS", Config.Int, 60),
  deltasPerSecond: withName("SIMULATOR_DELTAS_PER_SECOND", Config.Finite, 200),
  seed: withName("SIMULATOR_SEED", Config.Int, 1),
  quickLifeSeconds: withName("SIMULATOR_QUICK_LIFE_SECONDS", Config.Finite, 900),
  dataDir: withName("DATA_DIR", Config.NonEmptyString, ".kalshibook"),
  recordingPath: withName("SIMULATOR_RECORDING", Config.String, ""),
  recordingPace: withName<"recorded" | "as_read">(
    "SIMULATOR_RECORDING_PACE",
    (name) => Config.Literals(["recorded", "as_read"], name),
    "recorded"
  )
})

/** Options by the variable that sets them, for messages to people. */
const variables: ReadonlyArray<readonly [option: RegExp, variable: string]> = [
  [/^port\b/, "KALSHIBOOK_SIMULATOR_PORT"],
  [/^marketsOpen\b/, "KALSHIBOOK_SIMULATOR_MARKETS"],
  [/^deltasPerSecond\b/, "KALSHIBOOK_SIMULATOR_DELTAS_PER_SECOND"],
  [/^seed\b/, "KALSHIBOOK_SIMULATOR_SEED"],
  [/^quickLifeSeconds\b/, "KALSHIBOOK_SIMULATOR_QUICK_LIFE_SECONDS"]
]

/** How `Config` words a variable that it cannot read. */
const unreadable = /^(?:ConfigError\()?SchemaError\(Expected (.*) at \["(\w+)"\]\)+$/

/** Why the simulator cannot start, in one line and in terms of what the caller can set. */
export const problemText = (problem: string): string =>
  variables
    .reduce((text, [option, variable]) => text.replace(option, variable), problem.replace(/\s+/g, " "))
    .replace(unreadable, "$2 must be $1")
