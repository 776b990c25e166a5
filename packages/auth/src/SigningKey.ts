/**
 * The key that signs tokens: ES256, made once, in a file of the data folder that only its owner reads. Its public half is what
 * `/.well-known/jwks.json` shows.
 *
 * adapter: Node's files and crypto
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  sign,
  verify
} from "node:crypto"
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Context, Data, Effect, Layer, Option, Result } from "effect"

/** There is no usable key. The message is for the one who started us. */
export class SigningKeyError extends Data.TaggedError("SigningKeyError")<{ readonly message: string }> {}

export class SigningKey extends Context.Service<
  SigningKey,
  {
    /** Public keys, as RFC 7517 has them. */
    readonly jwks: { readonly keys: ReadonlyArray<JsonWebKey> }
    /** A signed token (RFC 7519) of these claims. */
    readonly sign: (claims: Readonly<Record<string, unknown>>) => string
    /** The claims of a token that this key has signed, whatever they say. */
    readonly claimsOf: (token: string) => Option.Option<Readonly<Record<string, unknown>>>
  }
>()("@kalshibook/auth/SigningKey") {
  static readonly layer = (folder: string): Layer.Layer<SigningKey, SigningKeyError> =>
    Layer.effect(
      SigningKey,
      Effect.map(kept(folder), (pem) => SigningKey.of(fromPem(pem)))
    )
}

const fromPem = (pem: string): SigningKey["Service"] => {
  const key = createPrivateKey(pem)
  const { crv, kty, x, y } = createPublicKey(key).export({ format: "jwk" })
  const thumbprint = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url")
  const publicKey = createPublicKey(key)
  const jwk = { kty, crv, x, y, kid: thumbprint, alg: "ES256", use: "sig", key_ops: ["verify"] } as JsonWebKey
  return {
    jwks: { keys: [jwk] },
    sign: (claims) => {
      const signed = `${part({ alg: "ES256", kid: thumbprint, typ: "JWT" })}.${part(claims)}`
      return `${signed}.${sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`
    },
    claimsOf: (token) => {
      const [head = "", body = "", signature = "", ...more] = token.split(".")
      const isOurs =
        more.length === 0 &&
        verify(
          "sha256",
          Buffer.from(`${head}.${body}`),
          { key: publicKey, dsaEncoding: "ieee-p1363" },
          Buffer.from(signature, "base64url")
        )
      if (!isOurs) return Option.none()
      const read = Result.try(() => JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>)
      return Result.getSuccess(read)
    }
  }
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/** Whoever comes second reads what the first has made. */
const kept = (folder: string): Effect.Effect<string, SigningKeyError> =>
  Effect.tryPromise({
    try: async () => {
      const file = join(folder, "auth-key.pem")
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
      const pem = privateKey.export({ format: "pem", type: "pkcs8" })
      await writeFile(file, pem, { flag: "wx", mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error
      })
      await chmod(file, 0o600)
      return await readFile(file, "utf8")
    },
    catch: (cause) =>
      new SigningKeyError({ message: `The key of the auth server in ${folder} cannot be used: ${String(cause)}` })
  })
