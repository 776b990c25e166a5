/**
 * The live feed between the recorder and whoever follows it, in the same process or over a network. Knows nothing of subscribers:
 * each process that serves them follows the feed once.
 */
import type { FeedMessage } from "@kalshibook/core/FeedMessage"
import { Array as Arr, Context, Effect, Layer, Stream } from "effect"
import * as FeedClient from "./FeedClient.ts"
import { type FeedFollower, FeedHub } from "./FeedHub.ts"

/** Batches that are taken at a time. */
const batchesMax = 100

export class Feed extends Context.Service<
  Feed,
  {
    /**
     * A state, then every batch after it without a hole or a repeat; whenever that cannot be kept, `lost` and another state.
     * Never ends and never fails. A follower that is slow is not waited for: what waits for it is bounded, and beyond that it
     * gets another state.
     */
    readonly messages: Stream.Stream<FeedMessage>
  }
>()("@kalshibook/store/feed/Feed") {
  /** What the recorder of this process leaves in the hub. */
  static readonly layerSameProcess: Layer.Layer<Feed, never, FeedHub> = Layer.effect(
    Feed,
    Effect.map(FeedHub, (hub) =>
      Feed.of({
        messages: Stream.suspend(() => Stream.fromEffectRepeat(next(hub.follow()))).pipe(Stream.flattenArray)
      })
    )
  )

  /** What a recorder sends over the network (`FeedServer`). */
  static readonly layerNetwork = (options: FeedClient.FeedClientOptions): Layer.Layer<Feed> =>
    Layer.succeed(Feed, Feed.of({ messages: FeedClient.follow(options) }))
}

/** Waits until there is something, and takes it. */
const next = (follower: FeedFollower): Effect.Effect<Arr.NonEmptyReadonlyArray<FeedMessage>> =>
  Effect.callback<void>((resume) => {
    const takeBack = follower.wait(() => resume(Effect.void))
    return Effect.sync(takeBack)
  }).pipe(
    Effect.map(() => follower.take(batchesMax)),
    Effect.flatMap((taken) => (Arr.isReadonlyArrayNonEmpty(taken) ? Effect.succeed(taken) : next(follower)))
  )
