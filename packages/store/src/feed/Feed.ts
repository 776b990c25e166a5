/**
 * The live feed between the recorder and whoever follows it, in the same process or over a network. Knows nothing of subscribers:
 * each process that serves them follows the feed once.
 */
import type { FeedMessage } from "@kalshibook/core/FeedMessage"
import { Context, type Stream } from "effect"

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
>()("@kalshibook/store/feed/Feed") {}
