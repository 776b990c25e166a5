/** The customer of the tests: an account without limits that matter, with a key that every call of `Http` sends. */
import type { Terms, TierName } from "@kalshibook/core/contract/Pricing"
import { AccountSettings } from "@kalshibook/store/AccountSettings"
import { Accounts } from "@kalshibook/store/Accounts"
import { ConnectionLeases } from "@kalshibook/store/ConnectionLeases"
import { Pepper } from "@kalshibook/store/KeyHash"
import type { KeyWish } from "@kalshibook/store/KeyRecord"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger } from "@kalshibook/store/Ledger"
import { Members } from "@kalshibook/store/Members"
import { RequestLog } from "@kalshibook/store/RequestLog"
import { Effect, Layer, Redacted } from "effect"

let made = 0
let current = ""
let currentAccount = ""

/** The key of the customer that was made last. */
export const key = (): string => current

const pepper = Layer.succeed(Pepper, Redacted.make("a pepper for tests, of no use elsewhere"))

/** The account of that customer. */
export const accountId = (): string => currentAccount

/** Accounts, keys and ledger in memory. */
export const storesInMemory = Layer.mergeAll(
  Accounts.layerMemory,
  Keys.layerMemory,
  Ledger.layerMemory,
  RequestLog.layerMemory,
  ConnectionLeases.layerMemory,
  AccountSettings.layerMemory,
  Members.layerMemory
).pipe(Layer.provideMerge(pepper))

/** The same in a Postgres. */
export const storesInPostgres = Layer.mergeAll(
  Accounts.layerNoDeps,
  Keys.layerNoDeps,
  Ledger.layerNoDeps,
  RequestLog.layerNoDeps,
  ConnectionLeases.layerNoDeps,
  AccountSettings.layerNoDeps,
  Members.layerNoDeps
).pipe(Layer.provideMerge(pepper))

const plenty = 1_000_000

/** Makes the customer. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const keys = yield* Keys
    const limits = { requestsPerSecond: plenty, burst: plenty, requestsAtOnce: plenty }
    const { accountId } = yield* accounts.create({
      name: `customer ${process.pid} ${++made}`,
      tier: "enterprise",
      terms: { creditsMonthly: plenty, ...limits }
    })
    const { key: secret } = yield* keys.create({ accountId, name: "tests", scopes: ["read", "stream", "download"] })
    currentAccount = accountId
    current = Redacted.value(secret)
  }).pipe(Effect.orDie)
)

/** Another customer, of a tier, with a key. */
export const customer = Effect.fnUntraced(function* (
  facts: { readonly tier?: TierName; readonly terms?: Terms; readonly key?: Partial<KeyWish> } = {}
) {
  const accounts = yield* Accounts
  const keys = yield* Keys
  const { tier = "free", terms = {} } = facts
  const account = yield* accounts.create({ name: `metered ${process.pid} ${++made}`, tier, terms })
  const wish: KeyWish = { accountId: account.accountId, name: "k", scopes: ["read"], ...facts.key }
  const { key, record } = yield* keys.create(wish)
  return { account, key: Redacted.value(key), prefix: record.prefix }
})
