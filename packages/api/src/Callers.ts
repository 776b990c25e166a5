/**
 * Who asks: the key of a request, and what the account behind it may do.
 *
 * A key is looked up by its public prefix and compared by its hash, in constant time. What was found is believed for some seconds, so a
 * key that is revoked ends within that time on every node.
 */
import * as ApiKeyText from "@kalshibook/core/contract/ApiKeyText"
import { type Tier, tierOf } from "@kalshibook/core/contract/Pricing"
import { KeyInvalid, RateLimited } from "@kalshibook/core/contract/ProblemsOfAccess"
import { isoFromMicros } from "@kalshibook/core/Units"
import type { Account } from "@kalshibook/store/Accounts"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { hash, isEqual, Pepper, pepperId } from "@kalshibook/store/KeyHash"
import type { KeyRecord } from "@kalshibook/store/KeyRecord"
import { type FoundKey, Keys } from "@kalshibook/store/Keys"
import { Cache, Clock, Context, Duration, Effect, Layer, Option } from "effect"
import type { HttpServerRequest } from "effect/http"
import * as AddressBuckets from "./AddressBuckets.ts"
import { keyMillisMax, keysMax, wrongKeysBucket } from "./ApiLimits.ts"
import { RequestMeta } from "./RequestMeta.ts"

/** Who asks, and what he may. */
export interface Caller {
  readonly key: KeyRecord
  readonly account: Account
  readonly tier: Tier
}

type Request = HttpServerRequest.HttpServerRequest

export class Callers extends Context.Service<
  Callers,
  {
    /** Who asks; `None` when no key was sent. Fails for a key that is not valid. */
    readonly callerOf: (
      request: Request
    ) => Effect.Effect<Option.Option<Caller>, KeyInvalid | RateLimited | HotTierError, RequestMeta>
  }
>()("@kalshibook/api/Callers") {
  static readonly layer: Layer.Layer<Callers, never, Keys | Pepper> = Layer.effect(
    Callers,
    Effect.gen(function* () {
      const keys = yield* Keys
      const pepper = yield* Pepper
      const ourPepperId = pepperId(pepper)
      const wrongKeys = AddressBuckets.make(wrongKeysBucket)
      const known = yield* Cache.makeWith((prefix: string) => keys.find(prefix), {
        capacity: keysMax,
        timeToLive: (exit) => (exit._tag === "Success" ? Duration.millis(keyMillisMax) : Duration.zero)
      })

      const invalid = Effect.fnUntraced(function* (address: string, detail: string) {
        const { requestId } = yield* RequestMeta
        wrongKeys.take(address, (yield* Clock.currentTimeMillis) * 1_000)
        return yield* new KeyInvalid({ detail, request_id: requestId })
      })

      const validate = Effect.fnUntraced(function* (address: string, text: string, found: FoundKey) {
        const { account, record } = found
        const shown = `kb_live_${record.prefix}_...`
        if (record.pepperId !== ourPepperId) {
          yield* Effect.logError(`the key ${shown} was made with another KALSHIBOOK_KEY_PEPPER than ours`)
          return yield* invalid(address, `The key ${shown} is not known here.`)
        }
        if (!isEqual(hash(pepper, text), found.hash)) {
          return yield* invalid(address, `The key ${shown} is not known here.`)
        }
        const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
        if (record.revokedMicros !== null) {
          return yield* invalid(address, `The key ${shown} was revoked at ${isoFromMicros(record.revokedMicros)}.`)
        }
        if (record.expiresMicros !== null && record.expiresMicros <= nowMicros) {
          return yield* invalid(address, `The key ${shown} expired at ${isoFromMicros(record.expiresMicros)}.`)
        }
        return { key: record, account, tier: tierOf(account.tier, account.terms) }
      })

      return Callers.of({
        callerOf: Effect.fnUntraced(function* (request) {
          const text = keyOf(request)
          if (text === undefined) return Option.none()
          const address = addressOf(request)
          const waitMicros = wrongKeys.waitMicros(address, (yield* Clock.currentTimeMillis) * 1_000)
          if (waitMicros > 0) {
            const { requestId } = yield* RequestMeta
            const seconds = Math.ceil(waitMicros / 1_000_000)
            const detail = `Too many keys of this address were not valid. Try again in ${seconds} seconds.`
            return yield* new RateLimited({ detail, retry_after_seconds: seconds, request_id: requestId })
          }
          const prefix = ApiKeyText.prefixOf(text)
          if (Option.isNone(prefix)) {
            return yield* invalid(address, "This is no key of ours, or not the whole of one: kb_live_ and 50 letters.")
          }
          const found = yield* Cache.get(known, prefix.value)
          if (Option.isNone(found)) {
            return yield* invalid(address, `The key kb_live_${prefix.value}_... is not known here.`)
          }
          return Option.some(yield* validate(address, text, found.value))
        })
      })
    })
  )
}

/** The key of the headers: the first of `Authorization: Bearer` and `X-API-Key`. */
const keyOf = ({ headers }: Request): string | undefined => {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers["authorization"] ?? "") ?? []
  return bearer ?? headers["x-api-key"]?.trim()
}

export const addressOf = (request: Request): string => Option.getOrElse(request.remoteAddress, () => "unknown")
