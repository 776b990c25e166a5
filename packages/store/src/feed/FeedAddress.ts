/**
 * Where the feed is between programs, from the environment: `KALSHIBOOK_FEED_LISTEN` of the collector (`off` for none; of a program of
 * its own `127.0.0.1:4710` unless set), `KALSHIBOOK_FEED_URL` of each API (`tcp://host:port`; without it, none), and on both sides
 * `KALSHIBOOK_FEED_SECRET`, without which the collector listens for this machine alone.
 */
import { Config, Effect, Option, Redacted, Schema } from "effect"

/** A variable that cannot be used, in a sentence that names it. */
export class FeedUnusable extends Schema.TaggedError<FeedUnusable>()("FeedUnusable", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

export interface FeedAddress {
  readonly host: string
  readonly port: number
  readonly secret: Option.Option<Redacted.Redacted>
}

/** Where a collector that is a program of its own listens unless told otherwise. */
export const listenDefault = "127.0.0.1:4710"
/** A secret that can be guessed is none. */
const secretLengthMin = 16

const secret = Config.option(Config.Redacted("KALSHIBOOK_FEED_SECRET"))

/** Where the collector listens, `fallback` unless something is set; `None` for nowhere. */
export const listen = (
  fallback: typeof listenDefault | "off"
): Effect.Effect<Option.Option<FeedAddress>, Config.ConfigError | FeedUnusable> =>
  Effect.gen(function* () {
    const text = yield* Config.String("KALSHIBOOK_FEED_LISTEN").pipe(Config.withDefault(fallback))
    if (text.trim() === "off") return Option.none()
    const place = placeOf(text.trim())
    if (place === undefined) {
      return yield* new FeedUnusable({ problem: `KALSHIBOOK_FEED_LISTEN must be host:port or off, not "${text}".` })
    }
    const address = { ...place, secret: yield* secretOf }
    if (Option.isNone(address.secret) && !isLoopback(place.host)) {
      return yield* new FeedUnusable({
        problem: `KALSHIBOOK_FEED_LISTEN is ${text}, which others than this machine reach: KALSHIBOOK_FEED_SECRET must be set.`
      })
    }
    return Option.some(address)
  })

/** Where the API follows; `None` for nowhere. */
export const follow: Effect.Effect<Option.Option<FeedAddress>, Config.ConfigError | FeedUnusable> = Effect.gen(
  function* () {
    const text = (yield* Config.String("KALSHIBOOK_FEED_URL").pipe(Config.withDefault(""))).trim()
    if (text === "") return Option.none()
    const place = text.startsWith("tcp://") ? placeOf(text.slice("tcp://".length).replace(/\/$/, "")) : undefined
    if (place === undefined) {
      return yield* new FeedUnusable({ problem: `KALSHIBOOK_FEED_URL must be tcp://host:port, not "${text}".` })
    }
    return Option.some({ ...place, secret: yield* secretOf })
  }
)

const secretOf = Effect.gen(function* () {
  const given = Option.filter(yield* secret, (value) => lengthOf(value) > 0)
  if (Option.isSome(given) && lengthOf(given.value) < secretLengthMin) {
    return yield* new FeedUnusable({ problem: `KALSHIBOOK_FEED_SECRET needs at least ${secretLengthMin} characters.` })
  }
  return given
})

const lengthOf = (value: Redacted.Redacted): number => Redacted.value(value).length

/** `host:port`, `[v6]:port`; `undefined` for anything else. */
const placeOf = (text: string): { readonly host: string; readonly port: number } | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port }
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)
