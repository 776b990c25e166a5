/**
 * What an account may, by what it has paid: a function of its subscriptions and purchases, as the payment service has them, and of the time.
 * Nothing of it depends on the order in which these came to be known.
 *
 * An invoice that is not paid is given a grace, and the tier falls when it is over; it rises again when the invoice is paid.
 */
import type { TierName } from "./contract/Pricing.ts"

/** The words of the payment service. */
export type SubscriptionStatus =
  | "incomplete"
  | "incomplete_expired"
  | "trialing"
  | "active"
  | "past_due"
  | "unpaid"
  | "canceled"
  | "paused"

/** A subscription to pay as you go. Times are Unix microseconds. */
export interface SubscriptionFacts {
  readonly subscriptionId: string
  readonly status: SubscriptionStatus
  readonly createdMicros: number
  readonly periodStartMicros: number
  readonly periodEndMicros: number
  /** When it ends, because somebody cancelled it; `null` where it goes on. */
  readonly cancelMicros: number | null
  /** Since when the oldest invoice is open that could not be charged; `null` where there is none. */
  readonly owingMicros: number | null
}

/** A package of credits that was paid. */
export interface PurchaseFacts {
  /** Of the payment service: credits are added once for it. */
  readonly reference: string
  readonly credits: number
}

/** How long an invoice may stay unpaid before the tier falls: a week, in which the card is tried again and people are told. */
export const graceMicros = 7 * 86_400_000_000

export type Payment =
  /** Nothing is paid regularly. */
  | { readonly state: "none" }
  | { readonly state: "good"; readonly subscription: SubscriptionFacts }
  /** An invoice is not paid; the tier stays until `graceUntilMicros`. */
  | { readonly state: "failed"; readonly subscription: SubscriptionFacts; readonly graceUntilMicros: number }
  /** The grace is over, and the subscription still there. */
  | { readonly state: "lapsed"; readonly subscription: SubscriptionFacts }

/** Whether a subscription is there to be paid: it was begun, and has not ended, by its status and by the time. */
export const isLive = ({ cancelMicros, status }: SubscriptionFacts, nowMicros: number): boolean =>
  (cancelMicros === null || nowMicros < cancelMicros) &&
  (status === "active" || status === "trialing" || status === "past_due" || status === "unpaid" || status === "paused")

const liveByAge = (subscriptions: ReadonlyArray<SubscriptionFacts>, nowMicros: number) =>
  subscriptions.filter((one) => isLive(one, nowMicros)).toSorted(older)

/** Of several that are there, the one that counts: the oldest. */
export const counting = (
  subscriptions: ReadonlyArray<SubscriptionFacts>,
  nowMicros: number
): SubscriptionFacts | undefined => liveByAge(subscriptions, nowMicros)[0]

/** Those that are there beside the one that counts: two pages were paid at once, and each would bill the same use. */
export const surplus = (
  subscriptions: ReadonlyArray<SubscriptionFacts>,
  nowMicros: number
): ReadonlyArray<SubscriptionFacts> => liveByAge(subscriptions, nowMicros).slice(1)

const older = (one: SubscriptionFacts, other: SubscriptionFacts): number =>
  one.createdMicros - other.createdMicros || (one.subscriptionId < other.subscriptionId ? -1 : 1)

export const paymentAt = (subscriptions: ReadonlyArray<SubscriptionFacts>, nowMicros: number): Payment => {
  const subscription = counting(subscriptions, nowMicros)
  if (subscription === undefined) return { state: "none" }
  if (subscription.status === "active" || subscription.status === "trialing") return { state: "good", subscription }
  if (subscription.status !== "past_due") return { state: "lapsed", subscription }
  const graceUntilMicros = (subscription.owingMicros ?? nowMicros) + graceMicros
  return nowMicros < graceUntilMicros
    ? { state: "failed", subscription, graceUntilMicros }
    : { state: "lapsed", subscription }
}

/** Whether a subscription ever was there: one whose first payment failed, or never came, was not. */
const hasBegun = ({ status }: SubscriptionFacts): boolean => status !== "incomplete" && status !== "incomplete_expired"

/**
 * The tier of an account that has a customer at the payment service. `enterprise` is by contract, and not for payments to change. Only the end
 * of a subscription lowers a tier: what an operator gave to an account that never had one stays.
 */
export const tierAt = (
  now: TierName,
  facts: { readonly subscriptions: ReadonlyArray<SubscriptionFacts>; readonly hasBought: boolean },
  nowMicros: number
): TierName => {
  if (now === "enterprise") return now
  const { state } = paymentAt(facts.subscriptions, nowMicros)
  if (state === "good" || state === "failed") return "payg"
  if (now !== "free" && !facts.subscriptions.some(hasBegun)) return now
  return facts.hasBought ? "project" : "free"
}
