/**
 * One supervised fiber per market. It owns the market's life: wait for the opening, subscribe, wait for the snapshot, stay
 * parked while the book is trusted, get a new snapshot when it is not, and let go after the close. Deltas never pass through
 * it (see `Recording`); a fault of one market wakes that market's fiber alone.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { PriceGrid } from "@kalshibook/core/PriceGrid"
import * as Recorder from "@kalshibook/core/Recorder"
import { Context, Duration, Effect, FiberMap, Layer, Schema } from "effect"
import { backoff } from "./Backoff.ts"
import { type CollectorSettings, Settings } from "./CollectorSettings.ts"
import { type Cell, makeCell, Recording, type RecordingState } from "./Recording.ts"

/** A market to be recorded. */
export interface MarketPlan {
  readonly ticker: MarketTicker
  /** Scheduled times, Unix microseconds. */
  readonly openMicros: number
  readonly closeMicros: number
  readonly grid: PriceGrid
}

/** The subscription was acknowledged, but no snapshot came in time. */
class SnapshotMissing extends Schema.TaggedError<SnapshotMissing>()("SnapshotMissing", {
  marketTicker: Schema.String
}) {}

/** The connection went away before the snapshot came. */
class LinkGone extends Schema.TaggedError<LinkGone>()("LinkGone", {}) {}

/** A wait longer than this is made in several; timers do not hold more than 24 days. */
const waitMillisMax = 86_400_000

export class MarketFibers extends Context.Service<
  MarketFibers,
  {
    /** Starts to record the market, or takes over changed times and prices of one that is recorded already. */
    readonly watch: (plan: MarketPlan) => Effect.Effect<void>
    /** Ends the recording of a market now: a gap of cause `market_closed` says so. */
    readonly release: (ticker: MarketTicker) => Effect.Effect<void>
  }
>()("@kalshibook/collector/MarketFibers") {
  static readonly layerNoDeps: Layer.Layer<MarketFibers, never, Recording | Settings> = Layer.effect(
    MarketFibers,
    Effect.gen(function* () {
      const recording = yield* Recording
      const settings = yield* Settings
      const fibers = yield* FiberMap.make<MarketTicker>()
      return MarketFibers.of({
        watch: Effect.fnUntraced(function* (plan) {
          Recorder.logOf(recording.recorder, plan.ticker).grid = plan.grid
          const known = recording.cells.get(plan.ticker)
          if (known !== undefined) return reschedule(known, plan.openMicros, plan.closeMicros)
          const cell = makeCell(plan.ticker, plan.openMicros, plan.closeMicros)
          recording.cells.set(plan.ticker, cell)
          yield* life(recording, settings, cell).pipe(FiberMap.run(fibers, plan.ticker, { onlyIfMissing: true }))
        }),
        release: (ticker) =>
          Effect.sync(() => {
            const cell = recording.cells.get(ticker)
            if (cell !== undefined) reschedule(cell, cell.openMicros, 0)
          })
      })
    })
  )
}

const reschedule = (cell: Cell, openMicros: number, closeMicros: number): void => {
  if (cell.openMicros === openMicros && cell.closeMicros === closeMicros) return
  cell.openMicros = openMicros
  cell.closeMicros = closeMicros
  cell.rescheduled.openUnsafe()
}

const life = (recording: RecordingState, settings: CollectorSettings, cell: Cell): Effect.Effect<void> =>
  until(recording, cell, () => cell.openMicros - settings.openLeadMillis * 1000).pipe(
    Effect.andThen(record(recording, settings, cell)),
    Effect.raceFirst(until(recording, cell, () => cell.closeMicros + settings.closeGraceMillis * 1000)),
    Effect.andThen(Effect.sync(() => letGo(recording, cell))),
    Effect.annotateLogs({ marketTicker: cell.ticker })
  )

/** Waits for a moment of the receive clock that may be moved while it is waited for. */
const until = Effect.fnUntraced(function* (recording: RecordingState, cell: Cell, atMicros: () => number) {
  for (;;) {
    const millis = (atMicros() - recording.clock.nowMicros()) / 1000
    if (millis <= 0) return
    cell.rescheduled.closeUnsafe()
    yield* Effect.sleep(Duration.millis(Math.min(millis, waitMillisMax))).pipe(Effect.raceFirst(cell.rescheduled.await))
  }
})

/** Keeps the book trusted for ever. */
const record = Effect.fnUntraced(function* (recording: RecordingState, settings: CollectorSettings, cell: Cell) {
  cell.state = "waiting"
  const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)
  for (;;) {
    yield* resync(recording, settings, cell).pipe(
      Effect.tapError((error) =>
        Effect.sync(() => {
          recording.restarts++
          if (error._tag === "LinkGone") return
          cell.state = error._tag === "MarketRefused" ? "refused" : "waiting"
          cell.fault = error._tag === "MarketRefused" ? `error ${error.code}: ${error.detail}` : "no snapshot came"
        })
      ),
      Effect.retry(schedule),
      Effect.orDie
    )
    yield* cell.broken.await
  }
})

/** Subscribes, or asks for a snapshot of what is subscribed, and waits for the book. */
const resync = Effect.fnUntraced(function* (recording: RecordingState, settings: CollectorSettings, cell: Cell) {
  yield* recording.linked.await
  const { link } = recording
  if (link === null) return yield* new LinkGone()
  const snapshot = cell.trusted.await.pipe(
    Effect.timeoutOrElse({
      duration: Duration.millis(settings.snapshotMillisMax),
      orElse: () => Effect.fail(new SnapshotMissing({ marketTicker: cell.ticker }))
    })
  )
  yield* link.subscriber
    .request(cell.ticker)
    .pipe(Effect.andThen(snapshot), Effect.raceFirst(link.gone.await.pipe(Effect.andThen(Effect.fail(new LinkGone())))))
})

const letGo = (recording: RecordingState, cell: Cell): void => {
  recording.cells.delete(cell.ticker)
  recording.link?.subscriber.remove(cell.ticker)
  Recorder.forget(recording.recorder, cell.ticker, "market_closed", recording.clock.nowMicros())
}
