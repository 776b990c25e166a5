// adapter: signs with node:crypto and reads a key file
/**
 * Which exchange is recorded, and how requests to it are signed. The private key never leaves this module.
 */
import { constants, createPrivateKey, type KeyObject, sign } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Signing from "@kalshibook/core/kalshi/Signing"
import * as Environment from "@kalshibook/core/settings/Environment"
import { Clock, type Config, Context, Effect, Layer, Option, Redacted, Schema } from "effect"

/** The credentials cannot be used; `problem` says what to do. */
export class CredentialsUnusable extends Schema.TaggedError<CredentialsUnusable>()("CredentialsUnusable", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

/** What stands behind the addresses: the real exchange, the simulated one, or frames served from a file. */
export type ExchangeSource = "kalshi" | "simulator" | "recording"

export interface ExchangeOptions {
  readonly source: ExchangeSource
  /** Up to and with `/trade-api/v2`. */
  readonly restUrl: string
  /** Up to and with `/trade-api/ws/v2`. */
  readonly wsUrl: string
  /** The API key's id, a UUID. */
  readonly keyId: string
  /** RSA or Ed25519 private key, PKCS#1 or PKCS#8 PEM. */
  readonly privateKeyPem: Redacted.Redacted<string>
}

export class ExchangeAccess extends Context.Service<
  ExchangeAccess,
  {
    readonly source: ExchangeSource
    readonly restUrl: string
    readonly wsUrl: string
    /** Headers that make one request authentic, signed with the time of this call. `path` is the URL's path. */
    readonly headers: (method: string, path: string) => Effect.Effect<Readonly<Record<string, string>>>
  }
>()("@kalshibook/collector/ExchangeAccess") {
  static readonly layerOf = (options: ExchangeOptions): Layer.Layer<ExchangeAccess, CredentialsUnusable> =>
    Layer.effect(ExchangeAccess, make(options))

  /**
   * From the environment: `KALSHI_API_KEY_ID` with `KALSHI_PRIVATE_KEY` (PEM; `\n` may stand for line ends) or
   * `KALSHI_PRIVATE_KEY_PATH`; `KALSHI_REST_URL` and `KALSHI_WS_URL` for another environment, `KALSHI_SOURCE` to call it what
   * it is.
   */
  static readonly layer: Layer.Layer<ExchangeAccess, CredentialsUnusable | Config.ConfigError> = Layer.effect(
    ExchangeAccess,
    Effect.gen(function* () {
      const keyId = yield* Environment.config("KALSHI_API_KEY_ID")
      if (Option.isNone(keyId)) return yield* new CredentialsUnusable({ problem: "KALSHI_API_KEY_ID is not set" })
      const pem = yield* Environment.config("KALSHI_PRIVATE_KEY")
      const path = yield* Environment.config("KALSHI_PRIVATE_KEY_PATH")
      const privateKeyPem = Option.isSome(pem) ? pem.value : yield* readKey(path)
      return yield* make({
        source: yield* Environment.config("KALSHI_SOURCE"),
        restUrl: yield* Environment.config("KALSHI_REST_URL"),
        wsUrl: yield* Environment.config("KALSHI_WS_URL"),
        keyId: keyId.value,
        privateKeyPem
      })
    })
  )
}

const readKey = (path: Option.Option<string>): Effect.Effect<Redacted.Redacted<string>, CredentialsUnusable> => {
  if (Option.isNone(path)) {
    return Effect.fail(
      new CredentialsUnusable({
        problem: "KALSHI_API_KEY_ID is set, but neither KALSHI_PRIVATE_KEY nor KALSHI_PRIVATE_KEY_PATH is"
      })
    )
  }
  return Effect.try({
    try: () => Redacted.make(readFileSync(path.value, "utf8")),
    catch: () => new CredentialsUnusable({ problem: `KALSHI_PRIVATE_KEY_PATH: cannot read ${path.value}` })
  })
}

const make = Effect.fnUntraced(function* (options: ExchangeOptions) {
  const key = yield* parseKey(options.privateKeyPem)
  return ExchangeAccess.of({
    source: options.source,
    restUrl: options.restUrl.replace(/\/+$/, ""),
    wsUrl: options.wsUrl,
    headers: (method, path) =>
      Effect.map(Clock.currentTimeMillis, (nowMillis) => {
        const timestampMillis = Math.floor(nowMillis)
        return {
          [Signing.keyHeader]: options.keyId,
          [Signing.timestampHeader]: String(timestampMillis),
          [Signing.signatureHeader]: signatureOf(key, Signing.textToSign(timestampMillis, method, path))
        }
      })
  })
})

const parseKey = (pem: Redacted.Redacted<string>): Effect.Effect<KeyObject, CredentialsUnusable> =>
  Effect.gen(function* () {
    const problem =
      "The private key of the exchange must be an RSA or Ed25519 key in PEM form (-----BEGIN ... PRIVATE KEY-----)"
    const key = yield* Effect.try({
      try: () => createPrivateKey(Redacted.value(pem).replaceAll("\\n", "\n")),
      catch: () => new CredentialsUnusable({ problem })
    })
    const kind = key.asymmetricKeyType
    if (kind !== "rsa" && kind !== "ed25519") return yield* new CredentialsUnusable({ problem })
    return key
  })

/** The kind of key decides the scheme (`Signing.rsaScheme`, `Signing.ed25519Scheme`). */
const signatureOf = (key: KeyObject, text: string): string => {
  const signature =
    key.asymmetricKeyType === "ed25519"
      ? sign(null, Buffer.from(text), key)
      : sign("sha256", Buffer.from(text), {
          key,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST
        })
  return signature.toString("base64")
}
