/** Real sockets of readers that do not read: what they cost, and what becomes of them. */
import { assert, layer } from "@effect/vitest"
import type { BookLevels } from "@kalshibook/core/BookRecord"
import { bufferBytesMax, conflateBytesMin } from "@kalshibook/core/contract/stream/StreamLimits"
import { nothingRecorded } from "@kalshibook/core/FeedMessage"
import { Effect, Fiber } from "effect"
import * as StreamWorld from "./StreamWorld.ts"

/** A book of some forty kilobytes. */
const largeBook = (sizeE2: number): BookLevels => ({
  yes: Array.from({ length: 2_500 }, (_, index) => ({ priceE4: index + 1, sizeE2 })),
  no: []
})

/** So much (20 MB) that neither the sockets of both sides nor the buffer hold it. */
const floodRecords = 450

const flood = (world: Effect.Success<typeof StreamWorld.make>, market: string, from: number) =>
  Effect.gen(function* () {
    for (let count = 0; count < floodRecords; count++) {
      const at = { epoch: 1, sid: 1, seq: from + count, tsExchangeMicros: null, tsReceivedMicros: 2_000 + from + count }
      const record = {
        kind: "snapshot" as const,
        marketTicker: market,
        offset: from + count,
        ...at,
        levels: largeBook(1 + count)
      }
      world.hub.publish(at.tsReceivedMicros, { ...nothingRecorded, records: [record] })
      if (count % 5 === 4) yield* Effect.sleep(2)
    }
  })

/** What one frame may have beyond the bound: it was taken when there was nothing before it. */
const frameBytes = 100_000

const slowPolicies = ["disconnect", "skip", "conflate"] as const

const limits = { disconnect: bufferBytesMax, skip: bufferBytesMax, conflate: conflateBytesMin } as const

layer(StreamWorld.layer, { excludeTestServices: true })("a reader that does not read", (it) => {
  it.effect(
    "costs at most its bound, delays nobody, and is dealt with as it chose",
    () =>
      Effect.gen(function* () {
        const world = yield* StreamWorld.make
        const market = "KXSLOW-E-M"
        world.recorder.snapshot(market, 1)
        world.recorder.publish()
        const stalled = yield* Effect.forEach(slowPolicies, (slow) =>
          world.connect(`slow=${slow}`, { isStrict: false, keepsMessages: true })
        )
        const quick = yield* world.connect("slow=skip", { isStrict: false })
        for (const client of stalled) {
          yield* client.ask({ op: "subscribe", markets: [market], channels: ["book", "trades"] })
          yield* client.next("snapshot")
          client.setReading(false)
        }
        quick.send(JSON.stringify({ op: "subscribe", id: 1, markets: [market] }))
        yield* quick.until(() => quick.follower.markets.has(market))

        const waitingMax = [0, 0, 0]
        const measure = Effect.sync(() => {
          const waiting = world.waiting()
          if (waiting.length < 4) return
          for (const at of slowPolicies.keys()) waitingMax[at] = Math.max(waitingMax[at] ?? 0, waiting[at] ?? 0)
        })
        yield* Effect.forkScoped(Effect.forever(Effect.andThen(measure, Effect.sleep(5))))
        const flooding = yield* Effect.forkScoped(flood(world, market, 2))
        const [ended, skipping, conflating] = stalled
        assert.isDefined(ended)
        assert.isDefined(skipping)
        assert.isDefined(conflating)
        if (ended === undefined || skipping === undefined || conflating === undefined) return
        // Whoever is ended has to read soon to hear why.
        yield* Effect.repeat(Effect.sleep(2), { until: () => world.waiting().length < 4 })
        ended.setReading(true)
        yield* Fiber.join(flooding)
        const last = floodRecords + 1
        yield* quick.until(() => quick.follower.markets.get(market)?.offset === last)
        assert.deepStrictEqual(quick.follower.faults, [])
        for (const [at, slow] of slowPolicies.entries())
          assert.isAtMost(waitingMax[at] ?? 0, limits[slow] + frameBytes, slow)
        world.trade(market)

        const goodbye = yield* ended.next("goodbye")
        assert.strictEqual(goodbye.reason, "slow_reader")
        assert.strictEqual(yield* ended.closed, 1008)
        const place = goodbye.resume.from_offset[market]
        assert.strictEqual(place?.offset, ended.follower.markets.get(market)?.offset)
        assert.isBelow(place?.offset ?? 0, last)
        assert.deepStrictEqual(ended.follower.faults, [])

        for (const client of [skipping, conflating]) {
          client.setReading(true)
          const { follower } = client
          yield* client.until(() => follower.markets.get(market)?.offset === last)
          assert.deepStrictEqual(follower.faults, [])
          assert.deepInclude(yield* client.next("skipped", ({ channel }) => channel === "trades"), { messages: 1 })
          assert.isBelow(follower.of("record").length, floodRecords)
        }
        assert.deepInclude(skipping.follower.of("snapshot").at(-1), { market_ticker: market, offset: last })
        const skipped = yield* skipping.next("skipped", ({ channel }) => channel === "book")
        assert.deepInclude(skipped, { channel: "book", to_offset: last })
        assert.deepInclude(conflating.follower.of("conflated").at(-1), { market_ticker: market, offset: last })
      }),
    60_000
  )
})
