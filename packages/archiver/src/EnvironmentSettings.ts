/**
 * The archiver's settings as the environment gives them, checked as a whole: one sentence for each problem, which names the
 * variable. Pure, and light enough to be read before anything else is loaded.
 */
import * as Result from "effect/Result"

/** What the environment may set; the rest are defaults. */
export interface EnvironmentSettings {
  readonly fileMebibytesMax: number
  readonly settleMinutes: number
  readonly hotHours: number
  readonly tapeKeepHours: number
  readonly sweepHours: number
}

/**
 * Whole numbers, each with its range. An hour stays hot for two at least: a record may still come for the one before the current.
 * What is left over stays for an hour at least: another archiver may be about to commit it.
 */
const ranges: ReadonlyArray<readonly [keyof EnvironmentSettings, variable: string, low: number, high: number]> = [
  ["fileMebibytesMax", "KALSHIBOOK_SEGMENT_FILE_MEBIBYTES", 1, 1_024],
  ["settleMinutes", "KALSHIBOOK_SEAL_SETTLE_MINUTES", 0, 1_440],
  ["hotHours", "KALSHIBOOK_HOT_HOURS", 2, 1_000_000],
  ["tapeKeepHours", "KALSHIBOOK_TAPE_KEEP_HOURS", 1, 1_000_000],
  ["sweepHours", "KALSHIBOOK_SWEEP_HOURS", 1, 1_000_000]
]

/** All variables that are read here. */
export const variables: ReadonlyArray<string> = ranges.map(([, variable]) => variable)

/** What is set, or every problem with it. An empty variable counts as absent. */
export const read = (
  environment: (variable: string) => string | undefined
): Result.Result<Partial<EnvironmentSettings>, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const set: { -readonly [Name in keyof EnvironmentSettings]?: EnvironmentSettings[Name] } = {}
  for (const [name, variable, low, high] of ranges) {
    const value = environment(variable)?.trim() || undefined
    if (value === undefined) continue
    if (/^\d+$/.test(value) && Number(value) >= low && Number(value) <= high) set[name] = Number(value)
    else problems.push(`${variable} must be a whole number from ${low} to ${high}, not "${value}".`)
  }
  return problems.length > 0 ? Result.fail(problems) : Result.succeed(set)
}
