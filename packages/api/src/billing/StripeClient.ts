// adapter: the package `stripe` is promises and exceptions; everything above it sees Effects and one error.
/**
 * The way to Stripe, or to what stands in for it on one machine: one client of the official package, whatever it is asked. It knows which key
 * to send, and which secrets sign webhooks; what is asked is for `StripeFacts` and its neighbours.
 */
import { Context, Effect, Layer, Predicate, Redacted, Schema } from "effect"
import Stripe from "stripe"

export interface StripeAccess {
  readonly secretKey: Redacted.Redacted
  /** Any of them signs: there are two while one replaces the other. */
  readonly webhookSecrets: ReadonlyArray<Redacted.Redacted>
  /** What stands in for Stripe: on this machine, by its port. */
  readonly port?: number
  /** In place of the network. */
  readonly fetch?: typeof globalThis.fetch
}

/** Stripe was not there, or refused. */
export class StripeFailed extends Schema.TaggedError<StripeFailed>()("StripeFailed", {
  operation: Schema.String,
  /** `away`: the same call may succeed later. */
  reason: Schema.Literals(["away", "refused"]),
  /** Stripe's own code and text. */
  code: Schema.NullOr(Schema.String),
  detail: Schema.String
}) {
  get isRetryable(): boolean {
    return this.reason === "away"
  }

  override get message(): string {
    return `${this.operation}: ${this.detail}`
  }
}

/** The webhook is not Stripe's, or not of now. */
export class WebhookForged extends Schema.TaggedError<WebhookForged>()("WebhookForged", { detail: Schema.String }) {}

export class StripeClient extends Context.Service<
  StripeClient,
  {
    readonly ask: <A>(operation: string, question: (stripe: Stripe) => Promise<A>) => Effect.Effect<A, StripeFailed>
    /** The event of a webhook, if one of the secrets signed these very bytes within the last five minutes. */
    readonly verified: (
      payload: Uint8Array,
      signature: string,
      nowMillis: number
    ) => Effect.Effect<Stripe.Event, WebhookForged>
  }
>()("@kalshibook/api/billing/StripeClient") {
  static readonly layer = (access: StripeAccess): Layer.Layer<StripeClient> =>
    Layer.sync(StripeClient, () => {
      const stripe = new Stripe(Redacted.value(access.secretKey), {
        telemetry: false,
        timeout: requestMillisMax,
        maxNetworkRetries: access.fetch === undefined ? retriesMax : 0,
        ...(access.port === undefined ? {} : { host: "127.0.0.1", port: access.port, protocol: "http" as const }),
        ...(access.fetch === undefined ? {} : { httpClient: Stripe.createFetchHttpClient(access.fetch) })
      })
      return StripeClient.of({
        ask: (operation, question) =>
          Effect.tryPromise({ try: () => question(stripe), catch: (cause) => failedOf(operation, cause) }),
        verified: (payload, signature, nowMillis) =>
          Effect.suspend(() => {
            let detail = "There is no secret to check it with."
            for (const secret of access.webhookSecrets) {
              try {
                return Effect.succeed(
                  stripe.webhooks.constructEvent(
                    payload,
                    signature,
                    Redacted.value(secret),
                    toleranceSeconds,
                    undefined,
                    nowMillis
                  )
                )
              } catch (error) {
                detail = firstLine(error)
              }
            }
            return Effect.fail(new WebhookForged({ detail }))
          })
      })
    })
}

/** How old a signature may be: Stripe's own advice. */
const toleranceSeconds = 300
/** Stripe answers within seconds; whoever waits for it has 20. */
const requestMillisMax = 8_000
const retriesMax = 1

const firstLine = (error: unknown): string =>
  (Predicate.isError(error) ? error.message : String(error)).split("\n", 1)[0] ?? ""

const failedOf = (operation: string, cause: unknown): StripeFailed => {
  if (!(cause instanceof Stripe.errors.StripeError)) {
    return new StripeFailed({ operation, reason: "away", code: null, detail: firstLine(cause) })
  }
  const { code = null, statusCode } = cause
  const isAway = statusCode === undefined || statusCode === 429 || statusCode === 409 || statusCode >= 500
  return new StripeFailed({ operation, reason: isAway ? "away" : "refused", code, detail: firstLine(cause) })
}
