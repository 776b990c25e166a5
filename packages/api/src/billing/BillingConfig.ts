/**
 * Which Stripe payments go through, from the environment. `STRIPE_SECRET_KEY` and `STRIPE_WEBHOOK_SECRET` belong together; the second may be two,
 * separated by a comma, while one replaces the other. `KALSHIBOOK_SITE_URL` is where people find the site.
 */
import { Config, Data, Effect, Layer, Option, Redacted } from "effect"
import * as BillingDesk from "./BillingDesk.ts"
import * as BillingWork from "./BillingWork.ts"
import * as ClosingSubscription from "./ClosingSubscription.ts"
import { type StripeAccess, StripeClient } from "./StripeClient.ts"

/** The settings make no sense together. The message is for whoever starts the program. */
export class BillingUnusable extends Data.TaggedError("BillingUnusable")<{ readonly problem: string }> {
  override get message(): string {
    return this.problem
  }
}

const text = (name: string) => Config.map(Config.withDefault(Config.String(name), ""), (value) => value.trim())

/** What is wrong with these, for people. */
const problemOf = (secretKey: string, webhookSecret: string): string | undefined => {
  if (secretKey === "" && webhookSecret === "") return undefined
  if (secretKey === "") return "STRIPE_WEBHOOK_SECRET is set, but STRIPE_SECRET_KEY is not: set both, or neither."
  if (!/^(?:sk|rk)_(?:live|test)_\w+$/.test(secretKey))
    return "STRIPE_SECRET_KEY must begin with sk_live_, sk_test_, rk_live_ or rk_test_."
  if (webhookSecret === "")
    return "STRIPE_SECRET_KEY is set, but STRIPE_WEBHOOK_SECRET is not: without it nobody can tell what was paid."
  return secretsOf(webhookSecret).every((secret) => /^whsec_\w+$/.test(secret))
    ? undefined
    : "STRIPE_WEBHOOK_SECRET must begin with whsec_ (two of them, separated by a comma, while one replaces the other)."
}

const secretsOf = (webhookSecret: string): ReadonlyArray<string> =>
  webhookSecret
    .split(",")
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "")

/** The real Stripe, if there is one. */
export const access: Effect.Effect<Option.Option<StripeAccess>, Config.ConfigError | BillingUnusable> = Effect.gen(
  function* () {
    const secretKey = yield* text("STRIPE_SECRET_KEY")
    const webhookSecret = yield* text("STRIPE_WEBHOOK_SECRET")
    const problem = problemOf(secretKey, webhookSecret)
    if (problem !== undefined) return yield* new BillingUnusable({ problem })
    if (secretKey === "") return Option.none()
    return Option.some({
      secretKey: Redacted.make(secretKey),
      webhookSecrets: secretsOf(webhookSecret).map((secret) => Redacted.make(secret))
    })
  }
)

/** Where the site is, without a slash at its end; `fallback` where nobody says. */
export const siteUrl = (fallback: string): Effect.Effect<string, Config.ConfigError> =>
  Effect.map(text("KALSHIBOOK_SITE_URL"), (url) => (url === "" ? fallback : url.replace(/\/+$/, "")))

/** The desk, what it does by itself, and how an account ends there. */
export const layerOf = (stripe: StripeAccess, site: Effect.Effect<string>) =>
  Layer.mergeAll(BillingWork.layer, BillingDesk.layer(site), ClosingSubscription.layer).pipe(
    Layer.provide(StripeClient.layer(stripe))
  )

/** By the environment; nothing can be bought without it. */
export const layer = (fallbackUrl: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const stripe = yield* access
      const url = yield* siteUrl(fallbackUrl)
      return Option.match(stripe, { onNone: () => Layer.empty, onSome: (one) => layerOf(one, Effect.succeed(url)) })
    })
  )
