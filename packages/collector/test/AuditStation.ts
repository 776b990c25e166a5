/** An auditor beside a collector that records a simulated exchange, with windows short enough for a test. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type { BookLevels, MarketTicker } from "@kalshibook/core/BookRecord"
import { Audits } from "@kalshibook/store/Audits"
import { HotTier } from "@kalshibook/store/HotTier"
import { Context, Effect, Layer, Logger, Redacted } from "effect"
import { AuditedRecorder } from "../src/AuditedRecorder.ts"
import { Auditor } from "../src/Auditor.ts"
import { type CollectorSettings, Settings } from "../src/CollectorSettings.ts"
import { ExchangeAccess } from "../src/ExchangeAccess.ts"
import { KalshiRest } from "../src/KalshiRest.ts"
import { Recording } from "../src/Recording.ts"
import type { LogLine, Station } from "./Station.ts"

const quickAudits: Partial<CollectorSettings> = {
  auditMillis: 100,
  auditMarketsMax: 8,
  auditCacheMillisMax: 100,
  auditSlackMillis: 300,
  auditLagMillisMax: 500,
  restRequestsPerSecondMax: 500,
  retryMillisMin: 1,
  retryMillisMax: 10
}

export interface AuditStation {
  readonly auditor: Auditor["Service"]
  readonly audits: Audits["Service"]
  /** Markets that were distrusted, in order. They are not distrusted really. */
  readonly distrusted: ReadonlyArray<MarketTicker>
  readonly lines: ReadonlyArray<LogLine>
}

export interface AuditStationOptions {
  readonly settings?: Partial<CollectorSettings>
  /** The exchange answers with books that are up to so old, as from its cache. */
  readonly cacheMillis?: number
}

/** Audits what the station records, until the scope ends. */
export const audit = Effect.fnUntraced(function* (
  { exchange, hotTier, recording }: Station,
  { cacheMillis = 0, settings }: AuditStationOptions = {}
) {
  const distrusted: Array<MarketTicker> = []
  const lines: Array<LogLine> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    lines.push({ level: logLevel, text: [message].flat().map(String).join(" ") })
  })
  const access = ExchangeAccess.layerOf({
    source: "simulator",
    restUrl: exchange.restUrl,
    wsUrl: exchange.wsUrl,
    keyId: exchange.keyId,
    privateKeyPem: Redacted.make(exchange.privateKeyPem)
  })
  const rest = cached(cacheMillis).pipe(
    Layer.provide(KalshiRest.layerNoDeps),
    Layer.provide(Layer.merge(access, NodeHttpClient.layerUndici))
  )
  const layer = Auditor.layerNoDeps.pipe(
    Layer.provide(listening(distrusted)),
    Layer.provide(rest),
    Layer.provideMerge(Audits.layerMemory),
    Layer.provide(Settings.layerOf({ ...quickAudits, ...settings })),
    Layer.provide(Layer.mergeAll(Layer.succeed(Recording, recording), Layer.succeed(HotTier, hotTier))),
    Layer.provide(Logger.layer([logger]))
  )
  const built = yield* Layer.build(layer)
  const auditor = Context.get(built, Auditor)
  yield* auditor.run.pipe(Effect.provide(Logger.layer([logger])), Effect.forkScoped)
  const station: AuditStation = { auditor, audits: Context.get(built, Audits), distrusted, lines }
  return station
})

/** The live recording, of which distrust is noted and not done. */
const listening = (distrusted: Array<MarketTicker>) =>
  Layer.effect(
    AuditedRecorder,
    Effect.map(AuditedRecorder, (recorder) =>
      AuditedRecorder.of({ ...recorder, distrust: (ticker) => distrusted.push(ticker) })
    )
  ).pipe(Layer.provide(AuditedRecorder.layerNoDeps))

/** Keeps each answer for so long, market by market, as the exchange's own cache does. */
const cached = (cacheMillis: number): Layer.Layer<KalshiRest, never, KalshiRest> =>
  Layer.effect(
    KalshiRest,
    Effect.map(KalshiRest, (rest) => {
      const kept = new Map<MarketTicker, { readonly atMillis: number; readonly levels: BookLevels }>()
      return KalshiRest.of({
        ...rest,
        orderbooks: Effect.fnUntraced(function* (tickers) {
          const fresh = yield* rest.orderbooks(tickers)
          const atMillis = performance.now()
          for (const [ticker, levels] of fresh) {
            const one = kept.get(ticker)
            if (one === undefined || atMillis - one.atMillis > cacheMillis) kept.set(ticker, { atMillis, levels })
          }
          return new Map(tickers.map((ticker) => [ticker, kept.get(ticker)?.levels ?? { yes: [], no: [] }]))
        })
      })
    })
  )
