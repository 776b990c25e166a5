/** The command line of `npm run demo-history`. */
import { parseArgs } from "node:util"
import { Result } from "effect"

export const usage = `npm run demo-history -- [options]

Fills a system that has no data yet, or none of these days, with past days of a made-up exchange: through the real recorder, into the
hot tier. Run it before npm start; the made-up markets have DEMO in their tickers.

  --days N                how many days (3)
  --markets N             markets open at a time, 5 to 10000 (60)
  --deltas-per-second R   changes of books a second, 1 to 50000 (10)
  --seed S                another seed, other days (1)
  --until TIME            when the last day ends, ISO 8601 (now)
  --help                  this text`

export interface DemoArguments {
  readonly days: number
  readonly markets: number
  readonly deltasPerSecond: number
  readonly seed: number
  /** Unix microseconds. */
  readonly untilMicros: number
  readonly isHelp: boolean
}

const minuteMicros = 60_000_000
export const dayMicros = 86_400_000_000
const daysMax = 366

/** Fails with a sentence. */
export const parse = (args: ReadonlyArray<string>, nowMicros: number): Result.Result<DemoArguments, string> => {
  const parsed = Result.try({
    try: () =>
      parseArgs({
        args: [...args],
        options: {
          days: { type: "string" },
          markets: { type: "string" },
          "deltas-per-second": { type: "string" },
          seed: { type: "string" },
          until: { type: "string" },
          help: { type: "boolean" }
        }
      }).values,
    catch: (cause) => (cause instanceof Error ? (cause.message.split(". ")[0] ?? "") : String(cause))
  })
  return Result.flatMap(parsed, (values) => {
    for (const [name, low, high] of numbers) {
      const text = values[name]
      if (text === undefined || (/^\d{1,10}(\.\d+)?$/.test(text) && Number(text) >= low && Number(text) <= high))
        continue
      return Result.fail(`--${name} must be a number from ${low} to ${high}, not "${text}"`)
    }
    const whole = (["markets", "seed"] as const).find((name) => !Number.isInteger(Number(values[name] ?? 0)))
    if (whole !== undefined) return Result.fail(`--${whole} must be a whole number`)
    const untilMicros = values.until === undefined ? nowMicros - (nowMicros % minuteMicros) : microsOf(values.until)
    if (untilMicros === undefined) return Result.fail(`--until must be a time such as 2026-11-21T00:00:00Z`)
    if (untilMicros > nowMicros) return Result.fail("--until lies in the future, of which nothing can be recorded")
    return Result.succeed({
      days: Number(values.days ?? 3),
      markets: Number(values.markets ?? 60),
      deltasPerSecond: Number(values["deltas-per-second"] ?? 10),
      seed: Number(values.seed ?? 1),
      untilMicros,
      isHelp: values.help === true
    })
  })
}

const numbers = [
  ["days", 0.01, daysMax],
  ["markets", 5, 10_000],
  ["deltas-per-second", 1, 50_000],
  ["seed", 0, 0xffffffff]
] as const

const microsOf = (text: string): number | undefined => {
  const millis = /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(millis) ? undefined : millis * 1000
}
