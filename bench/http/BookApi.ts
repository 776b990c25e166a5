/**
 * A server of books for the benchmarks: the whole API over an embedded Postgres that waits for the disk, with some generated hours of a few
 * markets, and customers. In a process of its own; says its port, keys and what may be asked, then serves until its input ends.
 */
import "@kalshibook/store/ProgramEngine"

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import type { BookRecord, Side } from "@kalshibook/core/BookRecord"
import { type Terms, tiers } from "@kalshibook/core/contract/Pricing"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as Replay from "@kalshibook/core/Replay"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import { Accounts } from "@kalshibook/store/Accounts"
import { HotTier } from "@kalshibook/store/HotTier"
import { Keys } from "@kalshibook/store/Keys"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import * as Telemetry from "@kalshibook/store/Telemetry"
import { Effect, Layer, Redacted } from "effect"
import { HttpServer } from "effect/http"
import * as HotStores from "./HotStores.ts"

/** What the parent is told. */
export interface BookApiReady {
  readonly port: number
  /** Of a customer without limits that matter, and of two with a limit. */
  readonly keys: readonly [string, string, string]
  /** The limit. */
  readonly narrowPerSecond: number
  readonly tickers: ReadonlyArray<string>
  readonly fromMicros: number
  readonly toMicros: number
}

const marketCount = 10
const recordsPerMarket = 10_000
const keyframeEveryRecords = 500
/** Levels of each side of a book. */
const levels = 20
const startMicros = 1_795_219_200_000_000
const spanMicros = 3_600_000_000
const plenty = 1_000_000_000

/** What the narrow customers may: as much as the largest tier that anybody can buy. */
const narrowPerSecond = tiers.project.limits.requestsPerSecond

const tickerOf = (market: number): string => `KXBENCH-26NOV21-M${market}`

const logOf = (market: number): { readonly records: Array<BookRecord>; readonly keyframes: Array<Keyframe> } => {
  const prng = Prng.make(market, 0)
  const replay = Replay.make()
  const records: Array<BookRecord> = []
  const keyframes: Array<Keyframe> = []
  const ladder = () => Array.from({ length: levels }, (_, index) => ({ priceE4: (index + 1) * 100, sizeE2: 10_000 }))
  for (let offset = 1; offset <= recordsPerMarket; offset++) {
    const tsReceivedMicros = startMicros + Math.floor((spanMicros * offset) / (recordsPerMarket + 1))
    const head = { marketTicker: tickerOf(market), offset, epoch: 1, sid: 1, seq: offset, tsReceivedMicros }
    const side: Side = Prng.fraction(prng) < 0.5 ? "yes" : "no"
    const record: BookRecord =
      offset === 1
        ? { ...head, kind: "snapshot", tsExchangeMicros: null, levels: { yes: ladder(), no: ladder() } }
        : {
            ...head,
            kind: "delta",
            tsExchangeMicros: tsReceivedMicros - 20_000,
            side,
            priceE4: 100 * (1 + Math.floor(Prng.fraction(prng) * levels)),
            deltaE2: 100
          }
    records.push(record)
    Replay.applyUntil(replay, [record], tsReceivedMicros, "received")
    const keyframe = offset % keyframeEveryRecords === 0 ? Replay.toKeyframe(replay) : undefined
    if (keyframe !== undefined) keyframes.push(keyframe)
  }
  return { records, keyframes }
}

const fill = Effect.gen(function* () {
  const catalog = yield* MarketCatalog
  const hot = yield* HotTier
  const markets = Array.from({ length: marketCount }, (_, market) => ({
    ticker: tickerOf(market),
    body: { ticker: tickerOf(market), event_ticker: "KXBENCH-26NOV21", status: "active" },
    tsObservedMicros: startMicros
  }))
  yield* catalog.observe({ series: [], events: [], markets })
  for (let market = 0; market < marketCount; market++) {
    const isLast = market === marketCount - 1
    yield* hot.append({
      ...logOf(market),
      trades: [],
      lifecycle: [],
      connections: [],
      channelGaps: [],
      watermark: {
        epoch: 1,
        tsReceivedMicros: isLast ? startMicros + spanMicros : startMicros,
        tsExchangeMicros: null,
        tsExchangeReceivedMicros: null,
        tapeId: null,
        tapeEntry: 0
      }
    })
  }
})

const customer = Effect.fnUntraced(function* (name: string, terms: Terms) {
  const { accountId } = yield* (yield* Accounts).create({ name, tier: "enterprise", terms })
  const { key } = yield* (yield* Keys).create({ accountId, name: "bench", scopes: ["read"] })
  return Redacted.value(key)
})

const program = (folder: string) => {
  const stores = HotStores.layer(folder)
  const server = ApiServer.layer({ host: "127.0.0.1", port: 0 }).pipe(
    Layer.provide([RecorderStatusSource.layerDatabase, StreamServer.layerMemory])
  )
  return Effect.gen(function* () {
    yield* fill
    const wide = { requestsPerSecond: plenty, burst: plenty, requestsAtOnce: plenty, creditsMonthly: plenty }
    const narrow = { ...wide, requestsPerSecond: narrowPerSecond, burst: narrowPerSecond }
    const keys = [
      yield* customer("wide", wide),
      yield* customer("loud", narrow),
      yield* customer("calm", narrow)
    ] as const
    const { address } = yield* HttpServer.HttpServer
    const ready: BookApiReady = {
      port: "port" in address ? Number(address.port) : 0,
      keys,
      narrowPerSecond,
      tickers: Array.from({ length: marketCount }, (_, market) => tickerOf(market)),
      fromMicros: startMicros + spanMicros / 100,
      toMicros: startMicros + spanMicros - spanMicros / 100
    }
    process.stdout.write(`${JSON.stringify(ready)}\n`)
    yield* Effect.callback<void>((resume) => {
      process.stdin.once("end", () => resume(Effect.void)).resume()
    })
  }).pipe(
    Effect.provide(server.pipe(Layer.provideMerge(stores))),
    Effect.provide(Telemetry.layerOtlp("bench")),
    Effect.scoped
  )
}

const folder = await mkdtemp(join(tmpdir(), "kalshibook-bench-http-"))
await Effect.runPromise(program(folder)).finally(() => rm(folder, { recursive: true, force: true }))
process.exit(0)
