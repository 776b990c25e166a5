/** What time does: periods end, drafts become final, refused cards are tried again, checkout pages expire; in order, each at its moment. */
import * as Invoices from "./Invoices.ts"
import type { StandIn } from "./StandIn.ts"
import type { Subscription } from "./StandInState.ts"

interface Due {
  readonly atSeconds: number
  readonly run: () => void
}

/** The next month's moment of the same day (the last one where there is none), as Unix seconds. */
const monthLater = (anchorSeconds: number, months: number): number => {
  const anchor = new Date(anchorSeconds * 1_000)
  const first = Date.UTC(anchor.getUTCFullYear(), anchor.getUTCMonth() + months, 1)
  const last = new Date(Date.UTC(anchor.getUTCFullYear(), anchor.getUTCMonth() + months + 1, 0)).getUTCDate()
  const days = Math.min(anchor.getUTCDate(), last) - 1
  return (first + days * 86_400_000) / 1_000 + (anchorSeconds % 86_400)
}

/** The first end of a period after a moment. */
export const periodEndAfter = (anchorSeconds: number, atSeconds: number): number => {
  let months = 0
  while (monthLater(anchorSeconds, months) <= atSeconds) months++
  return monthLater(anchorSeconds, months)
}

const renew = (standIn: StandIn, subscription: Subscription): void => {
  const [item] = subscription.items.data
  if (item === undefined) return
  const period = { start: item.current_period_start, end: item.current_period_end }
  const invoice = Invoices.begin(standIn, subscription, period, "subscription_cycle")
  const nextEnd = periodEndAfter(subscription.billing_cycle_anchor, period.end)
  const renewed: Subscription = {
    ...subscription,
    latest_invoice: invoice.id,
    items: {
      ...subscription.items,
      data: subscription.cancel_at_period_end
        ? subscription.items.data
        : [{ ...item, current_period_start: period.end, current_period_end: nextEnd }]
    }
  }
  standIn.state.subscriptions[renewed.id] = renewed
  if (subscription.cancel_at_period_end) Invoices.end(standIn, renewed)
  else standIn.happened("customer.subscription.updated", renewed)
}

const due = (standIn: StandIn): ReadonlyArray<Due> => {
  const { invoices, sessions, subscriptions } = standIn.state
  return [
    ...Object.values(subscriptions).flatMap((one): ReadonlyArray<Due> => {
      const [item] = one.items.data
      const isLive = one.status === "active" || one.status === "past_due"
      return isLive && item !== undefined
        ? [{ atSeconds: item.current_period_end, run: () => renew(standIn, one) }]
        : []
    }),
    ...Object.values(invoices).flatMap((one): ReadonlyArray<Due> => {
      if (one.status === "draft") {
        return [{ atSeconds: one.created + Invoices.draftSeconds, run: () => Invoices.finalize(standIn, one) }]
      }
      return one.status === "open" && one.next_payment_attempt !== null
        ? [{ atSeconds: one.next_payment_attempt, run: () => Invoices.charge(standIn, one) }]
        : []
    }),
    ...Object.values(sessions).flatMap(
      (one): ReadonlyArray<Due> =>
        one.status === "open"
          ? [
              {
                atSeconds: one.expires_at,
                run: () => {
                  const expired = { ...one, status: "expired", url: null } as const
                  sessions[one.id] = expired
                  standIn.happened("checkout.session.expired", expired)
                }
              }
            ]
          : []
    )
  ]
}

/** Lets happen what is due by now. */
export const catchUp = (standIn: StandIn): void => advance(standIn, 0)

/** Goes on by so many seconds, stopping at each moment at which something is due. */
export const advance = (standIn: StandIn, seconds: number): void => {
  const { state } = standIn
  const until = standIn.now() + seconds
  while (true) {
    const [next] = due(standIn)
      .filter(({ atSeconds }) => atSeconds <= until)
      .toSorted((one, other) => one.atSeconds - other.atSeconds)
    if (next === undefined) break
    // Objects bear the time at which what happens to them was due.
    const ahead = state.aheadSeconds
    state.aheadSeconds += next.atSeconds - standIn.now()
    next.run()
    if (seconds === 0) state.aheadSeconds = ahead
  }
  if (seconds > 0) state.aheadSeconds += until - standIn.now()
}
