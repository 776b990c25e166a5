import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { startSimulatedExchange } from "@kalshibook/simulator/SimulatedExchange"
import { Context, Effect, Layer, Redacted } from "effect"
import { WebSocket } from "ws"
import { ExchangeAccess } from "../src/ExchangeAccess.ts"

interface Pair {
  readonly privateKey: string
  readonly publicKey: string
}

const pemOf = (pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }): Pair => ({
  privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  publicKey: pair.publicKey.export({ type: "spki", format: "pem" }).toString()
})

const pairs = {
  RSA: () => pemOf(generateKeyPairSync("rsa", { modulusLength: 2048 })),
  Ed25519: () => pemOf(generateKeyPairSync("ed25519")),
  "elliptic curve": () => pemOf(generateKeyPairSync("ec", { namedCurve: "P-256" }))
}

const options = { source: "simulator", restUrl: "", wsUrl: "", keyId: "mine" } as const
const accessOf = (pem: string) =>
  Effect.map(Layer.build(ExchangeAccess.layerOf({ ...options, privateKeyPem: Redacted.make(pem) })), (built) =>
    Context.get(built, ExchangeAccess)
  )

const opens = (url: string, headers: Readonly<Record<string, string>>): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const socket = new WebSocket(url, { headers })
    socket.once("open", () => {
      socket.close()
      resume(Effect.succeed(true))
    })
    socket.once("error", () => resume(Effect.succeed(false)))
  })

describe("ExchangeAccess", () => {
  for (const kind of ["RSA", "Ed25519"] as const) {
    it.live(`signs with an ${kind} key so that the exchange lets it in, and with another key it does not`, () =>
      Effect.gen(function* () {
        const { privateKey, publicKey } = pairs[kind]()
        const exchange = yield* startSimulatedExchange({ trustedKeys: [{ keyId: "mine", publicKeyPem: publicKey }] })
        const access = yield* accessOf(privateKey)
        assert.isTrue(yield* opens(exchange.wsUrl, yield* access.headers("GET", "/trade-api/ws/v2")))
        const stranger = yield* accessOf(pairs[kind]().privateKey)
        assert.isFalse(yield* opens(exchange.wsUrl, yield* stranger.headers("GET", "/trade-api/ws/v2")))
      }).pipe(Effect.scoped)
    )
  }

  it.effect("says in one sentence what key it needs when it is given another, or none", () =>
    Effect.gen(function* () {
      for (const pem of ["", "secret", pairs["elliptic curve"]().privateKey]) {
        const error = yield* Effect.flip(accessOf(pem))
        assert.match(error.message, /must be an RSA or Ed25519 key in PEM form/)
        assert.notInclude(error.message, "secret")
      }
    }).pipe(Effect.scoped)
  )

  it.effect("takes a key whose line ends are written as \\n, as environment files have them", () =>
    Effect.gen(function* () {
      const access = yield* accessOf(pairs.RSA().privateKey.replaceAll("\n", "\\n"))
      assert.isString((yield* access.headers("GET", "/trade-api/v2/markets"))["KALSHI-ACCESS-SIGNATURE"])
    }).pipe(Effect.scoped)
  )
})
