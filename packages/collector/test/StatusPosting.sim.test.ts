import { assert, describe, it } from "@effect/vitest"
import { HotTier } from "@kalshibook/store/HotTier"
import { type PostedStatus, StatusBoard } from "@kalshibook/store/StatusBoard"
import { Context, Effect, Layer, Option } from "effect"
import { Collector } from "../src/Collector.ts"
import * as StatusPosting from "../src/StatusPosting.ts"
import * as Station from "./Station.ts"
import * as UnreliableTier from "./UnreliableTier.ts"

const boardOf = (posts: Array<PostedStatus>): StatusBoard["Service"] =>
  StatusBoard.of({
    post: (posted) => Effect.sync(() => void posts.push(posted)),
    read: Effect.sync(() => Option.fromUndefinedOr(posts.at(-1))),
    databaseBytes: Effect.succeed(null)
  })

describe("the status in the database", () => {
  it.live(
    "is what the collector says of itself, every two seconds, and nothing while the database takes no records",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ deltasPerSecond: 1_000 })
        const stores = yield* Station.memory
        const tier = UnreliableTier.make(Context.get(stores, HotTier))
        const station = yield* Station.record(exchange, Context.add(stores, HotTier, tier.service), {
          settings: { lastCommitMillisMax: 200 }
        })
        yield* Station.untilAllLive(station)
        const posts: Array<PostedStatus> = []
        yield* Layer.build(
          StatusPosting.layer.pipe(
            Layer.provide(
              Layer.mergeAll(Layer.succeed(Collector, station.collector), Layer.succeed(StatusBoard, boardOf(posts)))
            )
          )
        )
        yield* Station.until("two posts", () => posts.length >= 2)
        const [first, second] = posts
        assert.strictEqual(second?.status.state, "recording")
        assert.isAbove(second?.tsReportedMicros ?? 0, (first?.tsReportedMicros ?? 0) + 1_900_000)
        assert.strictEqual(second?.status.report?.connections[0]?.markets_live, Station.live(station).length)

        tier.mode = "away"
        yield* Station.until("the database is away", () => station.recording.storeProblem !== null)
        const count = posts.length
        yield* Effect.sleep("2500 millis")
        assert.strictEqual(posts.length, count)
        tier.mode = "up"
        yield* Station.until("it goes on", () => posts.length > count)
      }).pipe(Effect.scoped)
  )
})
