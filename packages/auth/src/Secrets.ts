/**
 * What is drawn by chance and handed to one person: refresh tokens, links in mails, codes. The database has their hashes alone.
 *
 * adapter: Node's crypto
 */
import { createHash, randomBytes, randomInt } from "node:crypto"

const tokenBytes = 24

/** 192 bits by chance, as letters of URLs. */
export const newToken = (): string => randomBytes(tokenBytes).toString("base64url")

/** Six digits, for people who read their mail on another machine. Only good with the address, and for few attempts. */
export const newCode = (): string => String(randomInt(1_000_000)).padStart(6, "0")

/** SHA-256: enough for what cannot be guessed. */
export const hash = (...parts: ReadonlyArray<string>): Uint8Array =>
  createHash("sha256").update(JSON.stringify(parts)).digest()

/** What a PKCE client has shown beforehand of its verifier (RFC 7636). */
export const challengeOf = (verifier: string, method: "s256" | "plain"): string =>
  method === "plain" ? verifier : createHash("sha256").update(verifier).digest("base64url")
