/** Where the feed is, by the environment, and what cannot be meant. */
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Option, Redacted } from "effect"
import * as FeedAddress from "../../src/feed/FeedAddress.ts"

const within = <A, E>(effect: Effect.Effect<A, E>, env: Record<string, string>) =>
  Effect.provide(effect, ConfigProvider.layer(ConfigProvider.fromEnv({ env })))

const secret = "not a word that is guessed"
const listen = (env: Record<string, string>) => within(FeedAddress.listen("off"), env)
const follow = (env: Record<string, string>) => within(FeedAddress.follow, env)
const problem = <A, E extends { readonly message: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ message }) => message)

it.effect("a collector listens for this machine, for others only with a secret, or not at all", () =>
  Effect.gen(function* () {
    assert.isTrue(Option.isNone(yield* listen({})))
    const own = yield* within(FeedAddress.listen(FeedAddress.listenDefault), {})
    assert.deepStrictEqual(own, Option.some({ host: "127.0.0.1", port: 4710, secret: Option.none() }))
    assert.isTrue(Option.isNone(yield* listen({ KALSHIBOOK_FEED_LISTEN: "off" })))
    const local = Option.getOrThrow(yield* listen({ KALSHIBOOK_FEED_LISTEN: "[::1]:4711" }))
    assert.deepInclude(local, { host: "::1", port: 4711 })
    const open = { KALSHIBOOK_FEED_LISTEN: "0.0.0.0:4710" }
    assert.include(yield* problem(listen(open)), "KALSHIBOOK_FEED_SECRET must be set")
    assert.include(yield* problem(listen({ ...open, KALSHIBOOK_FEED_SECRET: "short" })), "of 16 characters or more")
    const guarded = Option.getOrThrow(yield* listen({ ...open, KALSHIBOOK_FEED_SECRET: secret }))
    assert.strictEqual(Redacted.value(Option.getOrThrow(guarded.secret)), secret)
    for (const text of ["4710", "host", "host:0", "host:70000", "a b:1", "tcp://host:1"]) {
      assert.include(yield* problem(listen({ KALSHIBOOK_FEED_LISTEN: text })), "must be host:port or off")
    }
  })
)

it.effect("an API follows where its environment says, and nobody without", () =>
  Effect.gen(function* () {
    assert.isTrue(Option.isNone(yield* follow({})))
    const followed = Option.getOrThrow(
      yield* follow({ KALSHIBOOK_FEED_URL: "tcp://recorder.internal:4710", KALSHIBOOK_FEED_SECRET: secret })
    )
    assert.deepInclude(followed, { host: "recorder.internal", port: 4710 })
    for (const text of ["recorder:4710", "http://recorder:4710", "tcp://recorder", "tcp://user@recorder:1"]) {
      assert.include(yield* problem(follow({ KALSHIBOOK_FEED_URL: text })), "must be tcp://host:port")
    }
  })
)
