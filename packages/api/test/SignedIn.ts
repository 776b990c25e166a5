/** People of the tests, and the tokens by which an auth server of the tests' own says who they are. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import * as PersonTokens from "@kalshibook/api/PersonTokens"
import type { Person } from "@kalshibook/store/MemberRecord"
import type { JSONWebKeySet } from "jose"

const issuer = "https://auth.example/auth/v1"

/** After every moment of the tests, Unix seconds. */
const late = 4_000_000_000

export interface SigningPair {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwks: JSONWebKeySet
}

export const newPair = (kid: string): SigningPair => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return {
    kid,
    privateKey,
    jwks: { keys: [{ ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" }] }
  }
}

const ours = newPair("ours")

/** Of whom that auth server knows. */
export const tokens = PersonTokens.layerKeys(ours.jwks, issuer)

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/** What an auth server gives to whoever has signed in. */
export const tokenOf = (
  { email, userId }: Person,
  claims: Readonly<Record<string, unknown>> = {},
  { kid, privateKey }: SigningPair = ours
): string => {
  const known = { iss: issuer, aud: "authenticated", role: "authenticated", exp: late, sub: userId, email }
  const signed = `${part({ alg: "ES256", kid, typ: "JWT" })}.${part({ ...known, ...claims })}`
  const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" })
  return `${signed}.${signature.toString("base64url")}`
}

/** Somebody whom nobody knows yet. */
export const stranger = (name: string): Person => ({
  userId: globalThis.crypto.randomUUID(),
  email: `${name}@example.com`
})
