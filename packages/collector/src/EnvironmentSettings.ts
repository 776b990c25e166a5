/**
 * The collector's settings as the environment gives them, checked as a whole: one sentence for each problem, which names the
 * variable. Pure, and light enough to be read before anything else is loaded.
 */
import * as Result from "effect/Result"
import * as PriorityRule from "./PriorityRule.ts"

/** What the environment may set; the rest are defaults. */
export interface EnvironmentSettings {
  readonly seriesTickers: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly marketTickers: ReadonlyArray<string>
  readonly combos: ReadonlyArray<string>
  readonly priority: PriorityRule.PriorityRule
  readonly marketsPerConnectionMax: number
  readonly connectionsMax: number
  readonly chunkMarketsMax: number
  readonly commandsPerSecondMax: number
  readonly feedTickMillis: number
}

type Numbers = Pick<
  EnvironmentSettings,
  "marketsPerConnectionMax" | "connectionsMax" | "chunkMarketsMax" | "commandsPerSecondMax" | "feedTickMillis"
>

/** Whole numbers, each with its range: up to what the exchange documents (PROTOCOL: 500,000 markets, 10,000 commands a second). */
const ranges: ReadonlyArray<readonly [keyof Numbers, variable: string, low: number, high: number]> = [
  ["marketsPerConnectionMax", "KALSHIBOOK_MARKETS_PER_CONNECTION", 1, 500_000],
  ["connectionsMax", "KALSHIBOOK_CONNECTIONS", 1, 1_000],
  ["chunkMarketsMax", "KALSHIBOOK_SUBSCRIBE_CHUNK", 1, 10_000],
  ["commandsPerSecondMax", "KALSHIBOOK_COMMANDS_PER_SECOND", 1, 10_000],
  ["feedTickMillis", "KALSHIBOOK_FEED_TICK_MILLIS", 1, 1_000]
]

const lists = [
  ["seriesTickers", "KALSHIBOOK_SERIES"],
  ["categories", "KALSHIBOOK_CATEGORIES"],
  ["marketTickers", "KALSHIBOOK_MARKETS"],
  ["combos", "KALSHIBOOK_COMBOS"]
] as const

const priorityVariable = "KALSHIBOOK_PRIORITY"

/** All variables that are read here. */
export const variables: ReadonlyArray<string> = [
  ...lists.map(([, variable]) => variable),
  priorityVariable,
  ...ranges.map(([, variable]) => variable)
]

/** What is set, or every problem with it. An empty variable counts as absent. */
export const read = (
  environment: (variable: string) => string | undefined
): Result.Result<Partial<EnvironmentSettings>, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const set: { -readonly [Name in keyof EnvironmentSettings]?: EnvironmentSettings[Name] } = {}
  const text = (variable: string): string | undefined => environment(variable)?.trim() || undefined

  for (const [name, variable, low, high] of ranges) {
    const value = text(variable)
    if (value === undefined) continue
    if (/^\d+$/.test(value) && Number(value) >= low && Number(value) <= high) set[name] = Number(value)
    else problems.push(`${variable} must be a whole number from ${low} to ${high}, not "${value}".`)
  }
  for (const [name, variable] of lists) {
    const value = text(variable)
    if (value !== undefined) set[name] = entriesOf(value)
  }
  if ((set.combos ?? []).length > 1 && set.combos?.includes("all")) {
    problems.push(`KALSHIBOOK_COMBOS must be "all" alone, or a list of event and collection tickers.`)
  }
  const rule = PriorityRule.parse(entriesOf(text(priorityVariable) ?? ""))
  if (Result.isFailure(rule)) problems.push(`${priorityVariable}: ${rule.failure}.`)
  else if (rule.success.length > 0) set.priority = rule.success
  return problems.length > 0 ? Result.fail(problems) : Result.succeed(set)
}

/** Comma-separated; spaces around an entry are not part of it. */
const entriesOf = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
