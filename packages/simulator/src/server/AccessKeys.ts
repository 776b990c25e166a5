// adapter: node:crypto, which reports a bad key by throwing
/**
 * The API keys that the exchange knows, and the proof that a request was made by the owner of one: RSASSA-PSS over SHA-256,
 * with whatever length of salt the signature has.
 */
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, verify } from "node:crypto"
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

/** A new key. Takes some hundred milliseconds. */
export const generate = (): OwnKey => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: modulusBits,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  })
  return { keyId: randomUUID(), publicKeyPem: publicKey, privateKeyPem: privateKey }
}

/** The keys by id; fails with the problem when one of them cannot be read or is not RSA. */
export const make = (keys: ReadonlyArray<AccessKey>): Result.Result<AccessKeys, string> => {
  const known = new Map<string, KeyObject>()
  for (const { keyId, publicKeyPem } of keys) {
    const parsed = Result.try(() => createPublicKey(publicKeyPem))
    if (Result.isFailure(parsed)) return Result.fail(`the public key ${keyId} cannot be read`)
    if (parsed.success.asymmetricKeyType !== "rsa") return Result.fail(`the public key ${keyId} is not RSA`)
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
  const isAuthentic = verify(
    "sha256",
    Buffer.from(textToSign(timestamp, request.method, request.path)),
    { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
    Buffer.from(signature, "base64")
  )
  return isAuthentic ? Result.succeed(keyId) : Result.fail("the signature is wrong")
}
