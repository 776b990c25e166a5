/**
 * Secrets of keys and tickets: drawn by chance, and known again by a hash that is of no use without the pepper. The pepper is never in the
 * database, so a copy of it lets nobody try keys.
 *
 * adapter: Node's crypto
 */
import { createHash, createHmac, hash as oneShotHash, randomBytes, timingSafeEqual } from "node:crypto"
import * as ApiKeyText from "@kalshibook/core/contract/ApiKeyText"
import { Context, Redacted } from "effect"

/** The pepper in use. */
export class Pepper extends Context.Service<Pepper, Redacted.Redacted>()("@kalshibook/store/KeyHash/Pepper") {}

/** HMAC-SHA256 of a whole key or ticket. */
export const hash = (pepper: Redacted.Redacted, secret: string): Uint8Array =>
  createHmac("sha256", Redacted.value(pepper)).update(secret).digest()

/** SHA-256 of a secret that is long enough by itself; for memory, never to be stored. */
export const digestOf = (secret: string): Uint8Array => oneShotHash("sha256", secret, "buffer")

/** Takes as long whether or not they are equal. */
export const isEqual = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right)

/** Tells peppers apart without telling what they are. */
export const pepperId = (pepper: Redacted.Redacted): string =>
  Buffer.from(hash(pepper, "which pepper is this")).toString("hex").slice(0, 8)

/** So many letters by chance, each as likely as the others. */
export const randomLetters = (count: number): string => {
  const { alphabet } = ApiKeyText
  const fair = 256 - (256 % alphabet.length)
  let letters = ""
  while (letters.length < count) {
    for (const byte of randomBytes(count)) {
      if (byte < fair && letters.length < count) letters += alphabet[byte % alphabet.length]
    }
  }
  return letters
}

/** What makes two calls the same question: SHA-256 of its parts, hexadecimal. */
export const questionHash = (parts: ReadonlyArray<string>): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex")
