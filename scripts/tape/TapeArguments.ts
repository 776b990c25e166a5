/** The command line of `npm run tape`. */
import { parseArgs } from "node:util"
import { type TapeEntryKind, tapeEntryKinds } from "@kalshibook/core/TapeEntry"
import { Result } from "effect"

export const usage = `npm run tape -- <files or folders> [options]

Prints a tape: one line an entry, with number, time of receipt, kind, epoch and body.

  --from N, --to N   entries with these numbers
  --kind KIND        ${tapeEntryKinds.join(", ")}; several with commas
  --epoch N          entries of this connection
  --ticker TICKER    entries in which this ticker stands
  --grep TEXT        entries in which this text stands
  --json             one JSON object a line
  --summary          how many entries of which kind, instead of the entries
  --verify           checks every checksum, number and time, instead of printing; ends with 1 when something is wrong
  --help             this text`

export interface TapeArguments {
  /** Files and folders, as they were given. */
  readonly paths: ReadonlyArray<string>
  readonly fromEntry: number
  readonly toEntry: number
  readonly kinds: ReadonlyArray<TapeEntryKind>
  readonly epoch: number | undefined
  /** Texts that must all stand in the body. */
  readonly texts: ReadonlyArray<string>
  readonly isJson: boolean
  readonly isSummary: boolean
  readonly isVerifying: boolean
  readonly isHelp: boolean
}

/** Fails with a sentence. */
export const parse = (args: ReadonlyArray<string>): Result.Result<TapeArguments, string> => {
  const parsed = Result.try({
    try: () =>
      parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
          from: { type: "string" },
          to: { type: "string" },
          kind: { type: "string", multiple: true },
          epoch: { type: "string" },
          ticker: { type: "string" },
          grep: { type: "string" },
          json: { type: "boolean" },
          summary: { type: "boolean" },
          verify: { type: "boolean" },
          help: { type: "boolean" }
        }
      }),
    catch: (cause) => (cause instanceof Error ? (cause.message.split(". ")[0] ?? "") : String(cause))
  })
  return Result.flatMap(parsed, ({ positionals, values }) => {
    const kinds = values.kind?.flatMap((text) => text.split(",")) ?? tapeEntryKinds
    const unknown = kinds.find((kind) => !tapeEntryKinds.some((known) => known === kind))
    if (unknown !== undefined) return Result.fail(`Unknown kind "${unknown}". There are: ${tapeEntryKinds.join(", ")}`)
    for (const option of ["from", "to", "epoch"] as const) {
      const text = values[option]
      if (text !== undefined && !/^\d{1,15}$/.test(text))
        return Result.fail(`--${option} needs a number, not "${text}"`)
    }
    const isHelp = values.help === true
    if (positionals.length === 0 && !isHelp) return Result.fail("Which tape? Name its folder, or files of it")
    return Result.succeed({
      paths: positionals,
      fromEntry: Number(values.from ?? 1),
      toEntry: Number(values.to ?? Number.MAX_SAFE_INTEGER),
      kinds: tapeEntryKinds.filter((kind) => kinds.includes(kind)),
      epoch: values.epoch === undefined ? undefined : Number(values.epoch),
      texts: [
        ...(values.ticker === undefined ? [] : [`"${values.ticker}"`]),
        ...(values.grep === undefined ? [] : [values.grep])
      ],
      isJson: values.json === true,
      isSummary: values.summary === true,
      isVerifying: values.verify === true,
      isHelp
    })
  })
}
