/** The account of a database that lives on one machine for one person: made at the first start, with a key that is told then. */
import { Effect, Option, type Redacted } from "effect"
import { Accounts } from "./Accounts.ts"
import { Keys } from "./Keys.ts"

const demoName = "demo"

/** Enough for a month of asking as fast as a machine can. */
const creditsMonthly = 10_000_000

/** Its key when it was made just now; `None` where there are accounts already. */
export const ensure: Effect.Effect<
  Option.Option<Redacted.Redacted>,
  Effect.Error<ReturnType<Accounts["Service"]["create"]>>,
  Accounts | Keys
> = Effect.gen(function* () {
  const accounts = yield* Accounts
  if ((yield* accounts.list).length > 0) return Option.none()
  const { accountId } = yield* accounts.create({ name: demoName, tier: "enterprise", terms: { creditsMonthly } })
  const keys = yield* Keys
  const { key } = yield* keys.create({ accountId, name: "demo", scopes: ["read", "stream", "download"] })
  return Option.some(key)
})
