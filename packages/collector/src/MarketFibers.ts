/**
 * One supervised fiber per market. It owns the market's life: wait for the opening, get a place, subscribe, wait for the
 * snapshot, stay parked while the book is trusted, get a new snapshot when it is not, and let go after the close. Deltas never
 * pass through it (see `Recording`); a fault of one market wakes that market's fiber alone.
 *
 * What a market's times and prices are is known from lifecycle messages, which come at once, and from REST, whose answers may be half a minute
 * old. Of the two the later observation wins, and an answer counts as made `restLagMillis` before it was asked for.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { LifecycleNews } from "@kalshibook/core/kalshi/LifecycleNews"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import { Cause, Context, Duration, Effect, FiberMap, Layer, Schema } from "effect"
import { backoff } from "./Backoff.ts"
import { type CollectorSettings, Settings } from "./CollectorSettings.ts"
import * as Faults from "./Faults.ts"
import type { MarketPlan } from "./MarketPlan.ts"
import * as Placement from "./Placement.ts"
import { type Cell, finishFrame, makeCell, notice, Recording, type RecordingState } from "./Recording.ts"
import * as Sayings from "./Sayings.ts"

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

/** A market that should have closed so long ago, and of which the exchange does not say that it has, is one that it does not know any more. */
const forgottenMicros = 86_400_000_000

/** A wait longer than this is made in several; timers do not hold more than 24 days. */
const waitMillisMax = 86_400_000

/** How often a book is asked to be proved before it is believed as it is. */
const proofsMax = 5

export class MarketFibers extends Context.Service<
  MarketFibers,
  {
    /**
     * Starts to record the market, or takes over changed times and prices of one that is recorded already. Nothing is started
     * for a market that has closed, or that there is no room for: that one waits until there is.
     */
    readonly watch: (plan: MarketPlan) => Effect.Effect<void>
    /** Ends the recording of a market now: a gap of cause `market_closed` says so. */
    readonly release: (ticker: MarketTicker) => Effect.Effect<void>
    /** Acts on what a lifecycle message said of a market, without waiting for REST. */
    readonly hear: (ticker: MarketTicker, news: LifecycleNews, tsReceivedMicros: number) => Effect.Effect<void>
    /** Records markets that wait as soon as there is room, for ever. */
    readonly run: Effect.Effect<never>
  }
>()("@kalshibook/collector/MarketFibers") {
  static readonly layerNoDeps: Layer.Layer<MarketFibers, never, Recording | Settings> = Layer.effect(
    MarketFibers,
    Effect.gen(function* () {
      const recording = yield* Recording
      const settings = yield* Settings
      const { cells, clock, noRoom, slots } = recording
      const fibers = yield* FiberMap.make<MarketTicker>()
      const proofs = yield* FiberMap.make<MarketTicker>()
      const sayings = Sayings.make(settings.restLagMillis)

      /** Prices of an answer that was asked for before lifecycle messages were heard may have changed unheard. */
      const heardOf = (plan: MarketPlan): MarketPlan =>
        plan.tsObservedMicros + settings.restLagMillis * 1000 < recording.tsLifecycleMicros
          ? { ...plan, grid: PriceGrid.any }
          : plan

      const watch = Effect.fnUntraced(function* (given: MarketPlan): Effect.fn.Return<void> {
        const plan = Sayings.correct(sayings, heardOf(given))
        if (plan === undefined) return
        const { closeMicros, openMicros, phase, ticker, weight } = plan
        const known = cells.get(ticker)
        if (known !== undefined) return update(recording, known, plan)
        const nowMicros = clock.nowMicros()
        if (phase === "closed" && letGoMicros(settings, closeMicros) <= nowMicros) {
          noRoom.delete(ticker)
          return
        }
        const isDue = phase === "open" || subscribeMicros(settings, openMicros) <= nowMicros
        // Whoever waits is taken when there is room, in its order.
        if (noRoom.has(ticker) || (isDue && !Placement.mayPlace(recording, weight))) {
          noRoom.set(ticker, plan)
          return
        }
        const cell = makeCell(plan, recording.recorder.logs.has(ticker))
        cells.set(ticker, cell)
        // A fiber of before that has let go of the market may be in its last step; it has no cell any more.
        yield* FiberMap.run(fibers, ticker, life(recording, settings, cell))
      })

      const release = (ticker: MarketTicker): Effect.Effect<void> =>
        Effect.sync(() => {
          noRoom.delete(ticker)
          const cell = cells.get(ticker)
          if (cell !== undefined) reschedule(cell, { openMicros: cell.openMicros, closeMicros: 0, phase: "closed" })
        })

      /** On reactivation the exchange cancels all orders, and may not tell of each: a snapshot proves the book, or replaces it. */
      const prove = Effect.fnUntraced(function* (cell: Cell): Effect.fn.Return<void> {
        const { snapshots } = cell
        for (let asked = 0; asked < proofsMax && cell.state === "live" && cell.snapshots === snapshots; asked++) {
          cell.slot?.link?.subscriber.prove(cell.ticker)
          yield* Effect.sleep(Duration.millis(settings.snapshotMillisMax))
        }
      })

      const hear = (ticker: MarketTicker, news: LifecycleNews, tsReceivedMicros: number): Effect.Effect<void> =>
        Effect.suspend(() => {
          Sayings.note(sayings, ticker, news, tsReceivedMicros)
          const cell = cells.get(ticker)
          const waiting = noRoom.get(ticker)
          switch (news._tag) {
            case "close_moved": {
              const { closeMicros } = news
              if (waiting !== undefined) noRoom.set(ticker, { ...waiting, closeMicros })
              if (cell !== undefined) reschedule(cell, { ...cell, closeMicros })
              return Effect.void
            }
            case "ended":
              return release(ticker)
            case "repriced": {
              const grid = news.grid ?? PriceGrid.any
              if (waiting !== undefined) noRoom.set(ticker, { ...waiting, grid })
              if (cell !== undefined) reprice(recording, cell, grid)
              return Effect.void
            }
            case "activated":
              return cell === undefined ? Effect.void : Effect.asVoid(FiberMap.run(proofs, ticker, prove(cell)))
            default:
              return Effect.void
          }
        })

      const admit = Effect.gen(function* () {
        yield* slots.freed.await
        slots.freed.closeUnsafe()
        // Many markets close at the same time: all of them first.
        yield* Effect.yieldNow
        if (noRoom.size > 0) yield* Effect.forEach(Placement.takeWaiting(recording), watch, { discard: true })
      })

      return MarketFibers.of({ watch, release, hear, run: Effect.forever(admit) })
    })
  )
}

/** Takes over what is known of the market now. */
const update = (recording: RecordingState, cell: Cell, plan: MarketPlan): void => {
  const { grid, weight } = plan
  // Its rank is that with which it got its place.
  cell.weight = cell.slot === null ? weight : { ...weight, rank: cell.weight.rank }
  reprice(recording, cell, grid)
  reschedule(cell, plan)
}

const reprice = (recording: RecordingState, cell: Cell, grid: PriceGrid.PriceGrid): void => {
  cell.grid = grid
  Placement.allowPrices(recording, cell)
}

type Schedule = Pick<MarketPlan, "closeMicros" | "openMicros" | "phase">

const reschedule = (cell: Cell, { closeMicros, openMicros, phase }: Schedule): void => {
  if (cell.openMicros === openMicros && cell.closeMicros === closeMicros && cell.phase === phase) return
  Object.assign(cell, { openMicros, closeMicros, phase } satisfies Schedule)
  cell.rescheduled.openUnsafe()
}

const subscribeMicros = (settings: CollectorSettings, openMicros: number): number =>
  openMicros - settings.openLeadMillis * 1000

const letGoMicros = (settings: CollectorSettings, closeMicros: number): number =>
  closeMicros + settings.closeGraceMillis * 1000

const life = (recording: RecordingState, settings: CollectorSettings, cell: Cell): Effect.Effect<void> =>
  until(recording, cell, () => (cell.phase === "open" ? 0 : subscribeMicros(settings, cell.openMicros))).pipe(
    Effect.andThen(record(recording, settings, cell)),
    // Only what supervises can say that a fiber failed: a `FiberMap` is silent about it.
    Effect.tapDefect((defect) => {
      tell(recording, cell, "defect", `the market's fiber failed: ${defect}`, "it starts again")
      return Effect.logError("a market's fiber failed and starts again", Cause.die(defect))
    }),
    Effect.catchDefect(() => Effect.fail("failed")),
    Effect.retry(backoff(settings.retryMillisMin, settings.retryMillisMax)),
    Effect.orDie,
    Effect.raceFirst(untilOver(recording, settings, cell)),
    Effect.andThen(Effect.sync(() => Placement.letGo(recording, cell, "market_closed"))),
    Effect.annotateLogs({ marketTicker: cell.ticker })
  )

/** Waits for a moment of the receive clock that may be moved while it is waited for, or until the market is let go of. */
const until = Effect.fnUntraced(function* (recording: RecordingState, cell: Cell, atMicros: () => number) {
  for (;;) {
    const millis = (atMicros() - recording.clock.nowMicros()) / 1000
    if (millis <= 0 || recording.cells.get(cell.ticker) !== cell) return
    cell.rescheduled.closeUnsafe()
    yield* Effect.sleep(Duration.millis(Math.min(millis, waitMillisMax))).pipe(Effect.raceFirst(cell.rescheduled.await))
  }
})

/**
 * The schedule says when to look, the exchange says whether it is over: our clock may be wrong by an hour, and a market that trades
 * must not be lost for it.
 */
const untilOver = Effect.fnUntraced(function* (recording: RecordingState, settings: CollectorSettings, cell: Cell) {
  for (;;) {
    yield* until(recording, cell, () => letGoMicros(settings, cell.closeMicros))
    const isForgotten = recording.clock.nowMicros() > letGoMicros(settings, cell.closeMicros) + forgottenMicros
    if (cell.phase === "closed" || isForgotten || recording.cells.get(cell.ticker) !== cell) return
    cell.rescheduled.closeUnsafe()
    notice(recording, cell.ticker, "changed")
    finishFrame(recording)
    yield* Effect.sleep(Duration.millis(settings.closeGraceMillis)).pipe(Effect.raceFirst(cell.rescheduled.await))
  }
})

/** Keeps the book trusted for ever. */
const record = Effect.fnUntraced(function* (recording: RecordingState, settings: CollectorSettings, cell: Cell) {
  const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)
  for (;;) {
    yield* cell.broken.await
    let attempts = 0
    yield* Effect.suspend(() => resync(recording, settings, cell, attempts++)).pipe(
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
      cell.refusalCode = error.code
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
    ...(cell.slot === null ? {} : { slot: cell.slot.number }),
    ticker: cell.ticker,
    markets: 1
  })

/** Gets a place, subscribes, or asks for a snapshot of what is subscribed, and waits for the book. */
const resync = Effect.fnUntraced(function* (
  recording: RecordingState,
  settings: CollectorSettings,
  cell: Cell,
  attempt: number
) {
  // A late snapshot may have come while the next attempt waited.
  if (cell.state === "live") return
  if (cell.slot === null && !Placement.place(recording, cell)) {
    Placement.turnAway(recording, cell)
    return yield* Effect.never
  }
  if (cell.state === "unopened") cell.state = "waiting"
  const lostPlace = Effect.andThen(cell.unplaced.await, gone)
  const { slot } = cell
  if (slot === null) return yield* gone
  yield* Effect.raceFirst(slot.linked.await, lostPlace)
  const { link } = slot
  if (link === null) return yield* gone
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
    Effect.raceFirst(Effect.andThen(link.gone.await, gone)),
    Effect.raceFirst(lostPlace)
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
