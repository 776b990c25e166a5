/**
 * What a request to the exchange must carry to be authentic: header names and the text to sign.
 *
 * The cryptography is not here (core does no IO). The kind of key decides the scheme: RSA keys sign with RSASSA-PSS, Ed25519 keys with
 * plain Ed25519 over the same text. Sources: official npm `kalshi-typescript` 3.30.0 (auth.ts, September 2026), official page "API
 * keys" (October 2026), live probes of July and August 2026.
 */

/** The API key's id, a UUID. */
export const keyHeader = "KALSHI-ACCESS-KEY"
/** Unix milliseconds as decimal text; the same text is signed. */
export const timestampHeader = "KALSHI-ACCESS-TIMESTAMP"
/** Base64 of the signature. */
export const signatureHeader = "KALSHI-ACCESS-SIGNATURE"

/**
 * How an RSA key signs: RSASSA-PSS over SHA-256, MGF1 over SHA-256, salt as long as the digest. A verifier should read the salt's
 * length from the signature: one client uses the longest salt and is accepted.
 */
export const rsaScheme = { padding: "RSA-PSS", hash: "SHA-256", saltBytes: 32 } as const

/** How an Ed25519 key signs (RFC 8032, no separate hash): what the exchange makes by default since about October 2026. */
export const ed25519Scheme = { algorithm: "Ed25519", signatureBytes: 64 } as const

/** Path of the websocket, and what its signature covers with method GET. */
export const websocketPath = "/trade-api/ws/v2"
/** What every REST path starts with; it is part of what is signed. */
export const restPathPrefix = "/trade-api/v2"

/**
 * Returns the text to sign. `path` is the full path with `restPathPrefix`; a query is cut off, for the exchange refuses signatures
 * that cover it.
 */
export const textToSign = (timestampMillis: number | string, method: string, path: string): string => {
  const query = path.indexOf("?")
  return `${timestampMillis}${method.toUpperCase()}${query < 0 ? path : path.slice(0, query)}`
}
