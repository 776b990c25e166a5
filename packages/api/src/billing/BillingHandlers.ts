/** Answers about paying. */
import * as CreditBalance from "@kalshibook/core/CreditBalance"
import * as BillingAnswer from "@kalshibook/core/contract/BillingAnswer"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { payAsYouGo, planItems } from "@kalshibook/core/contract/PlanItems"
import {
  AlreadySubscribed,
  BilledByContract,
  InvoiceUnpaid,
  NoCustomer
} from "@kalshibook/core/contract/ProblemsOfBilling"
import { counting, type Payment, paymentAt, type SubscriptionFacts } from "@kalshibook/core/Standing"
import { dollarsFromPriceE4, isoFromMicros } from "@kalshibook/core/Units"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import { Ledger } from "@kalshibook/store/Ledger"
import { Clock, Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as CallerTerms from "../CallerTerms.ts"
import * as Failures from "../Failures.ts"
import { answered, callerHere, RequestMeta } from "../RequestMeta.ts"
import { BillingDesk } from "./BillingDesk.ts"
import { billingOff, deskAt, paymentsFailed } from "./BillingFailures.ts"
import * as CheckoutPages from "./CheckoutPages.ts"
import * as Customers from "./Customers.ts"
import * as StripeInvoices from "./StripeInvoices.ts"

const returnPathDefault = "/billing"

export const BillingHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "billing",
  Effect.fn(function* (handlers) {
    const ledger = yield* Ledger
    const place = yield* BillingDesk
    return handlers.handleAll({
      get: () =>
        Effect.gen(function* () {
          const caller = yield* callerHere
          const { account } = caller
          const { terms } = CallerTerms.callOf(caller)
          const balance = yield* ledger.balance(account.accountId, terms)
          const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
          const month = monthOf(nowMicros)
          const paid = Option.isNone(place)
            ? nothing
            : yield* place.value.run(paidBy(account.accountId, month.monthStartMicros))
          const payment = paymentAt(paid.subscriptions, nowMicros)
          return {
            ...BillingAnswer.monthView({
              ...month,
              nowMicros,
              plan: account.tier,
              remaining: CreditBalance.remaining(balance, terms),
              boughtLeft: balance.boughtLeft,
              monthUsed: balance.monthUsed,
              capCredits: account.capCredits,
              onAccount: paid.onAccount
            }),
            subscription: subscriptionView(counting(paid.subscriptions, nowMicros)),
            payment: paymentView(payment),
            can_buy: canBuy({ isOpen: Option.isSome(place), isByContract: account.tier === "enterprise", payment }),
            has_portal: paid.isCustomer
          }
        }).pipe(answered(BillingAnswer.Billing), Effect.catchTag("HotTierError", Failures.storeFailed)),

      checkout: ({ payload }) =>
        Effect.gen(function* () {
          const { account } = yield* callerHere
          const desk = yield* deskAt(place)
          if (account.tier === "enterprise") return yield* byContract()
          const item = planItems.find(({ name }) => name === payload.buy) ?? payAsYouGo
          const back = `${yield* desk.siteUrl}${payload.return_path ?? returnPathDefault}`
          const url = yield* desk.run(
            Effect.flatMap(Customers.ofAccount(account), (linked) => CheckoutPages.checkout(linked, item, back))
          )
          return { url }
        }).pipe(
          answered(BillingAnswer.PaymentPage),
          Effect.catchTags({
            HotTierError: Failures.storeFailed,
            StripeFailed: paymentsFailed,
            Subscribed: alreadySubscribed,
            Owing: invoiceUnpaid,
            NotForSale: ({ item }) => billingOff(`\`${item}\` is not for sale: the operator has to run the sync.`)
          })
        ),

      portal: ({ payload }) =>
        Effect.gen(function* () {
          const { account } = yield* callerHere
          const desk = yield* deskAt(place)
          const linked = yield* desk.run(Effect.flatMap(BillingBook, (book) => book.linked(account.accountId)))
          if (Option.isNone(linked)) return yield* noCustomer()
          const back = `${yield* desk.siteUrl}${payload.return_path ?? returnPathDefault}`
          return { url: yield* desk.run(CheckoutPages.portal(linked.value.customerId, back)) }
        }).pipe(
          answered(BillingAnswer.PaymentPage),
          Effect.catchTags({ HotTierError: Failures.storeFailed, StripeFailed: paymentsFailed })
        ),

      invoices: () =>
        Effect.gen(function* () {
          const { account } = yield* callerHere
          const desk = yield* deskAt(place)
          return yield* desk.run(invoicesOf(account.accountId))
        }).pipe(
          answered(BillingAnswer.Invoices),
          Effect.catchTags({ HotTierError: Failures.storeFailed, StripeFailed: paymentsFailed })
        )
    })
  })
)

const monthOf = (nowMicros: number) => {
  const date = new Date(nowMicros / 1_000)
  const begin = (later: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later) * 1_000
  return { monthStartMicros: begin(0), monthEndMicros: begin(1) }
}

/** Where no payments are taken. */
const nothing = { subscriptions: [] as ReadonlyArray<SubscriptionFacts>, onAccount: 0, isCustomer: false }

const paidBy = Effect.fnUntraced(function* (accountId: string, monthStartMicros: number) {
  const book = yield* BillingBook
  const subscriptions = yield* book.subscriptions(accountId)
  const onAccount = yield* (yield* MeterOutbox).onAccount(accountId, monthStartMicros)
  return { subscriptions, onAccount, isCustomer: Option.isSome(yield* book.linked(accountId)) }
})

const invoicesOf = Effect.fnUntraced(function* (accountId: string) {
  const book = yield* BillingBook
  const linked = yield* book.linked(accountId)
  if (Option.isNone(linked)) return { invoices: [], upcoming: null }
  const invoices = yield* StripeInvoices.list(linked.value.customerId)
  const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
  const live = counting(yield* book.subscriptions(accountId), nowMicros)
  const upcoming =
    live === undefined
      ? Option.none()
      : yield* StripeInvoices.upcoming(live.subscriptionId).pipe(
          Effect.asSome,
          // It ended meanwhile.
          Effect.catchIf(
            ({ reason }) => reason === "refused",
            () => Effect.succeedNone
          )
        )
  return {
    invoices: invoices.map(BillingAnswer.invoiceView),
    upcoming: Option.getOrNull(Option.map(upcoming, BillingAnswer.invoiceView))
  }
})

const subscriptionView = (subscription: SubscriptionFacts | undefined) =>
  subscription === undefined
    ? null
    : {
        status: subscription.status,
        period_start: isoFromMicros(subscription.periodStartMicros),
        period_end: isoFromMicros(subscription.periodEndMicros),
        ends_at: subscription.cancelMicros === null ? null : isoFromMicros(subscription.cancelMicros)
      }

const notices: Readonly<Record<Payment["state"], string | null>> = {
  none: null,
  good: null,
  failed:
    "An invoice could not be charged. Change the card or pay it in the customer portal; until then the plan stays for a week.",
  lapsed:
    "An invoice was not paid in time, so the account is without its plan. Pay it in the customer portal, and the plan is back."
}

const paymentView = (payment: Payment) => ({
  state: payment.state,
  grace_until: payment.state === "failed" ? isoFromMicros(payment.graceUntilMicros) : null,
  notice: notices[payment.state]
})

const canBuy = (facts: { readonly isOpen: boolean; readonly isByContract: boolean; readonly payment: Payment }) =>
  !facts.isOpen || facts.isByContract
    ? []
    : planItems.filter(({ kind }) => kind === "once" || facts.payment.state === "none").map(({ name }) => name)

const byContract = Effect.fnUntraced(function* () {
  const { requestId } = yield* RequestMeta
  return yield* new BilledByContract({ detail: "The account is of the tier enterprise.", request_id: requestId })
})

const noCustomer = Effect.fnUntraced(function* () {
  const { requestId } = yield* RequestMeta
  const detail = "The account has never bought anything."
  return yield* new NoCustomer({ detail, request_id: requestId, suggestion: "/v1/billing" })
})

const alreadySubscribed = Effect.fnUntraced(function* ({ sinceMicros }: CheckoutPages.Subscribed) {
  const { requestId } = yield* RequestMeta
  const detail = `The account pays as it goes since ${isoFromMicros(sinceMicros)}.`
  return yield* new AlreadySubscribed({ detail, request_id: requestId, suggestion: "/v1/billing" })
})

const invoiceUnpaid = Effect.fnUntraced(function* ({ cents, number, url }: CheckoutPages.Owing) {
  const { requestId } = yield* RequestMeta
  const name = number === null ? "An invoice" : `The invoice ${number}`
  const detail = `${name} over ${dollarsFromPriceE4(cents * 100)} dollars is not paid.`
  return yield* new InvoiceUnpaid({ detail, invoice_url: url, request_id: requestId })
})
