/** What `npm run stripe` does, as lines to print. */
import * as BillingConfig from "@kalshibook/api/billing/BillingConfig"
import * as BillingWork from "@kalshibook/api/billing/BillingWork"
import * as Reconciling from "@kalshibook/api/billing/Reconciling"
import * as StripeCatalogue from "@kalshibook/api/billing/StripeCatalogue"
import { StripeClient } from "@kalshibook/api/billing/StripeClient"
import { Accounts } from "@kalshibook/store/Accounts"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import * as Database from "@kalshibook/store/Database"
import { Ledger } from "@kalshibook/store/Ledger"
import { Data, Effect, Layer, Logger, Option } from "effect"

const usage = `npm run stripe -- <command>

  sync         products, prices, the meter and the portal's settings, from the pricing table; may be run again at any time
  reconcile    holds ledger, meter and subscriptions against one another and tells every difference (exit code 1 if there is one)
  round        sends what was used, as a running API does every minute

Needs STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET, and DATABASE_URL or the embedded database for all but sync.
Without them \`npm start\` stands in for Stripe by itself: there is nothing to sync.`

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

export interface Told {
  readonly lines: ReadonlyArray<string>
  readonly isGood: boolean
}

const stores = Layer.mergeAll(
  Accounts.layerNoDeps,
  BillingBook.layerNoDeps,
  Ledger.layerNoDeps,
  MeterOutbox.layerNoDeps
).pipe(Layer.provide(Database.layerBeside))

const sync = Effect.map(StripeCatalogue.sync, (lines): Told => ({ lines, isGood: true }))

const reconcile = Effect.map(Reconciling.reconcile(), (differences): Told => {
  const lines = differences.map(({ accountId, detail, kind }) => `${accountId}  ${kind}: ${detail}`)
  return { lines: [...lines, `${differences.length} differences`], isGood: differences.length === 0 }
}).pipe(Effect.provide(stores))

const round = Effect.as(BillingWork.round, { lines: ["done"], isGood: true } satisfies Told).pipe(
  Effect.provide(stores)
)

/** The lines that answer a command line. */
export const run = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
  const [command = ""] = args
  if (!["sync", "reconcile", "round"].includes(command) || args.length > 1)
    return yield* new Refused({ message: usage })
  const access = yield* BillingConfig.access
  if (Option.isNone(access)) return yield* new Refused({ message: `STRIPE_SECRET_KEY is not set.\n\n${usage}` })
  const withStripe = Effect.provide([StripeClient.layer(access.value), Logger.layer([])])
  if (command === "sync") return yield* withStripe(sync)
  return yield* withStripe(command === "reconcile" ? reconcile : round)
})
