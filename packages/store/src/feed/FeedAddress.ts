/**
 * Where the feed is between programs, from the environment: `KALSHIBOOK_FEED_LISTEN` of the collector (`off` for none; of a program of
 * its own `127.0.0.1:4710` unless set), `KALSHIBOOK_FEED_URL` of each API (`tcp://host:port`; without it, none), and on both sides
 * `KALSHIBOOK_FEED_SECRET`, without which the collector listens for this machine alone.
 */
import * as Environment from "@kalshibook/core/settings/Environment"
import * as FeedPlace from "@kalshibook/core/settings/FeedPlace"
import { type Config, Effect, Option, type Redacted, Schema } from "effect"

/** A variable that cannot be used, in a sentence that names it. */
export class FeedUnusable extends Schema.TaggedError<FeedUnusable>()("FeedUnusable", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

export interface FeedAddress extends FeedPlace.FeedPlace {
  readonly secret: Option.Option<Redacted.Redacted>
}

/** Where a collector that is a program of its own listens unless told otherwise. */
export const listenDefault: FeedPlace.FeedPlace = { host: "127.0.0.1", port: 4_710 }

/** Where the collector listens, `fallback` unless something is set; `None` for nowhere. */
export const listen = (
  fallback: FeedPlace.FeedPlace | "off"
): Effect.Effect<Option.Option<FeedAddress>, Config.ConfigError | FeedUnusable> =>
  Effect.gen(function* () {
    const place = Option.getOrElse(yield* Environment.config("KALSHIBOOK_FEED_LISTEN"), () => fallback)
    if (place === "off") return Option.none()
    const secret = yield* Environment.config("KALSHIBOOK_FEED_SECRET")
    if (Option.isNone(secret) && !FeedPlace.isLoopback(place)) {
      return yield* new FeedUnusable({ problem: FeedPlace.secretNeeded(place) })
    }
    return Option.some({ ...place, secret })
  })

/** Where the API follows; `None` for nowhere. */
export const follow: Effect.Effect<Option.Option<FeedAddress>, Config.ConfigError> = Effect.gen(function* () {
  const place = yield* Environment.config("KALSHIBOOK_FEED_URL")
  const secret = yield* Environment.config("KALSHIBOOK_FEED_SECRET")
  return Option.map(place, (found) => ({ ...found, secret }))
})
