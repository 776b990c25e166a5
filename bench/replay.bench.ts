/**
 * One reader replays hours of many markets as fast as it can, in one time order. Beside it tardis-dev replays as many book changes,
 * normalised, out of its own cache on the disk of the same machine: nothing is fetched.
 *
 * Its data is BitMEX's, for which its mapper has the least to do (one level changed in each message); ours is of sealed hours, verified
 * against their manifests. Each gives an object for each change, with the order of receipt kept over all markets.
 */
import { createHash } from "node:crypto"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { gzipSync } from "node:zlib"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { ColdTier } from "@kalshibook/store/cold/ColdTier"
import { ObjectCache } from "@kalshibook/store/cold/ObjectCache"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import { Segments } from "@kalshibook/store/cold/Segments"
import * as Database from "@kalshibook/store/Database"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { ReceivedTrades } from "@kalshibook/store/ReceivedTrades"
import { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Effect, Layer, Option } from "effect"
import type * as TardisDev from "tardis-dev"
import { type BenchRow, median, rate } from "./BenchTable.ts"
import { prepare, seal, startMicros, tickerOf } from "./cold/SealedDay.ts"

const recordCount = Number(process.env["KALSHIBOOK_BENCH_RECORDS"] ?? 1_000_000)
const shape = { recordCount, marketCount: 500, hoursSealed: 4 }
const runs = 3
const cacheBytesMax = 1024 * 1024 * 1024
const promisedRatio = 5

const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "kalshibook-bench-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

/** Milliseconds, and what was counted. */
const timed = async (count: () => Promise<number>) => {
  const startMillis = performance.now()
  const counted = await count()
  return { millis: performance.now() - startMillis, counted }
}

// ---- tardis-dev ----------------------------------------------------------------------------------------------------

const minutes = 10
/** Ascending, as they are in the name of the cache's folder. */
const symbols = ["ETHUSD", "SOLUSD", "XBTUSD", "XRPUSD"]
const tardisFrom = "2026-11-21T00:00:00.000Z"

/** A minute of book changes as tardis keeps them: the time of receipt and the exchange's message, a line each, gzipped. */
const minuteOf = (prng: Prng.Prng, minute: number, messages: number): Uint8Array => {
  const lines: Array<string> = []
  if (minute === 0) {
    for (const [index, symbol] of symbols.entries()) {
      const data = Array.from({ length: 100 }, (_, level) => {
        const side = level < 50 ? "Buy" : "Sell"
        return { symbol, id: index * 1_000 + level, side, size: 100, price: 1_000 + level }
      })
      lines.push(`2026-11-21T00:00:00.0000000Z ${JSON.stringify({ table: "orderBookL2", action: "partial", data })}`)
    }
  }
  for (let message = 0; message < messages; message++) {
    const millis = Math.floor((message / messages) * 60_000)
    const at = new Date(Date.parse(tardisFrom) + minute * 60_000 + millis).toISOString()
    const index = Prng.below(prng, symbols.length)
    const level = Prng.below(prng, 100)
    const data = [
      {
        symbol: symbols[index],
        id: index * 1_000 + level,
        side: level < 50 ? "Buy" : "Sell",
        size: Prng.between(prng, 1, 100_000),
        price: 1_000 + level,
        timestamp: at,
        transactTime: at
      }
    ]
    lines.push(`${at.slice(0, -1)}0000Z ${JSON.stringify({ table: "orderBookL2", action: "update", data })}`)
  }
  return gzipSync(`${lines.join("\n")}\n`)
}

const fillCache = async (folder: string, changes: number): Promise<void> => {
  const filters = [{ channel: "orderBookL2", symbols }]
  const hash = createHash("sha256").update(JSON.stringify(filters)).digest("hex")
  const prng = Prng.make(5, 0)
  for (let minute = 0; minute < minutes; minute++) {
    const name = `${String(minute).padStart(2, "0")}.json.gz`
    const path = join(folder, "feeds", "bitmex", hash, "2026", "11", "21", "00", name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, minuteOf(prng, minute, Math.floor(changes / minutes)))
  }
}

const tardisReplay = async (cacheDir: string): Promise<number> => {
  const tardis: typeof TardisDev = createRequire(import.meta.url)("tardis-dev")
  // Nothing is listened to there: whatever is not in the cache fails.
  tardis.init({ cacheDir, endpoint: "https://127.0.0.1:9/v1" })
  const messages = tardis.replayNormalized(
    { exchange: "bitmex", symbols, from: tardisFrom, to: `2026-11-21T00:${minutes}:00.000Z` },
    tardis.normalizeBookChanges
  )
  let count = 0
  for await (const message of messages) count += message.type === "book_change" ? 1 : 0
  return count
}

// ---- ours ----------------------------------------------------------------------------------------------------------

const ourReplay = Effect.gen(function* () {
  const source = yield* ReplaySource
  const tickers = Array.from({ length: shape.marketCount }, (_, market) => tickerOf(market))
  const reader = yield* source.open({
    books: tickers,
    trades: [],
    lifecycle: false,
    // Behind each market's first snapshot, which is part of the books then.
    fromMicros: startMicros + 1,
    toMicros: startMicros + shape.hoursSealed * hourMicros
  })
  let count = 0
  let lastMicros = 0
  while (true) {
    const entries = yield* reader.next
    if (entries === undefined) return count
    for (const { tsReceivedMicros } of entries) {
      if (tsReceivedMicros < lastMicros) return yield* Effect.die(new Error("not in the order of receipt"))
      lastMicros = tsReceivedMicros
      count++
    }
  }
})

const measure = Effect.fnUntraced(function* (folder: string) {
  yield* prepare(shape)
  const sealed = yield* Effect.scoped(seal(join(folder, "sealing"), shape))
  const records = sealed.records - shape.marketCount
  const tardisFolder = join(folder, "tardis")
  yield* Effect.promise(() => fillCache(tardisFolder, records / 2))
  const services = yield* Effect.context<ReplaySource>()
  const ours: Array<number> = []
  const theirs: Array<number> = []
  // The first run brings the files into the caches of both, and is not counted.
  for (let index = 0; index <= runs; index++) {
    const own = yield* Effect.promise(() => timed(() => Effect.runPromiseWith(services)(Effect.orDie(ourReplay))))
    if (own.counted !== records) return yield* Effect.die(new Error(`${own.counted} of ${records} records`))
    const other = yield* Effect.promise(() => timed(() => tardisReplay(tardisFolder)))
    if (other.counted < records / 2 - minutes) return yield* Effect.die(new Error(`${other.counted} changes of tardis`))
    if (index === 0) continue
    ours.push((own.counted / own.millis) * 1_000)
    theirs.push((other.counted / other.millis) * 1_000)
  }
  const ratio = median(ours) / median(theirs)
  const row: BenchRow = {
    what: `replay as fast as read, ${shape.marketCount} markets in one time order, ${(records / 1e6).toFixed(1)} M records (baseline: tardis-dev, normalised, from its cache)`,
    ours: rate(median(ours)),
    baseline: rate(median(theirs)),
    ratio: `${ratio.toFixed(1)}x`,
    promised: `at least ${promisedRatio}x`,
    passed: ratio >= promisedRatio
  }
  return [row]
})

export const run = (): Promise<ReadonlyArray<BenchRow>> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const stores = Layer.mergeAll(
        HotTier.layerNoDeps,
        MarketCatalog.layerNoDeps,
        SealedHours.layerNoDeps,
        Segments.layerNoDeps,
        ReceivedTrades.layerNoDeps,
        LifecycleLog.layerNoDeps,
        ChannelGaps.layerNoDeps,
        ObjectStore.layerFolder({ folder: join(folder, "objects"), baseUrl: "http://localhost", secret: Option.none() })
      ).pipe(Layer.provideMerge(Database.layerEmbedded({ folder: join(folder, "postgres"), durability: "forget" })))
      const replay = ReplaySource.layerOf().pipe(
        Layer.provide(History.layerNoDeps),
        Layer.provide(ColdTier.layerOf()),
        Layer.provide(ObjectCache.layerFolder({ folder: join(folder, "cache"), bytesMax: cacheBytesMax })),
        Layer.provideMerge(stores)
      )
      yield* Effect.promise(() => mkdir(join(folder, "sealing")))
      return yield* Effect.provide(measure(folder), replay)
    }).pipe(Effect.scoped)
  )
