// adapter: JSON.parse throws, and Node's crypto is used for the proof
/**
 * The first words on a connection of the feed: the recorder says which version it speaks, with a number that was never used; the
 * follower proves that it knows the secret, which itself never travels, and says up to where it was told.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { Option } from "effect"
import type { FeedPlace } from "./FeedHub.ts"

/** Raised when the texts change: programs of different versions say so to each other. */
const version = 1

export interface Challenge {
  readonly version: number
  readonly nonce: string
}

export interface Introduction {
  /** Hexadecimal HMAC-SHA256 of the nonce; of an empty secret where there is none. */
  readonly proof: string
  /** Up to where the follower was told; `null` for one that begins. */
  readonly place: FeedPlace | null
}

export const challenge = (): Challenge => ({ version, nonce: randomBytes(16).toString("hex") })

export const isOurs = (said: Challenge): boolean => said.version === version

export const prove = (secret: string, nonce: string): string => createHmac("sha256", secret).update(nonce).digest("hex")

/** In a time that says nothing about the secret. */
export const isProven = (secret: string, nonce: string, proof: string): boolean => {
  const expected = Buffer.from(prove(secret, nonce))
  const given = Buffer.from(proof)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

export const readChallenge = (text: string): Option.Option<Challenge> =>
  Option.flatMap(parse(text), ({ nonce, version: said }) =>
    typeof said === "number" && typeof nonce === "string" ? Option.some({ version: said, nonce }) : Option.none()
  )

export const readIntroduction = (text: string): Option.Option<Introduction> =>
  Option.flatMap(parse(text), ({ place, proof }) => {
    if (typeof proof !== "string") return Option.none()
    if (place === null) return Option.some({ proof, place })
    if (typeof place !== "object" || place === undefined) return Option.none()
    const { feedId, number } = place as { readonly feedId?: unknown; readonly number?: unknown }
    if (typeof feedId !== "string" || !Number.isSafeInteger(number)) return Option.none()
    return Option.some({ proof, place: { feedId, number: Number(number) } })
  })

const parse = (text: string): Option.Option<Readonly<Record<string, unknown>>> => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? Option.some(value as Readonly<Record<string, unknown>>)
      : Option.none()
  } catch {
    return Option.none()
  }
}
