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

layer(StreamWorld.layer, { excludeTestServices: true })("a reader that does not read", (it) => {
  for (const slow of ["disconnect", "skip", "conflate"] as const) {
    it.effect(`costs at most its bound, delays nobody, and is dealt with as it chose: ${slow}`, () =>
      Effect.gen(function* () {
        const world = yield* StreamWorld.make
        const market = `KXSLOW-${slow.toUpperCase()}-M`
        world.recorder.snapshot(market, 1)
        world.recorder.publish()
        const stalled = yield* world.connect(`slow=${slow}`)
        const quick = yield* world.connect("slow=skip", { isStrict: false })
        const channels = ["book", "trades"]
        yield* stalled.ask({ op: "subscribe", markets: [market], channels })
        yield* stalled.next("snapshot")
        quick.send(JSON.stringify({ op: "subscribe", id: 1, markets: [market] }))
        yield* quick.until(() => quick.follower.markets.has(market))
        stalled.setReading(false)

        let waitingMax = 0
        const measure = Effect.sync(() => {
          for (const session of world.waiting()) waitingMax = Math.max(waitingMax, session)
        })
        yield* Effect.forkScoped(Effect.forever(Effect.andThen(measure, Effect.sleep(5))))
        const flooding = yield* Effect.forkScoped(flood(world, market, 2))
        // Whoever is ended has to read now to hear why.
        if (slow === "disconnect") {
          yield* Effect.repeat(Effect.sleep(2), { until: () => world.waiting().length < 2 })
          stalled.setReading(true)
        }
        yield* Fiber.join(flooding)
        const last = floodRecords + 1
        yield* quick.until(() => quick.follower.markets.get(market)?.offset === last)
        assert.deepStrictEqual(quick.follower.faults, [])
        // A frame that was taken just before may lie on top.
        const frame = 100_000
        assert.isAtMost(waitingMax, (slow === "conflate" ? conflateBytesMin : bufferBytesMax) + frame)
        if (slow !== "disconnect") world.trade(market)

        stalled.setReading(true)
        const { follower } = stalled
        if (slow === "disconnect") {
          const goodbye = yield* stalled.next("goodbye")
          assert.strictEqual(goodbye.reason, "slow_reader")
          assert.strictEqual(yield* stalled.closed, 1008)
          const place = goodbye.resume.from_offset[market]
          assert.strictEqual(place?.offset, follower.markets.get(market)?.offset)
          assert.isBelow(place?.offset ?? 0, last)
          assert.deepStrictEqual(follower.faults, [])
          return
        }
        yield* stalled.until(() => follower.markets.get(market)?.offset === last)
        assert.deepStrictEqual(follower.faults, [])
        const told = follower.of(slow === "skip" ? "snapshot" : "conflated")
        assert.deepInclude(told.at(-1), { market_ticker: market, offset: last })
        if (slow === "skip") {
          const skipped = yield* stalled.next("skipped", ({ channel }) => channel === "book")
          assert.deepInclude(skipped, { channel: "book", to_offset: last })
        }
        const trades = yield* stalled.next("skipped", ({ channel }) => channel === "trades")
        assert.deepInclude(trades, { messages: 1 })
        assert.isBelow(follower.of("record").length, floodRecords)
      })
    )
  }
})
