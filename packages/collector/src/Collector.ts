/**
 * The whole recorder, from the exchange's socket to the hot tier. Starting it takes up every log where it ended; stopping it
 * commits what was received and says where the logs end.
 */
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import * as Trust from "@kalshibook/core/Trust"
import type { Epochs } from "@kalshibook/store/Epochs"
import { HotTier, type LogHead } from "@kalshibook/store/HotTier"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Context, Duration, Effect, Fiber, Layer, Option, Schedule } from "effect"
import type { HttpClient } from "effect/http"
import * as CollectorMetrics from "./CollectorMetrics.ts"
import { Settings } from "./CollectorSettings.ts"
import * as Status from "./CollectorStatus.ts"
import { Connection } from "./Connection.ts"
import { Discovery } from "./Discovery.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"
import { HotWriter } from "./HotWriter.ts"
import { KalshiRest } from "./KalshiRest.ts"
import { MarketFibers } from "./MarketFibers.ts"
import { ReceiveClock } from "./ReceiveClock.ts"
import { Recording, type RecordingState, recordsWaiting } from "./Recording.ts"

export class Collector extends Context.Service<
  Collector,
  {
    readonly status: Effect.Effect<Status.CollectorStatus>
    /** Never succeeds; fails when the collector cannot go on (its fault is a defect). */
    readonly failed: Effect.Effect<never>
  }
>()("@kalshibook/collector/Collector") {
  /** Records from the moment it is built until its scope is closed. */
  static readonly layerNoDeps: Layer.Layer<
    Collector,
    HotTierError,
    Connection | Discovery | ExchangeAccess | HotTier | HotWriter | Recording | Settings
  > = Layer.effect(
    Collector,
    Effect.gen(function* () {
      const access = yield* ExchangeAccess
      const connection = yield* Connection
      const discovery = yield* Discovery
      const recording = yield* Recording
      const writer = yield* HotWriter
      const { lastCommitMillisMax } = yield* Settings
      yield* takeUp(recording)
      yield* Effect.addFinalizer(() => commitLast(recording, writer.flush, lastCommitMillisMax))
      const meter = Status.makeRateMeter()
      const status = Effect.sync(() => Status.read(recording, { source: access.source, url: access.wsUrl }, meter))
      const sample = Effect.sync(() => meter.sample(recording.clock.nowMicros(), recording.recordsCommitted))
      const measure = sample.pipe(Effect.andThen(status), Effect.flatMap(CollectorMetrics.makeReporter()))
      yield* measure.pipe(Effect.repeat(Schedule.spaced(Duration.seconds(1))), Effect.forkScoped)
      const fiber: Fiber.Fiber<never> = yield* Effect.raceAllFirst([writer.run, connection.run, discovery.run]).pipe(
        Effect.forkScoped
      )
      return Collector.of({
        status,
        failed: Fiber.join(fiber)
      })
    })
  )

  /** As `layer`, with the live books beside it. */
  static readonly layerWithRecording: Layer.Layer<
    Collector | Recording,
    HotTierError,
    Epochs | ExchangeAccess | HotTier | HttpClient.HttpClient | MarketCatalog | Settings
  > = Collector.layerNoDeps.pipe(
    Layer.provide(Discovery.layerNoDeps),
    Layer.provide(
      Layer.mergeAll(Connection.layerNoDeps, HotWriter.layerNoDeps, KalshiRest.layerNoDeps, MarketFibers.layerNoDeps)
    ),
    Layer.provideMerge(Recording.layerNoDeps),
    Layer.provide(ReceiveClock.layer)
  )

  /** Ready to use: needs the stores, the exchange's access, the settings and an HTTP client. */
  static readonly layer: Layer.Layer<
    Collector,
    HotTierError,
    Epochs | ExchangeAccess | HotTier | HttpClient.HttpClient | MarketCatalog | Settings
  > = Collector.layerWithRecording
}

/**
 * Goes on where the stored logs end. Each log that an earlier recorder left without a gap gets one: what happened since its
 * last commit was not seen.
 */
const takeUp = Effect.fnUntraced(function* (recording: RecordingState) {
  const hotTier = yield* HotTier
  const watermark = yield* hotTier.watermark
  if (Option.isNone(watermark)) return
  const { recorder, clock } = recording
  const { epoch, tsExchangeMicros, tsExchangeReceivedMicros, tsReceivedMicros } = watermark.value
  clock.notBefore(tsReceivedMicros)
  recorder.tsExchangeMicros = tsExchangeMicros
  recorder.tsExchangeReceivedMicros = tsExchangeReceivedMicros
  const start: MarketLog.GapStart = {
    cause: "recorder_stopped",
    epoch,
    sid: 0,
    seq: 0,
    tsExchangeMicros,
    tsReceivedMicros: tsReceivedMicros + 1,
    tsDetectedMicros: clock.nowMicros()
  }
  const outbox = Outbox.make()
  for (const head of yield* hotTier.heads) {
    const log = MarketLog.make(head.marketTicker, endOf(head))
    if (head.kind !== "gap") MarketLog.resume(log, start, outbox)
    const end = MarketLog.end(log)
    if (end !== undefined) recorder.ends.set(head.marketTicker, end)
  }
  yield* hotTier.append({ ...outbox, watermark: { ...watermark.value, tsReceivedMicros: clock.mark() } })
})

const endOf = (head: LogHead): MarketLog.LogEnd => {
  const { kind, ...last } = head
  const trust: Trust.Trust =
    kind === "gap"
      ? Trust.stale({ ...last, kind, cause: "recorder_stopped", tsDetectedMicros: last.tsReceivedMicros })
      : Trust.unknown
  return { last, trust, tsExchangeEffectiveMicros: last.tsExchangeMicros ?? 0 }
}

/** What cannot be stored in time becomes a gap at the next start. */
const commitLast = (
  recording: RecordingState,
  flush: Effect.Effect<void>,
  lastCommitMillisMax: number
): Effect.Effect<void> =>
  flush.pipe(
    Effect.timeoutOrElse({
      duration: Duration.millis(lastCommitMillisMax),
      orElse: () => Effect.die(`not stored within ${lastCommitMillisMax} ms`)
    }),
    Effect.catchDefect((defect) =>
      Effect.logError("stopped before everything was stored; the next start records a gap", defect).pipe(
        Effect.annotateLogs({ recordsWaiting: recordsWaiting(recording) })
      )
    )
  )
