/** What a look at ledger, meter and subscriptions may find that should not be. */
export const differenceKinds = [
  /** The tier was another than what was paid for. Made good. */
  "tier",
  /** Credits that were paid had not been added. Made good. */
  "purchase",
  /** The mirror of the subscriptions was not what Stripe has. Made good. */
  "subscription",
  /** Two subscriptions for the same use. One was cancelled. */
  "second_subscription",
  /** The outbox has for an hour something else than the ledger. */
  "outbox",
  /** Use that waits for longer than it should, or that Stripe will not take. */
  "unsent",
  /** Use that was sent when the invoice of its month was final: it is at the meter, and in no invoice. */
  "uninvoiced",
  /** Stripe counted for an hour something else than was sent. */
  "meter",
  /** Stripe did not answer, or refused to: of this customer the rest is not known. */
  "unanswered"
] as const
export type DifferenceKind = (typeof differenceKinds)[number]

export interface Difference {
  readonly accountId: string
  readonly kind: DifferenceKind
  readonly detail: string
}
