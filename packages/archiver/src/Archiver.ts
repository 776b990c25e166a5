/**
 * The archiver: looks every few seconds what there is to do, and does it. Hours are sealed one after the other, as soon as the
 * watermark lets them; marked ones again; then days, pruning, tapes, and sweeping.
 *
 * A part that fails is told, tried again with growing pauses, and keeps no other part from its work; hours stay hot meanwhile. All that
 * it knows is in the database, so it may be stopped at any moment, and several may run.
 */
import { hourMicros, hourOf } from "@kalshibook/core/cold/SegmentKeys"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { Segments } from "@kalshibook/store/cold/Segments"
import { HotTier } from "@kalshibook/store/HotTier"
import { Cause, Clock, Context, Duration, Effect, Exit, Layer, Option } from "effect"
import * as ArchiverMetrics from "./ArchiverMetrics.ts"
import { Settings } from "./ArchiverSettings.ts"
import { Pruner } from "./Pruner.ts"
import { nameOf } from "./SealedManifest.ts"
import { Sealer } from "./Sealer.ts"
import { Sweeper } from "./Sweeper.ts"
import { TapeUploads } from "./TapeUploads.ts"

type Needs =
  | ArchiveBoard
  | HotHours
  | HotTier
  | Pruner
  | Sealer
  | SegmentMarks
  | Segments
  | Settings
  | Sweeper
  | TapeUploads

/** What one look led to. */
export interface Round {
  /** Hours sealed for the first time, and again; days made; hours that left the hot tier. */
  readonly sealed: number
  readonly resealed: number
  readonly days: number
  readonly pruned: number
  /** By part: why it did not get on. */
  readonly problems: ReadonlyMap<Part, string>
}

export const parts = ["seal", "reseal", "days", "prune", "tapes", "sweep"] as const
export type Part = (typeof parts)[number]

export class Archiver extends Context.Service<
  Archiver,
  {
    /** Does all that there is to do now. Never fails: problems are told. */
    readonly round: Effect.Effect<Round>
    /** What did not get on in the last round, for people; `null` while all does. */
    readonly problem: () => string | null
  }
>()("@kalshibook/archiver/Archiver") {
  /** Does nothing by itself. */
  static readonly layerNoDeps: Layer.Layer<Archiver, never, Needs> = Layer.effect(
    Archiver,
    Effect.gen(function* () {
      const context = yield* Effect.context<Needs>()
      const state: State = { told: new Map(), tsSweptMillis: Number.NEGATIVE_INFINITY }
      return Archiver.of({
        round: round(state).pipe(Effect.provideContext(context)),
        problem: () => problemOf(state.told)
      })
    })
  )
}

/** One round after the other, for as long as the layer lives. */
export const runLayer: Layer.Layer<never, never, Archiver | Settings> = Layer.effectDiscard(
  Effect.gen(function* () {
    const archiver = yield* Archiver
    const { pollMillis, retryMillisMax, retryMillisMin } = yield* Settings
    const run = Effect.gen(function* () {
      let pauseMillis = pollMillis
      while (true) {
        const { problems } = yield* archiver.round
        pauseMillis =
          problems.size === 0
            ? pollMillis
            : pauseMillis === pollMillis
              ? retryMillisMin
              : Math.min(retryMillisMax, pauseMillis * 2)
        yield* Effect.sleep(Duration.millis(pauseMillis))
      }
    })
    yield* Effect.forkScoped(run)
  })
)

interface State {
  /** By part, the problem that was told last. */
  readonly told: Map<Part, string>
  tsSweptMillis: number
}

const problemOf = (told: ReadonlyMap<Part, string>): string | null =>
  told.size === 0 ? null : [...told].map(([part, problem]) => `${part}: ${problem}`).join("; ")

const round = Effect.fnUntraced(function* (state: State) {
  const counts = { sealed: 0, resealed: 0, days: 0, pruned: 0 }

  /** Runs a part to its end, whatever becomes of it. */
  const attempt = <E, R>(part: Part, activity: string, work: Effect.Effect<void, E, R>) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(work)
      if (Exit.isSuccess(exit)) {
        if (state.told.delete(part)) yield* Effect.logInfo(`${activity}: it gets on again`)
      } else if (Cause.hasInterruptsOnly(exit.cause)) {
        return yield* Effect.interrupt
      } else {
        const error = Cause.squash(exit.cause)
        const problem = error instanceof Error ? error.message : String(error)
        if (state.told.get(part) !== problem) yield* Effect.logError(`${activity}: ${problem}`)
        state.told.set(part, problem)
      }
      yield* ArchiverMetrics.partFailing(part, Exit.isFailure(exit))
    })

  yield* attempt("seal", "sealing hours", sealDue(counts))
  yield* attempt("reseal", "sealing marked hours again", resealMarked(counts))
  yield* attempt("days", "making files of days", makeDays(counts))
  yield* attempt("prune", "pruning the hot tier", pruneOld(counts))
  yield* attempt("tapes", "uploading tapes", uploadTapes)
  yield* attempt("sweep", "sweeping", sweepAtTimes(state))
  // Nothing waits for it, and while the database is away there is nobody to tell.
  yield* Effect.ignore(tell(state))
  return { ...counts, problems: new Map(state.told) } satisfies Round as Round
})

type Counts = { -readonly [Name in "sealed" | "resealed" | "days" | "pruned"]: number }

/** The end of the last hour that may be sealed; none while nothing is stored. */
const settledUntil = Effect.gen(function* () {
  const { settleMicros } = yield* Settings
  const watermark = yield* (yield* HotTier).watermark
  return Option.map(watermark, ({ tsReceivedMicros }) => hourOf(tsReceivedMicros - settleMicros))
})

const sealDue = Effect.fnUntraced(function* (counts: Counts) {
  const until = yield* settledUntil
  if (Option.isNone(until)) return
  const segments = yield* Segments
  const sealer = yield* Sealer
  const sealedUntil = yield* segments.sealedUntil
  const first = Option.isSome(sealedUntil) ? sealedUntil : yield* (yield* HotHours).first
  if (Option.isNone(first)) return
  for (let hour = first.value; hour + hourMicros <= until.value; hour += hourMicros) {
    const startedMillis = yield* Clock.currentTimeMillis
    const { outcome, segment } = yield* sealer.hour(hour)
    const seconds = ((yield* Clock.currentTimeMillis) - startedMillis) / 1_000
    if (outcome !== "sealed") continue
    counts.sealed++
    yield* ArchiverMetrics.counted("sealed")
    yield* ArchiverMetrics.sealed(seconds)
    const { bytes, markets, records } = segment
    yield* Effect.logInfo(`sealed the hour ${nameOf(segment.span)}`).pipe(
      Effect.annotateLogs({ records, markets, bytes, seconds })
    )
  }
})

/** In order: each hour begins with the state at the end of the one before. */
const resealMarked = Effect.fnUntraced(function* (counts: Counts) {
  const sealedUntil = Option.getOrElse(yield* (yield* Segments).sealedUntil, () => 0)
  const sealer = yield* Sealer
  const marks = yield* (yield* SegmentMarks).list(0, sealedUntil)
  for (const hour of new Set(marks.map((mark) => mark.hourMicros))) {
    const { outcome, segment } = yield* sealer.hour(hour)
    if (outcome !== "sealed") continue
    counts.resealed++
    yield* ArchiverMetrics.counted("resealed")
    yield* Effect.logInfo(`sealed the hour ${nameOf(segment.span)} again, as revision ${segment.revision}`).pipe(
      Effect.annotateLogs({ reason: segment.reason })
    )
  }
})

const makeDays = Effect.fnUntraced(function* (counts: Counts) {
  const sealer = yield* Sealer
  for (const day of yield* (yield* Segments).daysDue) {
    const { outcome, segment } = yield* sealer.day(day)
    if (outcome !== "sealed") continue
    counts.days++
    yield* ArchiverMetrics.counted("day")
    yield* Effect.logInfo(`made the files of ${nameOf(segment.span)}`)
  }
})

const pruneOld = Effect.fnUntraced(function* (counts: Counts) {
  const { hotMicros } = yield* Settings
  const watermark = yield* (yield* HotTier).watermark
  if (Option.isNone(watermark)) return
  const pruned = yield* (yield* Pruner).prune(watermark.value.tsReceivedMicros - hotMicros)
  counts.pruned += pruned.length
  yield* ArchiverMetrics.counted("pruned", pruned.length)
})

const uploadTapes = Effect.gen(function* () {
  const { removed, uploaded } = yield* (yield* TapeUploads).round
  yield* ArchiverMetrics.countedTape("uploaded", uploaded)
  yield* ArchiverMetrics.countedTape("removed", removed)
})

/** The days of which something may have become old enough since the last time, and a day before. */
const sweepAtTimes = Effect.fnUntraced(function* (state: State) {
  const { sweepGraceMicros, sweepMillis } = yield* Settings
  const nowMillis = yield* Clock.currentTimeMillis
  if (nowMillis - state.tsSweptMillis < sweepMillis) return
  const nowMicros = nowMillis * 1_000
  const removed = yield* (yield* Sweeper).sweep(nowMicros - sweepGraceMicros - sweepDaysMicros, nowMicros)
  state.tsSweptMillis = nowMillis
  if (removed.length > 0) yield* Effect.logInfo(`removed ${removed.length} objects and folders that nobody refers to`)
})

const sweepDaysMicros = 2 * 24 * hourMicros

const tell = Effect.fnUntraced(function* (state: State) {
  const board = yield* ArchiveBoard
  const problem = problemOf(state.told)
  const tsReportedMicros = (yield* Clock.currentTimeMillis) * 1_000
  yield* board.post({ tsReportedMicros, activity: problem === null ? "waiting" : "trying again", problem })
  const archive = yield* board.read
  const watermark = yield* (yield* HotTier).watermark
  yield* ArchiverMetrics.state(
    archive,
    Option.match(watermark, { onNone: () => null, onSome: ({ tsReceivedMicros }) => tsReceivedMicros })
  )
})
