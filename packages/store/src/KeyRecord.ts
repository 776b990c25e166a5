/** What is stored of a key, and how a new one is drawn. */
import * as ApiKeyText from "@kalshibook/core/contract/ApiKeyText"
import type { Scope } from "@kalshibook/core/contract/Pricing"
import { Clock, Effect, Redacted } from "effect"
import { hash, pepperId, randomLetters } from "./KeyHash.ts"

/** Who made a key, or replaced the one before it, and so has seen it. */
export type KeyMaker =
  /** With his address then. */
  | { readonly _tag: "member"; readonly userId: string; readonly email: string }
  /** Whoever has that key. */
  | { readonly _tag: "key"; readonly prefix: string }

/** What is known of a key: everything but the key. Times are Unix microseconds. */
export interface KeyRecord {
  readonly prefix: string
  readonly accountId: string
  /** Which pepper its hash was made with. */
  readonly pepperId: string
  readonly name: string
  readonly scopes: ReadonlyArray<Scope>
  /** Less than the account's; `null` for the same. */
  readonly requestsPerSecond: number | null
  /** Open streams, fewer than the account's; `null` for the same. */
  readonly connections: number | null
  /** Credits that it may use in a month; `null` for no cap of its own. */
  readonly capCredits: number | null
  readonly createdMicros: number
  readonly expiresMicros: number | null
  readonly revokedMicros: number | null
  /** To the minute. */
  readonly usedMicros: number | null
  /** `null` where whoever operates the service made it, or where it is not known. */
  readonly maker: KeyMaker | null
}

export interface KeyWish {
  readonly accountId: string
  readonly name: string
  readonly scopes: ReadonlyArray<Scope>
  readonly expiresMicros?: number | null
  readonly requestsPerSecond?: number | null
  readonly connections?: number | null
  readonly capCredits?: number | null
  readonly maker?: KeyMaker | null
}

/** What may be changed of a key afterwards; what is absent stays. */
export type KeyChange = Partial<Pick<KeyRecord, "name" | "requestsPerSecond" | "connections" | "capCredits">>

/** A key at the only moment at which it can be read. */
export interface NewKey {
  readonly key: Redacted.Redacted
  readonly record: KeyRecord
}

/** How long a ticket waits for its websocket: a browser asks for it and connects at once. */
export const ticketMicros = 60_000_000

/** 196 bits, as a key's secret. */
export const newTicket = (): string => `kb_ticket_${randomLetters(ApiKeyText.secretChars)}`

/** A key by chance, with what is to be stored of it. */
export const draw = Effect.fnUntraced(function* (pepper: Redacted.Redacted, wish: KeyWish) {
  const prefix = randomLetters(ApiKeyText.prefixChars)
  const key = ApiKeyText.format(prefix, randomLetters(ApiKeyText.secretChars))
  const record: KeyRecord = {
    prefix,
    accountId: wish.accountId,
    pepperId: pepperId(pepper),
    name: wish.name,
    scopes: wish.scopes,
    requestsPerSecond: wish.requestsPerSecond ?? null,
    connections: wish.connections ?? null,
    capCredits: wish.capCredits ?? null,
    createdMicros: (yield* Clock.currentTimeMillis) * 1_000,
    expiresMicros: wish.expiresMicros ?? null,
    revokedMicros: null,
    usedMicros: null,
    maker: wish.maker ?? null
  }
  return { key: Redacted.make(key), record, hash: hash(pepper, key) }
})

/** When the old key of a rotation ends: after the overlap, or when it would have ended anyway. */
export const overlapEnd = (old: KeyRecord, nowMicros: number, overlapMicros: number): number =>
  Math.min(old.expiresMicros ?? Number.MAX_SAFE_INTEGER, nowMicros + overlapMicros)
