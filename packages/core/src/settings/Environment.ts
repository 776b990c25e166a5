/**
 * All settings, and how programs get them. An empty variable counts as absent. `check` looks at a whole environment before anything
 * begins, so that every problem is told at once; `config` reads one setting, by the same rules.
 */
import { Config, ConfigProvider, Effect, Option, Result } from "effect"
import * as FeedPlace from "./FeedPlace.ts"
import type { Program, Setting } from "./Setting.ts"
import * as SettingsOfFiles from "./SettingsOfFiles.ts"
import * as SettingsOfPrograms from "./SettingsOfPrograms.ts"
import * as SettingsOfRecording from "./SettingsOfRecording.ts"
import * as SettingsOfServing from "./SettingsOfServing.ts"
import { simulatorSettings, trialSettings } from "./SettingsOfTrials.ts"

export const settings = {
  ...SettingsOfPrograms.settings,
  ...SettingsOfServing.settings,
  ...SettingsOfRecording.settings,
  ...SettingsOfFiles.settings,
  ...simulatorSettings,
  ...trialSettings
}

type Settings = typeof settings
export type SettingName = keyof Settings
type ValueOf<Name extends SettingName> = Settings[Name] extends Setting<infer A> ? A : never

export type Variables = Readonly<Record<string, string | undefined>>

/** What is wrong with an environment, in sentences that name the variable and never show a secret. */
export interface Checked {
  /** The program cannot start with them. */
  readonly problems: ReadonlyArray<string>
  /** It can, but perhaps not as somebody wished. */
  readonly warnings: ReadonlyArray<string>
}

/** One setting, from whatever holds the environment. */
export const config = <Name extends SettingName>(name: Name): Config.Config<ValueOf<Name>> =>
  Config.option(Config.String(name)).pipe(
    Config.mapEffect((given) => {
      const read = parse(name, Option.getOrUndefined(given))
      return Result.isSuccess(read) ? Effect.succeed(read.success) : Effect.fail(configError(read.failure))
    })
  )

const configError = (problem: string): Config.ConfigError =>
  new Config.ConfigError(new ConfigProvider.SourceError({ message: problem }))

/** One setting of these variables; the failure is a sentence. */
export const parse = <Name extends SettingName>(
  name: Name,
  given: string | undefined
): Result.Result<ValueOf<Name>, string> => {
  // The value of a name is what its setting reads: the table is made of both.
  const setting = settings[name] as unknown as Setting<ValueOf<Name>>
  const text = given?.trim() ?? ""
  if (text === "") return Result.succeed(setting.absent)
  return Result.mapError(setting.parse(text), (problem) => `${name} must be ${problem}.`)
}

/** Everything that is wrong for this program. */
export const check = (program: Program, variables: Variables): Checked => {
  const names = (Object.keys(settings) as ReadonlyArray<SettingName>).filter((name) =>
    settings[name].programs.includes(program)
  )
  const problems = names.flatMap((name) => {
    const read = parse<SettingName>(name, variables[name])
    return Result.isFailure(read) ? [read.failure] : []
  })
  const has = (name: SettingName): boolean => (variables[name]?.trim() ?? "") !== ""
  for (const rule of rules) {
    if (rule.programs.includes(program)) problems.push(...rule.problems(has, variables))
  }
  return { problems, warnings: Object.keys(variables).flatMap((name) => typoOf(name)) }
}

interface Rule {
  readonly programs: ReadonlyArray<Program>
  readonly problems: (has: (name: SettingName) => boolean, variables: Variables) => ReadonlyArray<string>
}

const credentials = ["KALSHI_API_KEY_ID", "KALSHI_PRIVATE_KEY", "KALSHI_PRIVATE_KEY_PATH"] as const

/** What concerns several settings together. */
const rules: ReadonlyArray<Rule> = [
  { programs: ["collector"], problems: (has) => (has("KALSHI_API_KEY_ID") ? [] : ["KALSHI_API_KEY_ID is not set."]) },
  {
    programs: ["collector", "start"],
    problems: (has) => {
      const given = credentials.filter(has)
      if (given.length === 0) return []
      if (!has("KALSHI_API_KEY_ID")) {
        return [`${given[0]} is set, but KALSHI_API_KEY_ID is not: set the key's id too, or neither.`]
      }
      return given.length > 1
        ? []
        : ["KALSHI_API_KEY_ID is set, but neither KALSHI_PRIVATE_KEY nor KALSHI_PRIVATE_KEY_PATH is."]
    }
  },
  {
    programs: ["collector", "start"],
    problems: (has, variables) => {
      const listening = Option.flatten(
        Result.getSuccess(parse("KALSHIBOOK_FEED_LISTEN", variables["KALSHIBOOK_FEED_LISTEN"]))
      )
      if (Option.isNone(listening) || listening.value === "off" || has("KALSHIBOOK_FEED_SECRET")) return []
      return FeedPlace.isLoopback(listening.value) ? [] : [FeedPlace.secretNeeded(listening.value)]
    }
  },
  {
    programs: ["archiver", "api", "start"],
    problems: (has) =>
      has("KALSHIBOOK_S3_ACCESS_KEY_ID") === has("KALSHIBOOK_S3_SECRET_ACCESS_KEY")
        ? []
        : [
            "KALSHIBOOK_S3_ACCESS_KEY_ID and KALSHIBOOK_S3_SECRET_ACCESS_KEY belong together: set the other one too, or neither."
          ]
  }
]

const ours = "KALSHIBOOK_"

/** A variable that looks like one of ours and is none, with the name that is probably meant. */
const typoOf = (name: string): ReadonlyArray<string> => {
  if (!name.startsWith(ours) || name in settings) return []
  const [nearest] = Object.keys(settings)
    .filter((known) => known.startsWith(ours))
    .map((known) => ({ known, distance: distanceOf(name.slice(ours.length), known.slice(ours.length)) }))
    .sort((one, other) => one.distance - other.distance)
  const isNear = nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(name.length / 6))
  return [`${name} is not known, and is ignored.${isNear ? ` Is ${nearest.known} meant?` : ""}`]
}

/** How many letters have to be added, left out or changed to make one of the other (Levenshtein). */
const distanceOf = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1]
    for (const [place, otherLetter] of [...other].entries()) {
      const changed = (row[place] ?? 0) + (letter === otherLetter ? 0 : 1)
      next.push(Math.min(changed, (row[place + 1] ?? 0) + 1, (next[place] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
