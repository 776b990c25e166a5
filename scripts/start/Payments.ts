/**
 * Where `npm start` takes payments: at Stripe, where its keys are set; else at what stands in for it on this machine, as long as nobody else reaches
 * the API. What was bought there is kept in the data folder.
 */
import path from "node:path"
import * as BillingConfig from "@kalshibook/api/billing/BillingConfig"
import type { DeskServices } from "@kalshibook/api/billing/BillingDesk"
import * as StripeCatalogue from "@kalshibook/api/billing/StripeCatalogue"
import { type StripeAccess, StripeClient } from "@kalshibook/api/billing/StripeClient"
import {
  type RunningStandIn,
  type ServerOptions,
  start as startStandIn
} from "@kalshibook/stripe-stand-in/StandInServer"
import { Effect, Layer, Option, Redacted } from "effect"

export interface Payments {
  readonly layer: Layer.Layer<never, never, DeskServices>
  /** For the one who typed the command. */
  readonly told: string
}

/** Its pages are there again after a start, where the port is free. */
const portWished = 4_020

const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "::1"])

/** `url` is where the API is; it is asked for when somebody buys. */
export const start = Effect.fnUntraced(function* (facts: {
  readonly apiHost: string
  readonly dataFolder: string
  readonly url: () => string
}) {
  const access = yield* BillingConfig.access
  const site = Effect.flatMap(Effect.sync(facts.url), (url) => Effect.orDie(BillingConfig.siteUrl(url)))
  if (Option.isSome(access)) {
    return { layer: BillingConfig.layerOf(access.value, site), told: "Stripe" } satisfies Payments
  }
  if (!loopback.has(facts.apiHost)) {
    return { layer: Layer.empty, told: "none (set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET)" } satisfies Payments
  }
  const secret = `whsec_${globalThis.crypto.randomUUID().replaceAll("-", "")}`
  const options: Omit<ServerOptions, "port"> = {
    file: path.join(facts.dataFolder, "stripe-stand-in.json"),
    webhook: {
      secret,
      get url() {
        return `${facts.url()}/v1/stripe/webhook`
      }
    }
  }
  const { origin, port } = yield* Effect.acquireRelease(
    Effect.promise(() => onPort(options)),
    ({ close }) => Effect.promise(close)
  )
  const home: StripeAccess = { secretKey: Redacted.make("sk_test_home"), webhookSecrets: [Redacted.make(secret)], port }
  yield* StripeCatalogue.sync.pipe(Effect.provide(StripeClient.layer(home)))
  return {
    layer: BillingConfig.layerOf(home, site),
    told: `stood in for at ${origin}: NOBODY IS CHARGED`
  } satisfies Payments
})

const onPort = (options: Omit<ServerOptions, "port">): Promise<RunningStandIn> =>
  startStandIn({ ...options, port: portWished }).catch(() => startStandIn({ ...options, port: 0 }))
