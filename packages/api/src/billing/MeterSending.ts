/**
 * Sends what was used on account: one event for each account and hour. Stripe knows an event again by its name for a day, and adds up an hour in
 * its summaries: between them an event counts once, whatever is cut off between any two steps.
 *
 * An event is noted before it is sent, and after it was taken. One that was noted and not taken is sent again under its name within the day;
 * later its hour is looked up first, which has nothing else in it.
 */
import { tierOf } from "@kalshibook/core/contract/Pricing"
import { hourMicros } from "@kalshibook/core/Units"
import { Accounts } from "@kalshibook/store/Accounts"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { hourOf, identifierOf, MeterOutbox, type WaitingHour } from "@kalshibook/store/billing/MeterOutbox"
import { Ledger } from "@kalshibook/store/Ledger"
import { Clock, Effect, Option } from "effect"
import * as StripeCatalogue from "./StripeCatalogue.ts"
import { StripeClient, type StripeFailed } from "./StripeClient.ts"

/** An hour is decided so long after its end: longer than a call may take to be written down. */
const settleMicros = 300_000_000
/** An identifier is remembered for a day; the last hour of it is not counted on. */
const rememberedMicros = 23 * hourMicros
/** Stripe takes events of the last 35 days. */
const pastMicrosMax = 35 * 24 * hourMicros
const eventsAtOnce = 500

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

/** Decides the hours that are over, of every account that is a customer. */
export const fill = Effect.fn("MeterSending.fill")(function* () {
  const accounts = new Map((yield* (yield* Accounts).list).map((account) => [account.accountId, account]))
  const [book, ledger, outbox, now] = [yield* BillingBook, yield* Ledger, yield* MeterOutbox, yield* nowMicros]
  let made = 0
  for (const { accountId, linkedMicros } of yield* book.all) {
    const account = accounts.get(accountId)
    if (account === undefined) continue
    const tier = tierOf(account.tier, account.terms)
    // Lets go of holds that have lapsed.
    yield* ledger.balance(accountId, {
      creditsMonthly: tier.creditsMonthly,
      isPostpaid: tier.creditPriceE4 !== null,
      capCredits: account.capCredits
    })
    const range = { fromMicros: hourOf(linkedMicros), untilMicros: hourOf(now - settleMicros) }
    made += yield* outbox.fill(accountId, range)
  }
  return made
})

/** Sends what waits. Answers how many were taken; what fails is tried again the next time. */
export const send = Effect.fn("MeterSending.send")(function* () {
  const outbox = yield* MeterOutbox
  const customers = new Map((yield* (yield* BillingBook).all).map((one) => [one.accountId, one.customerId]))
  let taken = 0
  for (const hour of yield* outbox.waiting(eventsAtOnce)) {
    const customer = customers.get(hour.accountId)
    if (customer === undefined) continue
    const isTaken = yield* sendOne(hour, customer).pipe(
      Effect.catchTag("StripeFailed", (error) =>
        Effect.as(Effect.logWarning(`use could not be told to Stripe: ${error.message}`), false)
      )
    )
    if (isTaken) taken++
  }
  return taken
})

const sendOne = Effect.fnUntraced(function* (hour: WaitingHour, customer: string) {
  const outbox = yield* MeterOutbox
  const { ask } = yield* StripeClient
  const now = yield* nowMicros
  const isOld = hour.triedMicros !== null && hour.triedMicros + rememberedMicros <= now
  if (isOld && (yield* counted(hour, customer)) > 0) {
    yield* outbox.noteSent(hour, now)
    return true
  }
  if (hour.triedMicros === null || isOld) yield* outbox.noteTried(hour, now)
  const event = yield* ask("tell what was used", (stripe) =>
    stripe.billing.meterEvents.create({
      event_name: StripeCatalogue.meterEventName,
      identifier: identifierOf(hour),
      // The last second of the hour: a subscription that began in it has it in its first period.
      timestamp: Math.floor((hour.hourMicros + hourMicros) / 1_000_000) - 1,
      payload: { stripe_customer_id: customer, value: String(hour.credits) }
    })
  ).pipe(
    Effect.asSome,
    // It was taken before, and its answer was lost.
    Effect.catchIf(isKnown, () => Effect.succeedNone),
    Effect.catchIf(
      (error) => isRefused(error) && hour.hourMicros < now - pastMicrosMax,
      (error) =>
        Effect.andThen(
          outbox.noteRefused(hour),
          Effect.as(Effect.logError(`use is too old to be billed: ${error.message}`), undefined)
        )
    )
  )
  if (event === undefined) return false
  yield* outbox.noteSent(hour, yield* nowMicros)
  return Option.isSome(event)
})

const isRefused = ({ reason }: StripeFailed): boolean => reason === "refused"
const isKnown = (error: StripeFailed): boolean =>
  isRefused(error) && /already exists with identifier/.test(error.detail)

/** What Stripe has counted for a customer in an hour. */
const counted = Effect.fnUntraced(function* (hour: WaitingHour, customer: string) {
  const { ask } = yield* StripeClient
  const meter = yield* StripeCatalogue.meterId
  const start = Math.floor(hour.hourMicros / 1_000_000)
  const { data } = yield* ask("look up an hour", (stripe) =>
    stripe.billing.meters.listEventSummaries(meter, {
      customer,
      start_time: start,
      end_time: start + 3_600,
      value_grouping_window: "hour"
    })
  )
  return data.reduce((sum, { aggregated_value }) => sum + aggregated_value, 0)
})
