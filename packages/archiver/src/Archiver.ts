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
import { type Sealed, Sealer } from "./Sealer.ts"
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
    /** Only seals what is due of the hours before this moment, again and for days, too, and tells of each. */
    readonly seal: (toMicros: number, tell: (sealed: Sealed) => void) => Effect.Effect<Round>
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
        seal: (toMicros, tell) => sealing(state, toMicros, tell).pipe(Effect.provideContext(context)),
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

/** Runs a part to its end, whatever becomes of it. */
const attempt = Effect.fnUntraced(function* <E, R>(
  state: State,
  part: Part,
  activity: string,
  work: Effect.Effect<void, E, R>
) {
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

const none: Omit<Round, "problems"> = { sealed: 0, resealed: 0, days: 0, pruned: 0 }

const sealing = Effect.fnUntraced(function* (state: State, toMicros: number, tell: Tell) {
  const counts: Counts = { ...none }
  yield* attempt(state, "seal", "sealing hours", sealDue(counts, toMicros, tell))
  yield* attempt(state, "reseal", "sealing marked hours again", resealMarked(counts, toMicros, tell))
  yield* attempt(state, "days", "making files of days", makeDays(counts, toMicros, tell))
  return { ...counts, problems: new Map(state.told) } satisfies Round as Round
})

const round = Effect.fnUntraced(function* (state: State) {
  const counts: Counts = { ...(yield* sealing(state, Number.MAX_SAFE_INTEGER, () => undefined)) }
  yield* attempt(state, "prune", "pruning the hot tier", pruneOld(counts))
  yield* attempt(state, "tapes", "uploading tapes", uploadTapes)
  yield* attempt(state, "sweep", "sweeping", sweepAtTimes(state))
  // Nothing waits for it, and while the database is away there is nobody to tell.
  yield* Effect.ignore(tellBoard(state))
  return { ...counts, problems: new Map(state.told) } satisfies Round as Round
})

type Counts = { -readonly [Name in keyof typeof none]: number }
type Tell = (sealed: Sealed) => void

/** The end of the last hour that may be sealed, and the first that is in the hot tier alone; none while nothing is stored. */
const due = Effect.gen(function* () {
  const { settleMicros } = yield* Settings
  const watermark = yield* (yield* HotTier).watermark
  if (Option.isNone(watermark)) return Option.none()
  const hot = yield* HotHours
  const floor = yield* hot.floor
  const sealedUntil = yield* (yield* Segments).sealedUntil
  const first = Option.isSome(sealedUntil) ? sealedUntil : yield* hot.first
  if (Option.isNone(first)) return Option.none()
  // Older than what is sealed where a past was poured in afterwards.
  const oldest = (yield* hot.partitions).find((hour) => hour >= floor) ?? first.value
  const untilMicros = hourOf(watermark.value.tsReceivedMicros - settleMicros)
  return Option.some({ fromMicros: Math.min(first.value, oldest), untilMicros })
})

const sealDue = Effect.fnUntraced(function* (counts: Counts, toMicros: number, tell: Tell) {
  const range = Option.getOrUndefined(yield* due)
  if (range === undefined) return
  const untilMicros = Math.min(range.untilMicros, toMicros)
  const sealer = yield* Sealer
  const sealed = yield* (yield* Segments).list("hour", range.fromMicros, untilMicros)
  const known = new Set(sealed.map(({ span }) => span.fromMicros))
  for (let hour = range.fromMicros; hour + hourMicros <= untilMicros; hour += hourMicros) {
    if (known.has(hour)) continue
    const startedMillis = yield* Clock.currentTimeMillis
    const done = yield* sealer.hour(hour)
    const seconds = ((yield* Clock.currentTimeMillis) - startedMillis) / 1_000
    tell(done)
    if (done.outcome !== "sealed") continue
    counts.sealed++
    yield* ArchiverMetrics.counted("sealed")
    yield* ArchiverMetrics.sealed(seconds)
    const { bytes, markets, records, span } = done.segment
    yield* Effect.logInfo(`sealed the hour ${nameOf(span)}`).pipe(
      Effect.annotateLogs({ records, markets, bytes, seconds })
    )
  }
})

/** In order: each hour begins with the state at the end of the one before. */
const resealMarked = Effect.fnUntraced(function* (counts: Counts, toMicros: number, tell: Tell) {
  const sealer = yield* Sealer
  const marks = yield* (yield* SegmentMarks).list(0, toMicros)
  const marked = new Set(marks.map((mark) => mark.hourMicros))
  if (marked.size === 0) return
  const sealed = yield* (yield* Segments).list("hour", Math.min(...marked), Math.max(...marked) + 1)
  for (const { span } of sealed) {
    if (!marked.has(span.fromMicros)) continue
    const done = yield* sealer.hour(span.fromMicros)
    tell(done)
    if (done.outcome !== "sealed") continue
    counts.resealed++
    yield* ArchiverMetrics.counted("resealed")
    yield* Effect.logInfo(`sealed the hour ${nameOf(span)} again, as revision ${done.segment.revision}`).pipe(
      Effect.annotateLogs({ reason: done.segment.reason })
    )
  }
})

const makeDays = Effect.fnUntraced(function* (counts: Counts, toMicros: number, tell: Tell) {
  const sealer = yield* Sealer
  for (const day of yield* (yield* Segments).daysDue) {
    if (day >= toMicros) break
    const done = yield* sealer.day(day)
    const { outcome, segment } = done
    tell(done)
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

const tellBoard = Effect.fnUntraced(function* (state: State) {
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
