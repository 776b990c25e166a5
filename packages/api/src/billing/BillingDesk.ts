/**
 * Where payments are taken: all that billing needs, in one place that may be absent. A server without it answers as ever; only nothing can be
 * bought there.
 */
import type { Accounts } from "@kalshibook/store/Accounts"
import type { BillingBook } from "@kalshibook/store/billing/BillingBook"
import type { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import type { Ledger } from "@kalshibook/store/Ledger"
import { Context, Effect, Layer, Option } from "effect"
import type { StripeClient } from "./StripeClient.ts"

export type DeskServices = Accounts | BillingBook | Ledger | MeterOutbox | StripeClient

export interface Desk {
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, DeskServices>>
  /** Where the site is for people: pages of the payment service lead back to it. */
  readonly siteUrl: Effect.Effect<string>
}

/** None, unless the program says so. */
export const BillingDesk = Context.Reference<Option.Option<Desk>>("@kalshibook/api/billing/BillingDesk", {
  defaultValue: Option.none
})

export const layer = (siteUrl: Effect.Effect<string>): Layer.Layer<never, never, DeskServices> =>
  Layer.effect(
    BillingDesk,
    Effect.map(Effect.context<DeskServices>(), (services) =>
      Option.some<Desk>({ siteUrl, run: (effect) => Effect.provideContext(effect, services) })
    )
  )
