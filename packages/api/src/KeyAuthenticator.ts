/**
 * Recognises callers by their keys. A key is looked up by its public prefix and compared by its hash, in constant time. What was found is
 * believed for some seconds, so a key that is revoked ends within that time on every node.
 */
import * as ApiKeyText from "@kalshibook/core/contract/ApiKeyText"
import { tierOf } from "@kalshibook/core/contract/Pricing"
import { isoFromMicros } from "@kalshibook/core/Units"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { digestOf, hash, isEqual, Pepper, pepperId } from "@kalshibook/store/KeyHash"
import { type FoundKey, Keys } from "@kalshibook/store/Keys"
import { Cache, Clock, Duration, Effect, Option } from "effect"
import { keyMillisMax, keysMax } from "./ApiLimits.ts"
import { type Authenticator, NotRecognised } from "./Authenticators.ts"
import type { Caller } from "./Caller.ts"

export interface KeyAuthenticator extends Authenticator {
  /** The caller in the name of whose key a ticket was issued. */
  readonly callerOfKey: (prefix: string) => Effect.Effect<Caller, NotRecognised | HotTierError>
  /** Looks a key up again: it was changed just now. */
  readonly forget: (prefix: string) => Effect.Effect<void>
}

export const make = Effect.gen(function* () {
  const keys = yield* Keys
  const pepper = yield* Pepper
  const ourPepperId = pepperId(pepper)
  const known = yield* Cache.makeWith((prefix: string) => keys.find(prefix), {
    capacity: keysMax,
    timeToLive: (exit) => (exit._tag === "Success" ? Duration.millis(keyMillisMax) : Duration.zero)
  })

  /** By what was found: the digest of the key that was proved to be it. A plain one costs a quarter, and as little helps to guess 196 bits. */
  const proofs = new WeakMap<FoundKey, Uint8Array>()

  const find = Effect.fnUntraced(function* (prefix: string) {
    const found = yield* Cache.get(known, prefix)
    if (Option.isNone(found)) return yield* unknown(prefix)
    return found.value
  })

  /** A key that was presented whole, or for which a ticket was issued. */
  const usable = Effect.fnUntraced(function* ({ account, record }: FoundKey) {
    const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
    const title = titleOf(record.prefix)
    if (record.revokedMicros !== null) {
      return yield* new NotRecognised({ detail: `The ${title} was revoked at ${isoFromMicros(record.revokedMicros)}.` })
    }
    if (record.expiresMicros !== null && record.expiresMicros <= nowMicros) {
      return yield* new NotRecognised({ detail: `The ${title} expired at ${isoFromMicros(record.expiresMicros)}.` })
    }
    const caller: Caller = {
      account,
      tier: tierOf(account.tier, account.terms),
      scopes: record.scopes,
      name: record.prefix,
      title: `the ${title}`,
      bounds: {
        requestsPerSecond: record.requestsPerSecond,
        connections: record.connections,
        capCredits: record.capCredits,
        expiresMicros: record.expiresMicros
      },
      authentication: { _tag: "key", key: record }
    }
    return caller
  })

  const authenticator: KeyAuthenticator = {
    callerOf: Effect.fnUntraced(function* (token) {
      const prefix = ApiKeyText.prefixOf(token)
      if (Option.isNone(prefix)) {
        const detail = "This is no key of ours, or not the whole of one: kb_live_ and 50 letters."
        return yield* new NotRecognised({ detail })
      }
      const found = yield* find(prefix.value)
      const digest = digestOf(token)
      const proved = proofs.get(found)
      if (proved !== undefined && isEqual(proved, digest)) return Option.some(yield* usable(found))
      if (found.record.pepperId !== ourPepperId) {
        yield* Effect.logError(`the ${titleOf(prefix.value)} was made with another KALSHIBOOK_KEY_PEPPER than ours`)
        return yield* unknown(prefix.value)
      }
      if (!isEqual(hash(pepper, token), found.hash)) return yield* unknown(prefix.value)
      proofs.set(found, digest)
      return Option.some(yield* usable(found))
    }),
    callerOfKey: (prefix) => Effect.flatMap(find(prefix), usable),
    forget: (prefix) => Cache.invalidate(known, prefix)
  }
  return authenticator
})

const titleOf = (prefix: string): string => `key kb_live_${prefix}_...`

const unknown = (prefix: string) => new NotRecognised({ detail: `The ${titleOf(prefix)} is not known here.` })
