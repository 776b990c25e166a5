/**
 * One recording, from taking up the tape to the last commit. A disk that gives out ends it; the collector then begins another one
 * from what is on the tape.
 */
import type { Audits } from "@kalshibook/store/Audits"
import type { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import type { Epochs } from "@kalshibook/store/Epochs"
import { HotTier, type HotTierError } from "@kalshibook/store/HotTier"
import type { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Tape } from "@kalshibook/store/tape/Tape"
import type { TapeError } from "@kalshibook/store/tape/TapeError"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Context, Duration, Effect, Layer, Option, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import { AuditedRecorder } from "./AuditedRecorder.ts"
import { Auditor } from "./Auditor.ts"
import * as Checkpoints from "./Checkpoints.ts"
import type { ReportParts } from "./CollectorReport.ts"
import { type CollectorSettings, Settings } from "./CollectorSettings.ts"
import { Connections } from "./Connections.ts"
import { Discovery } from "./Discovery.ts"
import type { ExchangeAccess } from "./ExchangeAccess.ts"
import { ExchangeCalendar } from "./ExchangeCalendar.ts"
import type { ExchangeLine } from "./ExchangeLine.ts"
import * as FeedTap from "./FeedTap.ts"
import { HotWriter } from "./HotWriter.ts"
import { KalshiRest } from "./KalshiRest.ts"
import { MarketFibers } from "./MarketFibers.ts"
import type { ReceiveClock } from "./ReceiveClock.ts"
import { Recording, type RecordingState, recordsWaiting } from "./Recording.ts"
import type { Sight } from "./Sight.ts"
import { TradeFiller } from "./TradeFiller.ts"

/** What a recording needs; all of it outlives the recording. */
export type Needs =
  | Audits
  | ChannelGaps
  | Epochs
  | ExchangeAccess
  | ExchangeLine
  | HotTier
  | HttpClient.HttpClient
  | MarketCatalog
  | ReceiveClock
  | Settings
  | TapePlace

export interface Session {
  readonly recording: RecordingState
  readonly auditor: Auditor["Service"]
  /** Records until the tape fails; what else cannot be gone on with is a defect. */
  readonly run: Effect.Effect<never, TapeError>
  /** What the parts of a recording tell of themselves, for its report. */
  readonly reportParts: Effect.Effect<ReportParts>
}

/** The tape that the database knows. */
const tapeLayer: Layer.Layer<Tape, HotTierError | TapeError, HotTier | TapePlace> = Layer.effect(
  Tape,
  Effect.gen(function* () {
    const hotTier = yield* HotTier
    const place = yield* TapePlace
    const watermark = yield* hotTier.watermark
    return yield* place.open(Option.match(watermark, { onNone: () => null, onSome: ({ tapeId }) => tapeId }))
  })
)

const parts = Layer.mergeAll(
  Discovery.layerNoDeps,
  Auditor.layerNoDeps.pipe(Layer.provide(AuditedRecorder.layerNoDeps))
).pipe(
  Layer.provideMerge(
    Layer.mergeAll(Connections.layerNoDeps, HotWriter.layerNoDeps, MarketFibers.layerNoDeps, TradeFiller.layerNoDeps)
  ),
  Layer.provideMerge(ExchangeCalendar.layerNoDeps),
  Layer.provideMerge(KalshiRest.layerNoDeps),
  Layer.provideMerge(Recording.layerNoDeps),
  Layer.provide(tapeLayer)
)

/** Takes up every log where it ended. Closing the scope commits what was received. */
export const open = Effect.fnUntraced(function* (
  stoppedCause: CollectorSettings["stoppedCause"]
): Effect.fn.Return<Session, HotTierError | TapeError, Needs | Scope.Scope | Sight> {
  const settings = yield* Settings
  const built = yield* Layer.build(parts.pipe(Layer.provide(Settings.layerOf({ ...settings, stoppedCause }))))
  const recording = Context.get(built, Recording)
  const writer = Context.get(built, HotWriter)
  const auditor = Context.get(built, Auditor)
  yield* Effect.addFinalizer(() => commitLast(recording, writer.flush, settings.lastCommitMillisMax))
  FeedTap.begin(recording)
  // Before the last commit, which may take its time.
  yield* Effect.addFinalizer(() => Effect.sync(() => FeedTap.end(recording)))
  return {
    recording,
    auditor,
    reportParts: Effect.map(auditor.status, (audits) => ({ audits })),
    run: Effect.raceAllFirst([
      recording.tape.failed,
      writer.run,
      Checkpoints.run(recording, settings),
      Context.get(built, Connections).run,
      Context.get(built, Discovery).run,
      auditor.run,
      FeedTap.run(recording, settings),
      Context.get(built, ExchangeCalendar).run,
      Context.get(built, MarketFibers).run,
      Context.get(built, TradeFiller).run
    ])
  }
})

/** What cannot be stored in time is on the tape, and the next start stores it. */
const commitLast = (
  recording: RecordingState,
  flush: Effect.Effect<void, TapeError>,
  lastCommitMillisMax: number
): Effect.Effect<void> =>
  flush.pipe(
    Effect.timeoutOrElse({
      duration: Duration.millis(lastCommitMillisMax),
      orElse: () => Effect.die(`not stored within ${lastCommitMillisMax} ms`)
    }),
    Effect.orDie,
    Effect.catchDefect((defect) =>
      Effect.logError("stopped before everything was stored; the next start stores it from the tape", defect).pipe(
        Effect.annotateLogs({ recordsWaiting: recordsWaiting(recording) })
      )
    )
  )
