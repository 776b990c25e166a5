/**
 * The collector as a process of its own, for tests that stop it by force. Loads at once and begins when it is told to, so that a new
 * one can be at hand when another is killed; then it tells how it is. Ends with the process that started it.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Collector } from "@kalshibook/collector/Collector"
import { Settings } from "@kalshibook/collector/CollectorSettings"
import { ExchangeAccess } from "@kalshibook/collector/ExchangeAccess"
import type { RecordingState } from "@kalshibook/collector/Recording"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import * as Database from "@kalshibook/store/Database"
import { Epochs } from "@kalshibook/store/Epochs"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { FeedServer } from "@kalshibook/store/feed/FeedServer"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Effect, Layer, Option, Redacted, Schedule } from "effect"
import type { CollectorOptions, CollectorReport } from "./CollectorProcess.ts"

const reportMillis = 20

const say = (report: CollectorReport): void => {
  if (process.connected) process.send?.(report)
}

process.on("disconnect", () => process.exit(1))
const options = await new Promise<CollectorOptions>((resolve) => {
  process.once("message", (message) => resolve(message as CollectorOptions))
  say({ _tag: "loaded" })
})

const stores = Layer.mergeAll(
  Audits.layerNoDeps,
  ChannelGaps.layerNoDeps,
  Epochs.layerNoDeps,
  HotTier.layerNoDeps,
  MarketCatalog.layerNoDeps
).pipe(Layer.provide(Database.layerUrl(Redacted.make(options.databaseUrl))))

/** Outlives the collector, whose last word is told, too. */
const feed =
  options.feedPort === undefined
    ? Layer.empty
    : Layer.provideMerge(
        FeedServer.layerOf({ host: "127.0.0.1", port: options.feedPort, secret: Option.none() }),
        FeedHub.layer
      )

const { privateKeyPem, ...access } = options.exchange
const collector = Collector.layer.pipe(
  Layer.provide(stores),
  Layer.provide(Settings.layerOf(options.settings)),
  Layer.provide(
    ExchangeAccess.layerOf({ ...access, source: "simulator", privateKeyPem: Redacted.make(privateKeyPem) })
  ),
  Layer.provide(TapePlace.layer(options.tapeFolder, { freeBytesMin: 0, freeBytesAlarm: 0, ...options.tape })),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provide(feed)
)

/** Connections that are open now. */
const connectionsOf = ({ slots }: RecordingState): number => slots.all.filter(({ link }) => link !== null).length

const program = Effect.gen(function* () {
  const running = yield* Collector
  const report = Effect.gen(function* () {
    const { marketsByState, state, storeProblem } = yield* running.status
    const recording = running.recording()
    say({
      _tag: "status",
      state,
      storeProblem,
      marketsLive: marketsByState.live,
      marketsWaiting: marketsByState.waiting,
      connections: connectionsOf(recording),
      epochLast: recording.recorder.epochLast,
      entriesAppended: recording.tape.appended(),
      entriesCommitted: recording.tapeEntryCommitted,
      isSpilled: recording.isSpilled,
      rssBytes: process.memoryUsage.rss()
    })
  })
  yield* report.pipe(Effect.repeat(Schedule.spaced(reportMillis)), Effect.forkScoped)
  return yield* running.failed
})

program.pipe(Effect.scoped, Effect.provide(collector), NodeRuntime.runMain)
