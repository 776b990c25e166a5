/** Tokens of an auth server elsewhere: known by the keys that it shows, whichever those are now. */
import { createServer } from "node:http"
import { assert, it } from "@effect/vitest"
import * as PersonTokens from "@kalshibook/api/PersonTokens"
import { Effect, Option } from "effect"
import type { JSONWebKeySet } from "jose"
import * as SignedIn from "./SignedIn.ts"

/** An auth server that shows keys, or fails; and who is signed in by what it shows. */
const authServer = Effect.gen(function* () {
  const shown: { jwks: JSONWebKeySet | undefined; asked: number } = { jwks: undefined, asked: 0 }
  const url = yield* Effect.acquireRelease(
    Effect.callback<{ readonly origin: string; readonly close: () => void }>((resume) => {
      const server = createServer((request, response) => {
        shown.asked++
        const isKeys = request.url === "/auth/v1/.well-known/jwks.json"
        response.writeHead(isKeys && shown.jwks !== undefined ? 200 : 500, { "content-type": "application/json" })
        response.end(JSON.stringify(shown.jwks ?? {}))
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" ? address?.port : 0
        resume(Effect.succeed({ origin: `http://127.0.0.1:${port}`, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )
  const ask = yield* Effect.provide(PersonTokens.PersonTokens, PersonTokens.layerSupabase(url.origin, 0))
  return { shown, personOf: ask.personOf, claims: { iss: `${url.origin}/auth/v1` } }
})

it.effect("a person is known by the project's keys, and by new ones as soon as they sign", () =>
  Effect.gen(function* () {
    const { claims, personOf, shown } = yield* authServer
    const ada = SignedIn.stranger("Ada")
    const [old, next] = [SignedIn.newPair("old"), SignedIn.newPair("next")]
    shown.jwks = old.jwks
    const expected = { userId: ada.userId, email: "ada@example.com" }
    assert.deepStrictEqual(Option.getOrThrow(yield* personOf(SignedIn.tokenOf(ada, claims, old))), expected)
    assert.deepStrictEqual(Option.getOrThrow(yield* personOf(SignedIn.tokenOf(ada, claims, old))), expected)
    assert.strictEqual(shown.asked, 1)
    shown.jwks = { keys: [...old.jwks.keys, ...next.jwks.keys] }
    assert.deepStrictEqual(Option.getOrThrow(yield* personOf(SignedIn.tokenOf(ada, claims, next))), expected)
    assert.deepStrictEqual(Option.getOrThrow(yield* personOf(SignedIn.tokenOf(ada, claims, old))), expected)
    shown.jwks = next.jwks
    const forged = SignedIn.tokenOf(ada, claims, SignedIn.newPair("nobody's"))
    assert.strictEqual((yield* Effect.flip(personOf(forged)))._tag, "NotRecognised")
    assert.strictEqual((yield* Effect.flip(personOf(SignedIn.tokenOf(ada, claims, old))))._tag, "NotRecognised")
    assert.isTrue(Option.isNone(yield* personOf("kb_live_0123456789_whatever")))
  }).pipe(Effect.scoped)
)

it.effect("while the project does not answer, nobody is refused for good", () =>
  Effect.gen(function* () {
    const { claims, personOf, shown } = yield* authServer
    const pair = SignedIn.newPair("one")
    const token = SignedIn.tokenOf(SignedIn.stranger("ada"), claims, pair)
    assert.strictEqual((yield* Effect.flip(personOf(token)))._tag, "SignInUnverified")
    shown.jwks = pair.jwks
    assert.isTrue(Option.isSome(yield* personOf(token)))
  }).pipe(Effect.scoped)
)
