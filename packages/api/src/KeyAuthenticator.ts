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
  /** The caller of a key that was proved to be one some seconds ago, and of nothing else: what `callerOf` would say, at once. */
  readonly known: (token: string, nowMillis: number) => Caller | undefined
  /** The caller in the name of whose key a ticket was issued. */
  readonly callerOfKey: (prefix: string) => Effect.Effect<Caller, NotRecognised | HotTierError>
  /** Looks a key up again: it was changed just now. */
  readonly forget: (prefix: string) => Effect.Effect<void>
}

/** A key as it was read, and until when that is believed. */
interface Read {
  readonly found: FoundKey
  readonly untilMillis: number
}

interface Proof {
  readonly digest: Uint8Array
  readonly caller: Caller
  readonly untilMillis: number
}

export const make = Effect.gen(function* () {
  const keys = yield* Keys
  const pepper = yield* Pepper
  const ourPepperId = pepperId(pepper)
  const looked = Effect.fnUntraced(function* (prefix: string) {
    const readMillis = yield* Clock.currentTimeMillis
    return Option.map(yield* keys.find(prefix), (found): Read => ({ found, untilMillis: readMillis + keyMillisMax }))
  })
  const known = yield* Cache.makeWith(looked, {
    capacity: keysMax,
    timeToLive: (exit) => (exit._tag === "Success" ? Duration.millis(keyMillisMax) : Duration.zero)
  })

  /**
   * By prefix: the digest of the key that was proved to be it. A plain one costs a quarter, and as little helps to guess 196 bits. For as
   * long as what was read of the key is believed.
   */
  const proofs = new Map<string, Proof>()

  /** How often keys were forgotten: what was read before is not kept after. */
  let forgotten = 0

  const prove = (digest: Uint8Array, caller: Caller, { untilMillis }: Read): void => {
    if (proofs.size >= keysMax) proofs.clear()
    proofs.set(caller.name, { digest, caller, untilMillis })
  }

  const find = Effect.fnUntraced(function* (prefix: string) {
    const found = yield* Cache.get(known, prefix)
    if (Option.isNone(found)) return yield* unknown(prefix)
    return found.value
  })

  /** A key that was presented whole, or for which a ticket was issued. */
  const usable = Effect.fnUntraced(function* ({ found: { account, record } }: Read) {
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
    known: (token, nowMillis) => {
      const proof = proofs.get(ApiKeyText.prefixIn(token))
      if (proof === undefined || proof.untilMillis <= nowMillis) return undefined
      const { expiresMicros } = proof.caller.bounds
      if (expiresMicros !== null && expiresMicros <= nowMillis * 1_000) return undefined
      return isEqual(proof.digest, digestOf(token)) ? proof.caller : undefined
    },
    callerOf: Effect.fnUntraced(function* (token) {
      const prefix = ApiKeyText.prefixOf(token)
      if (Option.isNone(prefix)) {
        const detail = "This is no key of ours, or not the whole of one: kb_live_ and 50 letters."
        return yield* new NotRecognised({ detail })
      }
      const forgottenBefore = forgotten
      const read = yield* find(prefix.value)
      const { found } = read
      if (found.record.pepperId !== ourPepperId) {
        yield* Effect.logError(`the ${titleOf(prefix.value)} was made with another KALSHIBOOK_KEY_PEPPER than ours`)
        return yield* unknown(prefix.value)
      }
      if (!isEqual(hash(pepper, token), found.hash)) return yield* unknown(prefix.value)
      const caller = yield* usable(read)
      if (forgotten === forgottenBefore) prove(digestOf(token), caller, read)
      return Option.some(caller)
    }),
    callerOfKey: (prefix) => Effect.flatMap(find(prefix), usable),
    forget: (prefix) =>
      Effect.suspend(() => {
        forgotten++
        proofs.delete(prefix)
        return Cache.invalidate(known, prefix)
      })
  }
  return authenticator
})

const titleOf = (prefix: string): string => `key kb_live_${prefix}_...`

const unknown = (prefix: string) => new NotRecognised({ detail: `The ${titleOf(prefix)} is not known here.` })
