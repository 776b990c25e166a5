/**
 * What the environment says about a start, checked as a whole before anything begins (`Environment`): one message for each problem, none
 * of them hidden behind another. What only one program reads it reads itself, once checked here.
 */
import fs from "node:fs"
import path from "node:path"
import * as SignInSettings from "@kalshibook/api/SignInSettings"
import * as Environment from "@kalshibook/core/settings/Environment"
import { Option, Result } from "effect"

export interface StartSettings {
  /** Where the database, the log and all else that is kept lives. Absolute. */
  readonly dataFolder: string
  readonly apiHost: string
  /** 0: any free one. */
  readonly apiPort: number
  /** Where the simulated exchange listens, when there is one. 0: any free port. */
  readonly simulatorPort: number
  /** Which exchange is recorded: Kalshi's, an invented one, or the recorded frames of a file. The last two run in a process of ours. */
  readonly exchange: "kalshi" | "simulator" | "recording"
  /** The built site that is served; the one of this clone, built when it has to be, where it is `undefined`. Absolute. */
  readonly siteFolder: string | undefined
  /** Of the log in the data folder. */
  readonly logFormat: "logfmt" | "json"
  /** Where people sign in. */
  readonly signIn: SignInSettings.SignInSettings
  /** What is worth a word and keeps nothing from starting. */
  readonly warnings: ReadonlyArray<string>
}

/** All settings, or every problem with them as a sentence that names the variable. */
export const read = (
  variables: Environment.Variables,
  folder: string
): Result.Result<StartSettings, ReadonlyArray<string>> => {
  const { problems, warnings } = Environment.check("start", variables)
  const settings = Result.all({
    dataFolder: setting(variables, "KALSHIBOOK_DATA_DIR"),
    apiHost: setting(variables, "KALSHIBOOK_API_HOST"),
    apiPort: setting(variables, "KALSHIBOOK_API_PORT"),
    simulatorPort: setting(variables, "KALSHIBOOK_SIMULATOR_PORT"),
    keyId: setting(variables, "KALSHI_API_KEY_ID"),
    recording: setting(variables, "KALSHIBOOK_SIMULATOR_RECORDING"),
    site: setting(variables, "KALSHIBOOK_SITE_DIR"),
    logFormat: setting(variables, "KALSHIBOOK_LOG_FORMAT")
  })
  if (problems.length > 0 || Result.isFailure(settings)) return Result.fail(problems)
  const { apiHost, apiPort, dataFolder, keyId, logFormat, recording, simulatorPort, site } = settings.success
  if (Option.isNone(keyId) && apiPort === simulatorPort && apiPort !== 0) {
    return Result.fail([`KALSHIBOOK_API_PORT and KALSHIBOOK_SIMULATOR_PORT are both ${apiPort}: choose two.`])
  }
  const siteFolder = Option.getOrUndefined(Option.map(site, (to) => path.resolve(folder, to)))
  if (siteFolder !== undefined && !fs.existsSync(path.join(siteFolder, "pages.json"))) {
    return Result.fail([`KALSHIBOOK_SITE_DIR must be the folder of a built site; there is none in ${siteFolder}.`])
  }
  const data = path.resolve(folder, dataFolder)
  const signIn = SignInSettings.read(
    (name) => (name === "KALSHIBOOK_DATA_DIR" ? data : variables[name]?.trim() || undefined),
    apiHost
  )
  if (Result.isFailure(signIn)) return Result.fail(signIn.failure)
  return Result.succeed({
    dataFolder: data,
    apiHost,
    signIn: signIn.success,
    apiPort,
    simulatorPort,
    exchange: Option.isSome(keyId) ? "kalshi" : Option.isNone(recording) ? "simulator" : "recording",
    siteFolder,
    logFormat: Option.contains(logFormat, "json") ? "json" : "logfmt",
    warnings
  })
}

/** What a start reads itself; a problem with it is among those of the whole. */
const setting = <Name extends Environment.SettingName>(variables: Environment.Variables, name: Name) =>
  Environment.parse(name, variables[name])
