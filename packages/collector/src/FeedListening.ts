/**
 * The feed of a collector for API nodes in other processes: where `FeedAddress` says. That it cannot be
 * listened on keeps nobody from recording: it is said, and tried again.
 */

import * as FeedAddress from "@kalshibook/store/feed/FeedAddress"
import type { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { FeedServer } from "@kalshibook/store/feed/FeedServer"
import type { Config } from "effect"
import { Duration, Effect, Layer, Option } from "effect"

const retrySeconds = 5

/** Where the environment says nothing: `fallback`. */
export const layer = (
  fallback: Parameters<typeof FeedAddress.listen>[0]
): Layer.Layer<never, Config.ConfigError | FeedAddress.FeedUnusable, FeedHub> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const address = Option.getOrUndefined(yield* FeedAddress.listen(fallback))
      if (address === undefined) return
      let said = ""
      const serve = Layer.build(FeedServer.layerOf(address)).pipe(
        Effect.andThen(Effect.logInfo(`the live feed is at ${address.host}:${address.port}`)),
        Effect.andThen(Effect.never),
        Effect.scoped
      )
      yield* serve.pipe(
        Effect.catchTag("FeedListenFailed", ({ message }) => {
          const isNew = said !== message
          said = message
          return Effect.andThen(
            isNew ? Effect.logError(`the live feed cannot be followed, trying again: ${message}`) : Effect.void,
            Effect.sleep(Duration.seconds(retrySeconds))
          )
        }),
        Effect.forever,
        Effect.forkScoped
      )
    })
  )
