/** Payments of the tests of pages: the stand-in for Stripe on a port of its own, whose webhooks wait while a test holds them. */
import * as BillingConfig from "@kalshibook/api/billing/BillingConfig"
import * as StripeCatalogue from "@kalshibook/api/billing/StripeCatalogue"
import { type StripeAccess, StripeClient } from "@kalshibook/api/billing/StripeClient"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import type { StandIn } from "@kalshibook/stripe-stand-in/StandIn"
import { start as startStandIn } from "@kalshibook/stripe-stand-in/StandInServer"
import type { Event } from "@kalshibook/stripe-stand-in/StandInState"
import { Effect, Layer, Redacted } from "effect"

export interface Payments {
  readonly standIn: StandIn
  /** Its pages, and the desk from which its time is moved. */
  readonly origin: string
  /** From here on events wait; they are sent by what this returns. */
  readonly hold: () => () => void
}

const secret = "whsec_of_the_pages"

/** With what an API needs to take payments. `url` is where that is, asked for when somebody buys. */
export const start = Effect.fnUntraced(function* (url: () => string) {
  const webhook = {
    secret,
    get url() {
      return `${url()}/v1/stripe/webhook`
    }
  }
  const { origin, port, standIn } = yield* Effect.acquireRelease(
    Effect.promise(() => startStandIn({ port: 0, webhook })),
    ({ close }) => Effect.promise(close)
  )
  const access: StripeAccess = {
    secretKey: Redacted.make("sk_test_pages"),
    webhookSecrets: [Redacted.make(secret)],
    port
  }
  yield* StripeCatalogue.sync.pipe(Effect.provide(StripeClient.layer(access)))
  const layer = BillingConfig.layerOf(access, Effect.sync(url)).pipe(
    Layer.provide(Layer.merge(BillingBook.layerNoDeps, MeterOutbox.layerNoDeps))
  )
  const send = standIn.onEvent
  const hold = () => {
    const held: Array<Event> = []
    standIn.onEvent = (event) => void held.push(event)
    return () => {
      standIn.onEvent = send
      for (const event of held) send(event)
    }
  }
  const payments: Payments = { standIn, origin, hold }
  return { payments, layer }
})
