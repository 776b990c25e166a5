/**
 * Holds what we know of payments against what Stripe has: tiers and purchases, and the use of every day in ledger, outbox and meter. What is only
 * a webhook that never came is made good by asking; every difference is told all the same, because none should be there.
 */
import { hourMicros, isoFromMicros } from "@kalshibook/core/Units"
import { BillingBook, type Linked } from "@kalshibook/store/billing/BillingBook"
import { type ComparedHour, hourOf, MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import { Clock, Effect } from "effect"
import * as BillingMetrics from "./BillingMetrics.ts"
import type { Difference, DifferenceKind } from "./Difference.ts"
import * as Refreshing from "./Refreshing.ts"
import * as StripeCatalogue from "./StripeCatalogue.ts"
import { StripeClient } from "./StripeClient.ts"

const dayMicros = 24 * hourMicros
/** How far back it looks: as far as Stripe takes events, and the ledger keeps each call. */
const daysBack = 34
/** What waits for longer than this is late. */
const lateMicros = 2 * hourMicros
/** Stripe makes a month's invoice final so long after its end. */
const finalMicros = hourMicros
const customersAtOnce = 4

/** Looks at every customer; answers all that differed. */
export const reconcile = Effect.fn("Billing.reconcile")(function* () {
  const linked = yield* (yield* BillingBook).all
  const meter = yield* Effect.cached(StripeCatalogue.meterId)
  const found = yield* Effect.forEach(linked, (one) => ofCustomer(one, meter), { concurrency: customersAtOnce })
  const differences = found.flat()
  for (const { accountId, detail, kind } of differences) {
    yield* Effect.logError(`billing differs: ${detail}`).pipe(Effect.annotateLogs({ accountId, kind }))
  }
  yield* BillingMetrics.reconciled(differences)
  return differences
})

type MeterId = typeof StripeCatalogue.meterId

/** What of the customer Stripe does not answer is a difference, too: the others are looked at all the same. */
const ofCustomer = Effect.fnUntraced(function* (linked: Linked, meter: MeterId) {
  const found: Array<Difference> = []
  yield* ofAccount(linked).pipe(
    Effect.tap((differences) => Effect.sync(() => found.push(...differences))),
    Effect.andThen(ofUse(linked, meter)),
    Effect.tap((differences) => Effect.sync(() => found.push(...differences))),
    Effect.catchTag("StripeFailed", ({ message }) =>
      Effect.sync(() => found.push({ accountId: linked.accountId, kind: "unanswered", detail: message }))
    )
  )
  return found
})

const ofAccount = Effect.fnUntraced(function* (linked: Linked) {
  const { accountId } = linked
  const after = yield* Refreshing.refresh(linked, null)
  const differences: Array<Difference> = []
  const note = (kind: DifferenceKind, detail: string) => differences.push({ accountId, kind, detail })
  if (after.tier !== after.tierBefore) note("tier", `was ${after.tierBefore}, paid for ${after.tier}`)
  if (after.creditsAdded > 0) note("purchase", `${after.creditsAdded} credits were paid and not added`)
  if (after.hadSecond) note("second_subscription", "two subscriptions at once")
  const before = new Map(after.subscriptionsBefore.map((one) => [one.subscriptionId, one.status]))
  for (const { status, subscriptionId } of after.subscriptions) {
    const was = before.get(subscriptionId)
    if (was !== status) note("subscription", `${subscriptionId} was ${was ?? "not known"}, is ${status}`)
  }
  return differences
})

const ofUse = Effect.fnUntraced(function* ({ accountId, customerId, linkedMicros }: Linked, meter: MeterId) {
  const now = (yield* Clock.currentTimeMillis) * 1_000
  const untilMicros = Math.ceil(now / dayMicros) * dayMicros
  const firstMicros = Math.max(hourOf(linkedMicros), untilMicros - daysBack * dayMicros)
  const hours = yield* (yield* MeterOutbox).compared(accountId, { fromMicros: firstMicros, toMicros: untilMicros })
  const counted = yield* countedByHour(meter, customerId, hours)
  return hours
    .flatMap((hour) => differencesOf(hour, counted.get(hour.hourMicros) ?? 0, now))
    .map((one) => ({ accountId, ...one }))
})

const differencesOf = (
  { creditsLedger, creditsOutbox, hourMicros: hour, sentMicros, state }: ComparedHour,
  counted: number,
  now: number
): ReadonlyArray<Omit<Difference, "accountId">> => {
  const when = isoFromMicros(hour)
  if (creditsLedger !== creditsOutbox) {
    return [{ kind: "outbox", detail: `${when}: the ledger has ${creditsLedger} credits, the outbox ${creditsOutbox}` }]
  }
  if (state === "refused") return [{ kind: "unsent", detail: `${when}: ${creditsOutbox} credits were not taken` }]
  if (state === "waiting") {
    return hour + hourMicros + lateMicros < now
      ? [{ kind: "unsent", detail: `${when}: ${creditsOutbox} credits wait` }]
      : []
  }
  if (counted !== creditsOutbox) {
    return [{ kind: "meter", detail: `${when}: ${creditsOutbox} credits were sent, Stripe counted ${counted}` }]
  }
  return sentMicros !== null && sentMicros >= monthEndMicros(hour) + finalMicros
    ? [{ kind: "uninvoiced", detail: `${when}: ${creditsOutbox} credits were sent at ${isoFromMicros(sentMicros)}` }]
    : []
}

/** End of the month (UTC) of a moment, Unix microseconds: invoices are of calendar months. */
const monthEndMicros = (micros: number): number => {
  const date = new Date(micros / 1_000)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) * 1_000
}

/** By hour, for the days in which something was sent. */
const countedByHour = Effect.fnUntraced(function* (
  meterId: MeterId,
  customer: string,
  hours: ReadonlyArray<ComparedHour>
) {
  const { ask } = yield* StripeClient
  const days = new Set(hours.map(({ hourMicros: hour }) => Math.floor(hour / dayMicros)))
  const counted = new Map<number, number>()
  if (days.size === 0) return counted
  const meter = yield* meterId
  for (const day of days) {
    const start = day * 86_400
    const { data } = yield* ask("look up a day", (stripe) =>
      stripe.billing.meters.listEventSummaries(meter, {
        customer,
        start_time: start,
        end_time: start + 86_400,
        value_grouping_window: "hour",
        limit: 24
      })
    )
    for (const one of data) counted.set(one.start_time * 1_000_000, one.aggregated_value)
  }
  return counted
})
