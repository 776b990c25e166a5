/**
 * What a request to the exchange must carry to be authentic: header names and the text to sign.
 *
 * The cryptography is not here (core does no IO): signers and verifiers use RSASSA-PSS over SHA-256 with MGF1(SHA-256).
 * Recipe: official npm `kalshi-typescript` 3.30.0 (auth.ts, September 2026) and live probes of July and August 2026.
 */

/** The API key's id, a UUID. */
export const keyHeader = "KALSHI-ACCESS-KEY"
/** Unix milliseconds as decimal text; the same text is signed. */
export const timestampHeader = "KALSHI-ACCESS-TIMESTAMP"
/** Base64 of the signature. */
export const signatureHeader = "KALSHI-ACCESS-SIGNATURE"

/** How signatures are made. A verifier should read the salt's length from the signature: one client uses the longest one and is accepted. */
export const signatureScheme = { padding: "RSA-PSS", hash: "SHA-256", saltBytes: 32 } as const

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
