/** The command line of `npm run archive`. */
import { parseArgs } from "node:util"
import { dayMicros, hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { microsFromIso } from "@kalshibook/core/Units"
import { Option, Result } from "effect"

export const usage = `npm run archive -- <command> [options]

  list       the sealed hours and days: revision, records, bytes, when, why
  seal       seals every hour that is due, and makes the files of days; --hour seals that one
  backfill   the same for all hours since the first recorded one, up to --to
  reseal     seals hours again, as a new revision where they are not the same; needs --hour, or --from and --to, and --reason.
             What is damaged in the bucket and has left the database comes from the tape
  verify     reads every object back and holds it to what was sealed; ends with 1 when something is wrong

  --hour H         an hour: 2026-11-21T13
  --from T, --to T hours that begin in [from, to): 2026-11-21, 2026-11-21T13
  --days           days in place of hours (list, verify)
  --reason TEXT    why, for the manifest (reseal)
  --json           one JSON object a line
  --help           this text

The database, the bucket and the data folder are those of the environment. Nothing is ever removed or pruned here.`

export const commands = ["list", "seal", "backfill", "reseal", "verify"] as const
export type ArchiveCommand = (typeof commands)[number]

export interface ArchiveArguments {
  readonly command: ArchiveCommand
  /** Hours that begin in [from, to), Unix microseconds. */
  readonly fromMicros: number
  readonly toMicros: number
  readonly hasRange: boolean
  readonly span: "hour" | "day"
  readonly reason: string
  readonly isJson: boolean
}

/** What to do, `help`, or a sentence that says what is wrong. */
export const parse = (args: ReadonlyArray<string>): Result.Result<ArchiveArguments | "help", string> => {
  const parsed = Result.try({
    try: () =>
      parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
          hour: { type: "string" },
          from: { type: "string" },
          to: { type: "string" },
          days: { type: "boolean" },
          reason: { type: "string" },
          json: { type: "boolean" },
          help: { type: "boolean" }
        }
      }),
    catch: (cause) => (cause instanceof Error ? (cause.message.split(". ")[0] ?? "") : String(cause))
  })
  return Result.flatMap(parsed, ({ positionals, values }): Result.Result<ArchiveArguments | "help", string> => {
    if (values.help === true) return Result.succeed("help")
    const command = commands.find((known) => known === positionals[0])
    if (command === undefined || positionals.length > 1) {
      return Result.fail(`Which command? There are: ${commands.join(", ")}`)
    }
    const [hour, from, to] = [momentOf(values.hour), momentOf(values.from), momentOf(values.to)]
    for (const [option, moment] of [
      ["hour", hour],
      ["from", from],
      ["to", to]
    ] as const) {
      if (moment === "wrong") return Result.fail(`--${option} needs an hour or a date, such as 2026-11-21T13`)
    }
    if (hour !== undefined && (from !== undefined || to !== undefined)) {
      return Result.fail("Give --hour, or --from and --to")
    }
    const fromMicros = Number(hour ?? from ?? 0)
    const toMicros = hour === undefined ? Number(to ?? Number.MAX_SAFE_INTEGER) : Number(hour) + hourMicros
    const hasRange = hour !== undefined || (from !== undefined && to !== undefined)
    const reason = values.reason?.trim() ?? ""
    if (command === "reseal" && !hasRange) return Result.fail("Which hours? Give --hour, or --from and --to")
    if (command === "reseal" && reason === "") return Result.fail("Why? Give --reason")
    const width = values.days === true ? dayMicros : hourMicros
    return Result.succeed({
      command,
      fromMicros: fromMicros - (fromMicros % width),
      toMicros,
      hasRange,
      span: values.days === true ? "day" : "hour",
      reason,
      isJson: values.json === true
    })
  })
}

/** Beginning of the hour, Unix microseconds. */
const momentOf = (text: string | undefined): number | "wrong" | undefined => {
  if (text === undefined) return undefined
  const iso = /^\d{4}-\d\d-\d\dT\d\d$/.test(text) ? `${text}:00Z` : text
  return Option.match(microsFromIso(iso), { onNone: () => "wrong", onSome: (micros) => micros - (micros % hourMicros) })
}
