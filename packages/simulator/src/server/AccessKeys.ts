// adapter: node:crypto, which reports a bad key by throwing
/**
 * The API keys that the exchange knows, and the proof that a request was made by the owner of one: RSASSA-PSS over SHA-256,
 * with whatever length of salt the signature has.
 */
import { constants, createHash, createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"
import { keyHeader, signatureHeader, textToSign, timestampHeader } from "@kalshibook/core/kalshi/Signing"
import { Result } from "effect"

/** A public key and the id under which clients use it. */
export interface AccessKey {
  readonly keyId: string
  readonly publicKeyPem: string
}

/** A key that was made here, with its private half in PKCS#8 PEM. */
export interface OwnKey extends AccessKey {
  readonly privateKeyPem: string
}

export type AccessKeys = ReadonlyMap<string, KeyObject>

const modulusBits = 2048

/** The id of a key: UUID-shaped, the same whenever the same key is read. */
const idOf = (publicKeyPem: string): string => {
  const hex = createHash("sha256").update(publicKeyPem).digest("hex")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-")
}

/** A new key. Takes some hundred milliseconds. */
export const generate = (): OwnKey => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: modulusBits,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  })
  return { keyId: idOf(publicKey), publicKeyPem: publicKey, privateKeyPem: privateKey }
}

/** The key of a private PEM; fails with the problem when it cannot be read. */
export const fromPrivatePem = (privateKeyPem: string): Result.Result<OwnKey, string> =>
  Result.match(
    Result.try(() => createPublicKey(privateKeyPem).export({ type: "spki", format: "pem" }).toString()),
    {
      onFailure: () => Result.fail("not a private key in PEM"),
      onSuccess: (publicKeyPem) => Result.succeed({ keyId: idOf(publicKeyPem), publicKeyPem, privateKeyPem })
    }
  )

/** The keys by id; fails with the problem when one of them cannot be read or is neither RSA nor Ed25519. */
export const make = (keys: ReadonlyArray<AccessKey>): Result.Result<AccessKeys, string> => {
  const known = new Map<string, KeyObject>()
  for (const { keyId, publicKeyPem } of keys) {
    const parsed = Result.try(() => createPublicKey(publicKeyPem))
    if (Result.isFailure(parsed)) return Result.fail(`the public key ${keyId} cannot be read`)
    const kind = parsed.success.asymmetricKeyType
    if (kind !== "rsa" && kind !== "ed25519") return Result.fail(`the public key ${keyId} is neither RSA nor Ed25519`)
    known.set(keyId, parsed.success)
  }
  return Result.succeed(known)
}

const headerOf = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name.toLowerCase()]
  return typeof value === "string" && value !== "" ? value : undefined
}

/** Whether the request claims to come from somebody. */
export const isSigned = (headers: IncomingHttpHeaders): boolean =>
  [keyHeader, timestampHeader, signatureHeader].some((name) => headerOf(headers, name) !== undefined)

export interface SignedRequest {
  readonly headers: IncomingHttpHeaders
  readonly method: string
  /** Full path without query. */
  readonly path: string
}

/** Returns the key id of an authentic request, or what is wrong with it. */
export const authenticate = (
  keys: AccessKeys,
  request: SignedRequest,
  clock: { readonly nowMillis: number; readonly toleranceMillis: number }
): Result.Result<string, string> => {
  const keyId = headerOf(request.headers, keyHeader)
  const timestamp = headerOf(request.headers, timestampHeader)
  const signature = headerOf(request.headers, signatureHeader)
  if (keyId === undefined || timestamp === undefined || signature === undefined)
    return Result.fail("headers are missing")
  if (!/^\d{1,15}$/.test(timestamp)) return Result.fail("the timestamp is not Unix milliseconds")
  if (Math.abs(Number(timestamp) - clock.nowMillis) > clock.toleranceMillis)
    return Result.fail("the timestamp is too far off")
  const key = keys.get(keyId)
  if (key === undefined) return Result.fail("the key is not known")
  const text = Buffer.from(textToSign(timestamp, request.method, request.path))
  const isAuthentic = isSignatureOf(key, text, Buffer.from(signature, "base64"))
  return isAuthentic ? Result.succeed(keyId) : Result.fail("the signature is wrong")
}

/** The kind of key decides the scheme. Salts of any length are accepted, as the exchange does. */
const isSignatureOf = (key: KeyObject, text: Buffer, signature: Buffer): boolean =>
  key.asymmetricKeyType === "ed25519"
    ? verify(null, text, key, signature)
    : verify(
        "sha256",
        text,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
        signature
      )
