/** Entries and findings of a tape as text, and what is counted of them. */
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import { isoFromMicros } from "@kalshibook/core/Units"
import type { TapeFinding } from "@kalshibook/store/tape/TapeWalk"

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The body as text; `undefined` when it is none. */
const textOf = (body: Uint8Array): string | undefined => {
  try {
    return utf8.decode(body)
  } catch {
    return undefined
  }
}

/** What would break the line, or order the terminal about, is shown as JSON would. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) =>
    JSON.stringify(char).slice(1, -1).replace(char, "?")
  )

const numberColumns = 8
const kindColumns = 16

export const lineOf = (entry: TapeEntry): string => {
  const text = textOf(entry.body)
  const body = text === undefined ? `base64:${Buffer.from(entry.body).toString("base64")}` : printable(text)
  const number = String(entry.number).padStart(numberColumns)
  return `${number} ${isoFromMicros(entry.tsReceivedMicros)} ${entry.kind.padEnd(kindColumns)} ${entry.epoch} ${body}`
}

export const jsonOf = (entry: TapeEntry): string => {
  const text = textOf(entry.body)
  return JSON.stringify({
    number: entry.number,
    kind: entry.kind,
    epoch: entry.epoch,
    ts_received: isoFromMicros(entry.tsReceivedMicros),
    ts_received_micros: entry.tsReceivedMicros,
    ts_monotonic_micros: entry.tsMonotonicMicros,
    ...(text === undefined ? { body_base64: Buffer.from(entry.body).toString("base64") } : { body: text })
  })
}

export const findingLine = ({ bytes, entriesMissing, file, fromByte, kind, problem }: TapeFinding): string => {
  const place = bytes > 0 ? `bytes ${fromByte} to ${fromByte + bytes}: ` : ""
  const lost = entriesMissing === null ? "" : `; entries ${entriesMissing.from} to ${entriesMissing.to} are missing`
  return `${kind}  ${file}: ${place}${problem}${lost}`
}

export interface Summary {
  readonly tapes: Set<string>
  readonly segments: Set<string>
  readonly byKind: Map<string, { entries: number; bytes: number }>
  readonly epochs: Set<number>
  first: TapeEntry | undefined
  last: TapeEntry | undefined
  entries: number
  entriesMissing: number
  problems: number
}

export const makeSummary = (): Summary => ({
  tapes: new Set(),
  segments: new Set(),
  byKind: new Map(),
  epochs: new Set(),
  first: undefined,
  last: undefined,
  entries: 0,
  entriesMissing: 0,
  problems: 0
})

export const count = (summary: Summary, entry: TapeEntry): void => {
  const counts = summary.byKind.get(entry.kind) ?? { entries: 0, bytes: 0 }
  counts.entries++
  counts.bytes += entry.body.length
  summary.byKind.set(entry.kind, counts)
  summary.epochs.add(entry.epoch)
  summary.first ??= entry
  summary.last = entry
  summary.entries++
}

export const summaryLines = (summary: Summary): ReadonlyArray<string> => {
  const { first, last } = summary
  return [
    `tape      ${[...summary.tapes].join(", ") || "unknown"}`,
    `segments  ${summary.segments.size}`,
    `entries   ${summary.entries}${first === undefined || last === undefined ? "" : `, from ${first.number} to ${last.number}`}`,
    ...(first === undefined || last === undefined
      ? []
      : [`received  ${isoFromMicros(first.tsReceivedMicros)} to ${isoFromMicros(last.tsReceivedMicros)}`]),
    `epochs    ${[...summary.epochs].sort((left, right) => left - right).join(", ")}`,
    ...[...summary.byKind].map(
      ([kind, { bytes, entries }]) => `  ${kind.padEnd(kindColumns)} ${entries} entries, ${bytes} bytes`
    ),
    `missing   ${summary.entriesMissing} entries`,
    `problems  ${summary.problems}`
  ]
}

export const summaryJson = (summary: Summary): string =>
  JSON.stringify({
    tapes: [...summary.tapes],
    segments: summary.segments.size,
    entries: summary.entries,
    entry_first: summary.first?.number ?? null,
    entry_last: summary.last?.number ?? null,
    ts_received_first: summary.first === undefined ? null : isoFromMicros(summary.first.tsReceivedMicros),
    ts_received_last: summary.last === undefined ? null : isoFromMicros(summary.last.tsReceivedMicros),
    epochs: [...summary.epochs],
    kinds: Object.fromEntries(summary.byKind),
    entries_missing: summary.entriesMissing,
    problems: summary.problems
  })

/** The last line of `--verify`. */
export const verdictOf = ({ entries, entriesMissing, first, last, problems, segments }: Summary): string => {
  const scope = `${segments.size} segments, ${entries} entries${first === undefined || last === undefined ? "" : ` (${first.number} to ${last.number})`}`
  return problems === 0
    ? `whole: ${scope}`
    : `DAMAGED: ${problems} problems, ${entriesMissing} entries missing in ${scope}`
}
