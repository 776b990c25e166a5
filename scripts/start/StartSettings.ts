/**
 * What the environment says about a start, checked as a whole before anything begins: one message for each problem, none of
 * them hidden behind another. An empty variable counts as absent.
 */
import path from "node:path"
import * as Result from "effect/Result"

export interface StartSettings {
  /** Where the database, the log and all else that is kept lives. Absolute. */
  readonly dataFolder: string
  readonly apiHost: string
  /** 0: any free one. */
  readonly apiPort: number
  /** Which exchange is recorded. */
  readonly exchange: { readonly _tag: "kalshi" } | { readonly _tag: "simulator"; readonly simulator: SimulatorSettings }
}

/** The simulated exchange; an absent field takes the simulator's own default. */
export interface SimulatorSettings {
  /** 0: any free one. */
  readonly port: number
  /** How many markets are open at a time. */
  readonly marketsOpen?: number
  /** Mean changes of books per second. */
  readonly deltasPerSecond?: number
  /** The same seed gives the same exchange. */
  readonly seed?: number
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
  const optional = <Name extends string>(name: Name, value: number | undefined) =>
    (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: number }

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
  const apiPort = number("KALSHIBOOK_API_PORT", 0, portMax) ?? apiPortDefault
  const simulator: SimulatorSettings = {
    port: number("KALSHIBOOK_SIMULATOR_PORT", 0, portMax) ?? simulatorPortDefault,
    ...optional("marketsOpen", number("KALSHIBOOK_SIMULATOR_MARKETS", 5, 10_000)),
    ...optional("deltasPerSecond", number("KALSHIBOOK_SIMULATOR_DELTAS_PER_SECOND", 1, 50_000)),
    ...optional("seed", number("KALSHIBOOK_SIMULATOR_SEED", 0, 0xffffffff))
  }
  if (!isReal && apiPort === simulator.port && apiPort !== 0) {
    problems.push(`KALSHIBOOK_API_PORT and KALSHIBOOK_SIMULATOR_PORT are both ${apiPort}: choose two.`)
  }
  if (problems.length > 0) return Result.fail(problems)
  return Result.succeed({
    dataFolder: path.resolve(folder, text("KALSHIBOOK_DATA_DIR") ?? dataFolderDefault),
    apiHost: text("KALSHIBOOK_API_HOST") ?? "127.0.0.1",
    apiPort,
    exchange: isReal ? { _tag: "kalshi" } : { _tag: "simulator", simulator }
  })
}

const isPostgresUrl = (text: string): boolean => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol)
