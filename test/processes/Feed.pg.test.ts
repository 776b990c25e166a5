/**
 * A recorder and those who follow it as processes of their own. The recorder is killed (`kill -9`) with records told that are not on its
 * disk; what the followers know in the end is what is stored, and what they were told is that, or was said not to be.
 */
import { assert, it } from "@effect/vitest"
import { LiveMarkets, type LiveUpdate } from "@kalshibook/api/live/LiveMarkets"
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as LiveFold from "@kalshibook/core/LiveFold"
import * as Replay from "@kalshibook/core/Replay"
import { Feed } from "@kalshibook/store/feed/Feed"
import * as FeedClient from "@kalshibook/store/feed/FeedClient"
import { HotTier } from "@kalshibook/store/HotTier"
import { Context, Effect, Layer, Logger, Option, Schedule } from "effect"
import * as ApiProcess from "./ApiProcess.ts"
import * as Scene from "./Scene.ts"

const kills = 1
const recordingMillis = 1_000

/** A node that serves nobody. */
const node = (port: number) =>
  Effect.map(
    Layer.build(
      LiveMarkets.layerNoDeps.pipe(
        Layer.provide(
          Feed.layerNetwork({
            ...FeedClient.defaults,
            host: "127.0.0.1",
            port,
            secret: Option.none(),
            retryMillisMax: 200
          })
        ),
        Layer.provide(Logger.layer([]))
      )
    ),
    (built) => Context.get(built, LiveMarkets)
  )

interface LiveStatus {
  readonly live: {
    readonly state: string
    readonly markets: number
    readonly lag: { readonly p99_ms: number } | null
  }
}

const statusOf = (url: string): Effect.Effect<LiveStatus> =>
  Effect.promise(async () => (await (await fetch(`${url}/v1/status`)).json()) as LiveStatus)

/** What a subscriber of all markets holds: each log up to where it was told, with the records that it was told. */
class Subscriber {
  readonly told = new Map<MarketTicker, Map<number, BookRecord>>()
  readonly offsets = new Map<MarketTicker, number>()
  readonly counts = { ahead: 0, rewritten: 0 }
  problem = ""

  hear(update: LiveUpdate, offsetOf: (ticker: MarketTicker) => number): void {
    for (const [ticker, how] of update.resynced) {
      this.counts[how]++
      // What is not part of the log any more is let go of, as a subscriber would.
      if (how === "rewritten") this.told.delete(ticker)
      this.offsets.set(ticker, offsetOf(ticker))
    }
    for (const [ticker, records] of update.recordsByMarket) {
      const told = this.told.get(ticker) ?? new Map<number, BookRecord>()
      this.told.set(ticker, told)
      for (const record of records) {
        if (record.offset !== (this.offsets.get(ticker) ?? 0) + 1) this.problem ||= `${ticker} ${record.offset}`
        this.offsets.set(ticker, record.offset)
        told.set(record.offset, record)
      }
    }
  }
}

it.live(
  "what followers know after a kill is what is stored, and what they were told is that or was said not to be",
  () =>
    Effect.gen(function* () {
      const feedPort = yield* ApiProcess.freePort
      const scene = yield* Scene.make({
        feedPort,
        exchange: { seed: 5, marketsOpen: 20, deltasPerSecond: 500 },
        // Much is told before it is on the disk.
        tape: { syncMillisMax: 150 },
        collectors: { hasStandby: false }
      })
      const markets = yield* node(feedPort)
      const subscriber = new Subscriber()
      const feeds = new Set<string | null>()
      yield* markets.listen((update) => {
        feeds.add(markets.state().feedId)
        subscriber.hear(update, markets.offsetOf)
      })
      let collector = yield* scene.start
      for (let kill = 0; kill < kills; kill++) {
        yield* scene.untilLive(collector)
        yield* Effect.sleep(recordingMillis)
        yield* collector.kill
        collector = yield* scene.start
      }
      yield* scene.untilLive(collector)
      const { url } = yield* ApiProcess.start({
        DATABASE_URL: scene.postgres.url,
        KALSHIBOOK_DATA_DIR: scene.tapeFolder,
        KALSHIBOOK_API_PORT: String(yield* ApiProcess.freePort),
        KALSHIBOOK_FEED_URL: `tcp://127.0.0.1:${feedPort}`
      })
      const { live } = yield* statusOf(url).pipe(
        Effect.filterOrFail((status) => status.live.lag !== null),
        Effect.retry(Schedule.spaced("50 millis"))
      )
      assert.strictEqual(live.state, "live")
      assert.isAtLeast(live.markets, 20)
      yield* Scene.inflict(scene.exchange, { fault: "pause_trading" })
      yield* scene.untilLevel(collector)
      yield* collector.stop
      const hotTier = Context.get(
        yield* Layer.build(HotTier.layerNoDeps.pipe(Layer.provide(Layer.succeedContext(scene.postgres.connection)))),
        HotTier
      )
      const all = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER, afterOffset: 0, recordsMax: 1_000_000 }
      let recordsCompared = 0
      for (const { marketTicker, offset } of yield* hotTier.heads) {
        const stored = yield* hotTier.records({ ...all, marketTicker })
        assert.strictEqual(stored.length, offset)
        for (const [told, record] of subscriber.told.get(marketTicker) ?? []) {
          assert.deepStrictEqual(record, stored[told - 1])
          recordsCompared++
        }
        const replay = Replay.make()
        for (const record of stored) Replay.apply(replay, record)
        const known = Option.getOrThrow(markets.logOf(marketTicker))
        const { levels, ...expected } = LiveFold.toLog(replay) ?? assert.fail("a log")
        assert.deepStrictEqual(known.last, expected.last)
        assert.deepStrictEqual(known.trust, expected.trust)
        assert.strictEqual(known.tsExchangeEffectiveMicros, expected.tsExchangeEffectiveMicros)
        assert.deepStrictEqual(known.levels, levels)
      }
      assert.strictEqual(subscriber.problem, "")
      assert.strictEqual(feeds.size, kills + 1)
      // Whether something was told in vain before the kill is chance: what is said of it then is the models' to show.
      assert.isAbove(recordsCompared, 500)
      yield* Effect.logInfo("compared").pipe(
        Effect.annotateLogs({ recordsCompared, ...subscriber.counts, ...live.lag })
      )
    }).pipe(Effect.scoped),
  600_000
)
