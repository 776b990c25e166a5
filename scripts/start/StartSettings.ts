/**
 * What the environment says about a start, checked as a whole before anything begins: one message for each problem, none of
 * them hidden behind another. An empty variable counts as absent. What only one program reads it reads itself, once checked here.
 */
import path from "node:path"
import * as SignInSettings from "@kalshibook/api/SignInSettings"
import * as ArchiverEnvironment from "@kalshibook/archiver/EnvironmentSettings"
import * as EnvironmentSettings from "@kalshibook/collector/EnvironmentSettings"
import * as Result from "effect/Result"

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
  /** Of the log in the data folder. */
  readonly logFormat: "logfmt" | "json"
  /** Where people sign in. */
  readonly signIn: SignInSettings.SignInSettings
}

export type Environment = Readonly<Record<string, string | undefined>>

const dataFolderDefault = ".kalshibook"
const apiPortDefault = 4_000
const simulatorPortDefault = 4_010
const portMax = 65_535

/** All settings, or every problem with them as a sentence that names the variable. */
export const read = (environment: Environment, folder: string): Result.Result<StartSettings, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const text = (name: string): string | undefined => environment[name]?.trim() || undefined

  const number = (name: string, low: number, high: number): number | undefined => {
    const value = text(name)
    if (value === undefined) return undefined
    if (/^\d+$/.test(value) && Number(value) >= low && Number(value) <= high) return Number(value)
    problems.push(`${name} must be a whole number from ${low} to ${high}, not "${value}".`)
    return undefined
  }
  const database = text("DATABASE_URL")
  if (database !== undefined && !isPostgresUrl(database)) {
    problems.push("DATABASE_URL must be the address of a Postgres: postgres://user:password@host:port/name.")
  }
  const credentials = ["KALSHI_API_KEY_ID", "KALSHI_PRIVATE_KEY", "KALSHI_PRIVATE_KEY_PATH"].filter(text)
  const isReal = credentials.length > 0
  if (isReal && text("KALSHI_API_KEY_ID") === undefined) {
    problems.push(`${credentials[0]} is set, but KALSHI_API_KEY_ID is not: set the key's id too, or neither.`)
  }
  if (isReal && credentials.length === 1 && credentials[0] === "KALSHI_API_KEY_ID") {
    problems.push("KALSHI_API_KEY_ID is set, but neither KALSHI_PRIVATE_KEY nor KALSHI_PRIVATE_KEY_PATH is.")
  }
  for (const [name, scheme] of exchangeAddresses) {
    const address = text(name)
    if (address === undefined || isAddress(address, scheme)) continue
    problems.push(`${name} must be an address that begins with ${scheme}:// or ${scheme}s://, not "${address}".`)
  }
  const apiPort = number("KALSHIBOOK_API_PORT", 0, portMax) ?? apiPortDefault
  const simulatorPort = number("KALSHIBOOK_SIMULATOR_PORT", 0, portMax) ?? simulatorPortDefault
  const logFormat = text("KALSHIBOOK_LOG_FORMAT") ?? "logfmt"
  if (!["logfmt", "json", "pretty"].includes(logFormat)) {
    problems.push(`KALSHIBOOK_LOG_FORMAT must be json, logfmt or pretty, not "${logFormat}".`)
  }
  const telemetry = text("OTEL_EXPORTER_OTLP_ENDPOINT")
  if (telemetry !== undefined && !isAddress(telemetry, "http")) {
    problems.push(
      `OTEL_EXPORTER_OTLP_ENDPOINT must be an address that begins with http:// or https://, not "${telemetry}".`
    )
  }
  number("KALSHIBOOK_SIMULATOR_MARKETS", 5, 10_000)
  number("KALSHIBOOK_SIMULATOR_DELTAS_PER_SECOND", 1, 50_000)
  number("KALSHIBOOK_SIMULATOR_SEED", 0, 0xffffffff)
  if (!isReal && apiPort === simulatorPort && apiPort !== 0) {
    problems.push(`KALSHIBOOK_API_PORT and KALSHIBOOK_SIMULATOR_PORT are both ${apiPort}: choose two.`)
  }
  problems.push(...Result.getOrElse(Result.flip(EnvironmentSettings.read(text)), () => []))
  problems.push(...Result.getOrElse(Result.flip(ArchiverEnvironment.read(text)), () => []))
  const apiHost = text("KALSHIBOOK_API_HOST") ?? "127.0.0.1"
  const dataFolder = path.resolve(folder, text("KALSHIBOOK_DATA_DIR") ?? dataFolderDefault)
  const signIn = SignInSettings.read((name) => (name === "KALSHIBOOK_DATA_DIR" ? dataFolder : text(name)), apiHost)
  if (Result.isFailure(signIn)) return Result.fail([...problems, ...signIn.failure])
  if (problems.length > 0) return Result.fail(problems)
  return Result.succeed({
    dataFolder,
    apiHost,
    signIn: signIn.success,
    apiPort,
    simulatorPort,
    exchange: isReal ? "kalshi" : text("KALSHIBOOK_SIMULATOR_RECORDING") === undefined ? "simulator" : "recording",
    logFormat: logFormat === "json" ? "json" : "logfmt"
  })
}

/** The variables that name an exchange, each with what its address begins with. */
const exchangeAddresses = [
  ["KALSHI_REST_URL", "http"],
  ["KALSHI_WS_URL", "ws"]
] as const

const isAddress = (text: string, scheme: string): boolean =>
  URL.canParse(text) && [`${scheme}:`, `${scheme}s:`].includes(new URL(text).protocol)

const isPostgresUrl = (text: string): boolean => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol)
