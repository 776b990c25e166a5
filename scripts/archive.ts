/** `npm run archive`: seals, lists and verifies the cold tier by hand, also beside a running system. */
import { Archiver } from "@kalshibook/archiver/Archiver"
import * as ArchiverParts from "@kalshibook/archiver/ArchiverParts"
import { Settings } from "@kalshibook/archiver/ArchiverSettings"
import * as ParquetMaker from "@kalshibook/archiver/ParquetMaker"
import { nameOf } from "@kalshibook/archiver/SealedManifest"
import { type SealError, type Sealed, Sealer } from "@kalshibook/archiver/Sealer"
import { Verifier, type VerifyError } from "@kalshibook/archiver/Verifier"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { isoFromMicros } from "@kalshibook/core/Units"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { type Segment, Segments } from "@kalshibook/store/cold/Segments"
import * as Database from "@kalshibook/store/Database"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Cause, Clock, Effect, Exit, Layer, Logger, Result } from "effect"
import * as ArchiveArguments from "./archive/ArchiveArguments.ts"

/** Whoever reads us may have had enough (`| head`): that is no failure. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))

const refuse = (problem: string): never => {
  process.stderr.write(`${problem}\n`)
  process.exit(2)
}

const found = Result.getOrElse(ArchiveArguments.parse(process.argv.slice(2)), (problem) =>
  refuse(`${problem}. See: npm run archive -- --help`)
)
if (found === "help") {
  process.stdout.write(`${ArchiveArguments.usage}\n`)
  process.exit(0)
}
const { command, fromMicros, isJson, reason, span, toMicros, hasRange } = found

const print = (line: string, fields: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${isJson ? JSON.stringify(fields) : line}\n`)
}

const fieldsOf = (segment: Segment) => ({
  span: segment.span._tag,
  from: isoFromMicros(segment.span.fromMicros),
  revision: segment.revision,
  records: segment.records,
  rows: segment.rows,
  markets: segment.markets,
  bytes: segment.bytes,
  manifest: segment.manifestKey,
  sealed: isoFromMicros(segment.tsSealedMicros),
  verified: isoFromMicros(segment.tsVerifiedMicros),
  reason: segment.reason
})

/** With separators, in a column. */
const count = (value: number, width: number): string => value.toLocaleString("en-US").padStart(width)

const sayNone = (): void => {
  if (!isJson) process.stdout.write(`no ${span} of that time is sealed\n`)
}

const lineOf = (segment: Segment): string => {
  const { bytes, markets, reason: why, records, revision, tsSealedMicros } = segment
  const size = `${count(records, 12)} records  ${count(markets, 7)} markets  ${count(Math.ceil(bytes / 1_024), 10)} KiB`
  const note = why === null ? "" : `, because: ${why}`
  return `${nameOf(segment.span).padEnd(13)} r${revision}  ${size}  sealed ${isoFromMicros(tsSealedMicros).slice(0, 19)}Z${note}`
}

const tell = ({ outcome, segment }: Sealed): void =>
  print(`${outcome.padEnd(9)} ${lineOf(segment)}`, { outcome, ...fieldsOf(segment) })

const list = Effect.gen(function* () {
  const segments = yield* (yield* Segments).list(span, fromMicros, toMicros)
  for (const segment of segments) print(lineOf(segment), fieldsOf(segment))
  if (segments.length === 0) sayNone()
  return 0
})

const verify = Effect.gen(function* () {
  const verifier = yield* Verifier
  const segments = yield* (yield* Segments).list(span, fromMicros, toMicros)
  if (segments.length === 0) {
    sayNone()
    return 0
  }
  let wrong = 0
  for (const segment of segments) {
    const problems = yield* verifier.problems(segment)
    if (problems.length > 0) wrong++
    print(`${problems.length === 0 ? "whole    " : "DAMAGED  "} ${lineOf(segment)}`, { ...fieldsOf(segment), problems })
    if (!isJson) for (const problem of problems) process.stdout.write(`          ${problem}\n`)
  }
  if (!isJson)
    process.stdout.write(`${count(segments.length, 0)} read: ${wrong === 0 ? "all are whole" : `${wrong} DAMAGED`}\n`)
  return wrong === 0 ? 0 : 1
})

/** What the archiver would do by itself, but for pruning, tapes and sweeping. */
const seal = Effect.gen(function* () {
  const sealer = yield* Sealer
  if (hasRange) {
    for (let hour = fromMicros; hour < toMicros; hour += hourMicros) tell(yield* sealer.hour(hour))
    return 0
  }
  const { problems } = yield* (yield* Archiver).seal(toMicros, tell)
  for (const [part, problem] of problems) process.stderr.write(`${part}: ${problem}\n`)
  return problems.size === 0 ? 0 : 1
})

const reseal = Effect.gen(function* () {
  const marks = yield* SegmentMarks
  const sealer = yield* Sealer
  for (const { span: sealed } of yield* (yield* Segments).list("hour", fromMicros, toMicros)) {
    const tsMarkedMicros = (yield* Clock.currentTimeMillis) * 1_000
    yield* marks.set({ hourMicros: sealed.fromMicros, reason, tsMarkedMicros })
    tell(yield* sealer.hour(sealed.fromMicros))
  }
  return 0
})

type Failure = SealError | VerifyError | HotTierError
const programs: Record<ArchiveArguments.ArchiveCommand, Effect.Effect<number, Failure, ArchiverParts.Parts>> = {
  list,
  verify,
  seal,
  backfill: seal,
  reseal
}

const layer = ArchiverParts.layer.pipe(
  Layer.provideMerge(ParquetMaker.layer),
  Layer.provideMerge(Database.layerBeside),
  Layer.provideMerge(Layer.mergeAll(ObjectStore.layer, Settings.layer)),
  // What is to be known is printed; what else is said goes where it does not get between.
  Layer.provideMerge(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]))
)

const exit = await Effect.runPromiseExit(programs[command].pipe(Effect.provide(layer)))
if (Exit.isSuccess(exit)) process.exitCode = exit.value
else {
  const error = Cause.squash(exit.cause)
  refuse(`npm run archive: ${error instanceof Error ? error.message : String(error)}`)
}
