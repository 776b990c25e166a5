/** What the simulator takes from the environment when it runs alone. */
import * as Environment from "@kalshibook/core/settings/Environment"
import { Config, type Option } from "effect"

export interface SimulatorConfig {
  readonly port: number
  readonly marketsOpen: number
  readonly deltasPerSecond: number
  readonly seed: number
  readonly quickLifeSeconds: number
  readonly dataDir: string
  /** A file of recorded frames to serve in place of invented markets. */
  readonly recordingPath: Option.Option<string>
  readonly recordingPace: "recorded" | "as_read"
}

export const simulatorConfig: Config.Config<SimulatorConfig> = Config.all({
  port: Environment.config("KALSHIBOOK_SIMULATOR_PORT"),
  marketsOpen: Environment.config("KALSHIBOOK_SIMULATOR_MARKETS"),
  deltasPerSecond: Environment.config("KALSHIBOOK_SIMULATOR_DELTAS_PER_SECOND"),
  seed: Environment.config("KALSHIBOOK_SIMULATOR_SEED"),
  quickLifeSeconds: Environment.config("KALSHIBOOK_SIMULATOR_QUICK_LIFE_SECONDS"),
  dataDir: Environment.config("KALSHIBOOK_DATA_DIR"),
  recordingPath: Environment.config("KALSHIBOOK_SIMULATOR_RECORDING"),
  recordingPace: Environment.config("KALSHIBOOK_SIMULATOR_RECORDING_PACE")
})
