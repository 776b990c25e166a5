/**
 * One supervised fiber per market. It owns the market's life: wait for the opening, subscribe, wait for the snapshot, stay
 * parked while the book is trusted, get a new snapshot when it is not, and let go after the close. Deltas never pass through
 * it (see `Recording`); a fault of one market wakes that market's fiber alone.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import { Cause, Context, Duration, Effect, FiberMap, Layer, Schema } from "effect"
import { backoff } from "./Backoff.ts"
import { type CollectorSettings, Settings } from "./CollectorSettings.ts"
import * as Faults from "./Faults.ts"
import * as Journal from "./Journal.ts"
import { type Cell, makeCell, Recording, type RecordingState } from "./Recording.ts"
import * as Slots from "./Slots.ts"

/** A market to be recorded. */
export interface MarketPlan {
  readonly ticker: MarketTicker
  /** Scheduled times, Unix microseconds. */
  readonly openMicros: number
  readonly closeMicros: number
  readonly grid: PriceGrid.PriceGrid
}

/** The subscription was acknowledged, but no snapshot came in time. */
class SnapshotMissing extends Schema.TaggedError<SnapshotMissing>()("SnapshotMissing", {
  marketTicker: Schema.String
}) {}

/** The connection or the subscription went away before the snapshot came. */
class LinkGone extends Schema.TaggedError<LinkGone>()("LinkGone", {}) {}

/** The book was inconsistent again as soon as it was there. */
class Unsteady extends Schema.TaggedError<Unsteady>()("Unsteady", {}) {}

/** A book that was trusted for this long is steady: when it breaks, a new one is asked for at once, otherwise with growing delays. */
const steadyMillis = 1_000

/** A wait longer than this is made in several; timers do not hold more than 24 days. */
const waitMillisMax = 86_400_000

export class MarketFibers extends Context.Service<
  MarketFibers,
  {
    /**
     * Starts to record the market, or takes over changed times and prices of one that is recorded already. Nothing is started
     * for a market whose time is over.
     */
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
          const { closeMicros, grid, openMicros, ticker } = plan
          const known = recording.cells.get(ticker)
          if (known === undefined && letGoMicros(settings, closeMicros) <= recording.clock.nowMicros()) return
          if (known !== undefined) {
            allowPrices(recording, ticker, grid)
            return reschedule(known, openMicros, closeMicros)
          }
          const slot = Slots.assign(recording.slots, ticker, recording.clock.nowMicros())
          if (slot === undefined) return
          const cell = makeCell(ticker, slot, openMicros, closeMicros)
          recording.cells.set(ticker, cell)
          begin(recording, ticker)
          allowPrices(recording, ticker, grid)
          // A fiber of before that has let go of the market may be in its last step; it has no cell any more.
          yield* FiberMap.run(fibers, ticker, life(recording, settings, cell))
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

/** The market's log goes on where it ended. */
const begin = (recording: RecordingState, ticker: MarketTicker): void => {
  if (recording.recorder.logs.has(ticker)) return
  const end = recording.ends.get(ticker) ?? null
  Journal.act(recording, 0, { act: "begin", ticker, end })
  recording.ends.delete(ticker)
}

const allowPrices = (recording: RecordingState, ticker: MarketTicker, grid: PriceGrid.PriceGrid): void => {
  const log = recording.recorder.logs.get(ticker)
  if (log === undefined || PriceGrid.isSame(log.grid, grid)) return
  Journal.act(recording, 0, { act: "prices", ticker, bands: grid.bands })
}

const reschedule = (cell: Cell, openMicros: number, closeMicros: number): void => {
  if (cell.openMicros === openMicros && cell.closeMicros === closeMicros) return
  cell.openMicros = openMicros
  cell.closeMicros = closeMicros
  cell.rescheduled.openUnsafe()
}

const letGoMicros = (settings: CollectorSettings, closeMicros: number): number =>
  closeMicros + settings.closeGraceMillis * 1000

const life = (recording: RecordingState, settings: CollectorSettings, cell: Cell): Effect.Effect<void> =>
  until(recording, cell, () => cell.openMicros - settings.openLeadMillis * 1000).pipe(
    Effect.andThen(record(recording, settings, cell)),
    // Only what supervises can say that a fiber failed: a `FiberMap` is silent about it.
    Effect.tapDefect((defect) => {
      tell(recording, cell, "defect", `the market's fiber failed: ${defect}`, "it starts again")
      return Effect.logError("a market's fiber failed and starts again", Cause.die(defect))
    }),
    Effect.catchDefect(() => Effect.fail("failed")),
    Effect.retry(backoff(settings.retryMillisMin, settings.retryMillisMax)),
    Effect.orDie,
    Effect.raceFirst(until(recording, cell, () => letGoMicros(settings, cell.closeMicros))),
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
  const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)
  for (;;) {
    yield* cell.broken.await
    let attempts = 0
    yield* Effect.suspend(() => resync(settings, cell, attempts++)).pipe(
      Effect.andThen(steady(cell)),
      Effect.tapError((error) => Effect.sync(() => noteFault(recording, cell, error))),
      Effect.retry(schedule),
      Effect.orDie
    )
  }
})

type Fault = Effect.Error<ReturnType<typeof resync>> | Unsteady

const noteFault = (recording: RecordingState, cell: Cell, error: Fault): void => {
  switch (error._tag) {
    case "MarketRefused":
      recording.restarts++
      cell.state = "refused"
      cell.fault = `error ${error.code}: ${error.detail}`
      tell(recording, cell, "market", `refused with ${cell.fault}`, "asking again, less and less often")
      break
    case "SnapshotMissing":
      recording.restarts++
      cell.fault = "no snapshot came"
      tell(recording, cell, "market", cell.fault, "asking again")
      break
    case "Unsteady":
      recording.restarts++
      tell(recording, cell, "market", "inconsistent as soon as it was there", "asking again, less and less often")
      break
    case "LinkGone":
      break
  }
}

const tell = (recording: RecordingState, cell: Cell, kind: Faults.FaultKind, cause: string, action: string): void =>
  Faults.note(recording.sight.faults, recording.clock.nowMicros(), {
    kind,
    cause,
    action,
    slot: cell.slot.number,
    ticker: cell.ticker,
    markets: 1
  })

/** Subscribes, or asks for a snapshot of what is subscribed, and waits for the book. */
const resync = Effect.fnUntraced(function* (settings: CollectorSettings, cell: Cell, attempt: number) {
  // A late snapshot may have come while the next attempt waited.
  if (cell.state === "live") return
  if (cell.state === "unopened") cell.state = "waiting"
  yield* cell.slot.linked.await
  const { link } = cell.slot
  if (link === null) return yield* new LinkGone()
  yield* link.subscriber.request(cell.ticker, attempt).pipe(
    Effect.flatMap((subscription) =>
      cell.trusted.await.pipe(
        Effect.raceFirst(Effect.andThen(subscription.over.await, gone)),
        Effect.timeoutOrElse({
          duration: Duration.millis(settings.snapshotMillisMax),
          orElse: () => Effect.fail(new SnapshotMissing({ marketTicker: cell.ticker }))
        })
      )
    ),
    Effect.raceFirst(Effect.andThen(link.gone.await, gone))
  )
})

/** Made only where it is needed: an error costs more than the rest of a subscription. */
const gone = Effect.suspend(() => Effect.fail(new LinkGone()))

/** Watches a new book for a while. */
const steady = (cell: Cell): Effect.Effect<void, Unsteady> =>
  cell.broken.await.pipe(
    Effect.andThen(Effect.suspend(() => (cell.fault === "inconsistent" ? Effect.fail(new Unsteady()) : Effect.void))),
    Effect.timeoutOption(Duration.millis(steadyMillis)),
    Effect.asVoid
  )

const letGo = (recording: RecordingState, cell: Cell): void => {
  const { slot, ticker } = cell
  recording.cells.delete(ticker)
  slot.tickers.delete(ticker)
  Journal.act(recording, 0, { act: "forget", tickers: [ticker], cause: "market_closed" })
  slot.link?.subscriber.remove(ticker)
}
