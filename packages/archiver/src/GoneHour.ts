/**
 * An hour whose records are not in the hot tier any more: out of the revision that counts, and what of it is missing or damaged in the
 * bucket, or was never sealed, out of the tape.
 *
 * The tape does not have trades that were filled by REST. An hour that would lose some is refused: then a hole would open again that the
 * database calls filled.
 */
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import type { Manifest, ManifestTape } from "@kalshibook/core/cold/Manifest"
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import { isoFromMicros } from "@kalshibook/core/Units"
import type * as DuckDb from "@kalshibook/store/cold/DuckDb"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import type { Openings } from "@kalshibook/store/cold/HourFromHot"
import * as HourFromTape from "@kalshibook/store/cold/HourFromTape"
import type { SideRow } from "@kalshibook/store/cold/HourSideRows"
import { Effect, Option, type Stream } from "effect"
import * as SealedFiles from "./SealedFiles.ts"
import { type MadeFile, type MakeError, SpanError } from "./SpanMaker.ts"
import * as TapeEntries from "./TapeEntries.ts"

export interface Options {
  readonly fromMicros: number
  readonly openings: Openings | undefined
  readonly tapes: ReadonlyArray<ManifestTape>
  /** The files of trades and lifecycle messages, too; otherwise the hot tier still has them. */
  readonly isPruned: boolean
  readonly folder: string
}

/** What has left with the hour; of each kind files that stay as they are, or rows. */
export interface GoneHour {
  /** With the state before the hour in front where they come from the tape. */
  readonly records: { readonly rows: Stream.Stream<LogRows.LogRows, MakeError>; readonly hasKeyframes: boolean }
  readonly trades: GoneSide | undefined
  readonly lifecycle: GoneSide | undefined
}

export type GoneSide =
  | { readonly _tag: "files"; readonly files: ReadonlyArray<MadeFile> }
  | { readonly _tag: "rows"; readonly rows: ReadonlyArray<SideRow> }

export const open = Effect.fn("GoneHour.open")(function* (db: DuckDb.DuckDb, options: Options) {
  const { folder, fromMicros, isPruned } = options
  const manifest = Option.flatten(yield* whole(fromMicros, SealedFiles.manifestOf(fromMicros)))
  const files = Effect.fnUntraced(function* (kind: SegmentKind) {
    if (Option.isNone(manifest)) return undefined
    const found = yield* whole(fromMicros, SealedFiles.fetch(manifest.value, kind, folder))
    return Option.getOrUndefined(found)
  })
  const records = yield* files("records")
  const trades = isPruned ? yield* files("trades") : []
  const lifecycle = isPruned ? yield* files("lifecycle") : []
  const isWhole = records !== undefined && trades !== undefined && lifecycle !== undefined
  const tape = isWhole ? undefined : yield* fromTape(options)
  if (tape !== undefined && trades === undefined) yield* refuseLosing(fromMicros, tape.trades.length, manifest)
  const side = (found: ReadonlyArray<MadeFile> | undefined, rows: ReadonlyArray<SideRow>): GoneSide =>
    found === undefined ? { _tag: "rows", rows } : { _tag: "files", files: found }
  const gone: GoneHour = {
    records:
      records === undefined && tape !== undefined
        ? { rows: tape.rows, hasKeyframes: true }
        : { rows: yield* SealedFiles.rowsOf(records ?? [], db), hasKeyframes: false },
    trades: isPruned ? side(trades, tape?.trades ?? []) : undefined,
    lifecycle: isPruned ? side(lifecycle, tape?.lifecycle ?? []) : undefined
  }
  return gone
})

/** `None` for what is missing or is not what was sealed. A store that is away is no such thing. */
const whole = <A, R>(fromMicros: number, read: Effect.Effect<A, MakeError, R>) =>
  read.pipe(
    Effect.map(Option.some),
    Effect.catchIf(isDamage, (error) =>
      Effect.logWarning(`the hour at ${isoFromMicros(fromMicros)} is derived from the tape: ${error.message}`).pipe(
        Effect.as(Option.none<A>())
      )
    )
  )

const isDamage = (error: MakeError): boolean =>
  error._tag === "SpanError"
    ? !error.isRetryable
    : error._tag === "ObjectStoreError" && (error.reason._tag === "NotFound" || error.reason._tag === "Corrupt")

const fromTape = Effect.fnUntraced(function* ({ folder, fromMicros, openings, tapes }: Options) {
  const [tape] = tapes
  if (tape === undefined || tapes.length > 1) {
    const where = tape === undefined ? "it is not known from which tape it came" : "it came from several tapes"
    const problem = `the records of the hour at ${isoFromMicros(fromMicros)} are not in the database any more, and ${where}`
    return yield* new SpanError({ problem, isRetryable: false })
  }
  const entries = yield* TapeEntries.open(tape, folder)
  return yield* HourFromTape.read(entries, { fromMicros, openings }).pipe(
    Effect.catchTag("TapeTorn", (error) => new SpanError({ problem: error.message, isRetryable: false }))
  )
})

const refuseLosing = Effect.fnUntraced(function* (
  fromMicros: number,
  tradesOnTape: number,
  manifest: Option.Option<Manifest>
) {
  const lost = Option.isSome(manifest)
    ? manifest.value.files.reduce((sum, { kind, rows }) => sum + (kind === "trades" ? rows : 0), 0) > tradesOnTape
    : yield* (yield* HotHours).hasFilledTrades(fromMicros)
  if (!lost) return
  const problem = `trades of the hour at ${isoFromMicros(fromMicros)} were filled by REST and are on no tape`
  return yield* new SpanError({ problem, isRetryable: false })
})
