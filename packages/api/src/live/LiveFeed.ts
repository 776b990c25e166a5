/**
 * What an API that runs as a program of its own knows of the markets live: `KALSHIBOOK_FEED_URL` says where the recorder tells it.
 * Without it there is no `LiveMarkets`, which whoever needs it says to its caller; the rest of the API needs none.
 */

import { Feed } from "@kalshibook/store/feed/Feed"
import * as FeedAddress from "@kalshibook/store/feed/FeedAddress"
import * as FeedClient from "@kalshibook/store/feed/FeedClient"
import { type Config, Effect, Layer, Option } from "effect"
import { LiveMarkets } from "./LiveMarkets.ts"

/** Over the feed of the environment, where there is one. */
export const layer: Layer.Layer<never, Config.ConfigError> = Layer.unwrap(
  Effect.map(
    FeedAddress.follow,
    Option.match({
      onNone: () => Layer.empty,
      onSome: (address) =>
        LiveMarkets.layerNoDeps.pipe(Layer.provide(Feed.layerNetwork({ ...FeedClient.defaults, ...address })))
    })
  )
)
