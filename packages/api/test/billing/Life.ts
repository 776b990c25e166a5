/**
 * A customer's life by chance: checkouts, cards, cancelling, use, time; with webhooks that come late, twice, in another order or never, requests
 * that are lost, and a process that dies between any two steps. At its end everything that was paid for is there, and nothing else.
 */
import { assert } from "@effect/vitest"
import * as CheckoutPages from "@kalshibook/api/billing/CheckoutPages"
import * as Customers from "@kalshibook/api/billing/Customers"
import * as Reconciling from "@kalshibook/api/billing/Reconciling"
import { planItems } from "@kalshibook/core/contract/PlanItems"
import { graceMicros } from "@kalshibook/core/Standing"
import { hourMicros } from "@kalshibook/core/Units"
import type { Account } from "@kalshibook/store/Accounts"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import * as Checkout from "@kalshibook/stripe-stand-in/Checkout"
import { cancelling } from "@kalshibook/stripe-stand-in/CustomerEndpoints"
import * as Invoices from "@kalshibook/stripe-stand-in/Invoices"
import { Context, Effect, Option } from "effect"
import * as World from "./World.ts"

const stepsMax = 14
const minuteMillis = 60_000
const dayMillis = 86_400_000
/** Stripe takes use of the last 35 days: somebody looks after billing now and then. */
const untendedMillisMax = 20 * dayMillis

/** What may fail when the process dies or the network does. */
const attempt = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.asVoid(Effect.exit(effect))

const calm = <A, E, R>(world: World.World, effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const before = world.crashesPerMille
    world.crashesPerMille = 0
    return Effect.ensuring(
      effect,
      Effect.sync(() => (world.crashesPerMille = before))
    )
  })

const open = Effect.fnUntraced(function* (account: Account, kind: "metered" | "once", world: World.World) {
  const item = world.luck.oneOf(planItems.filter((one) => one.kind === kind))
  const linked = yield* Customers.ofAccount(account)
  yield* CheckoutPages.checkout(linked, item, "http://127.0.0.1:1/billing")
})

/** Somebody does something at Stripe's own pages. */
const atStripe = (world: World.World, customer: string): void => {
  const { luck, standIn } = world
  const { cards, invoices, sessions, subscriptions } = standIn.state
  const ofCustomer = <One extends { readonly customer: string }>(all: Record<string, One>) =>
    Object.values(all).filter((one) => one.customer === customer)
  const pages = ofCustomer(sessions).filter(({ status }) => status === "open")
  const live = ofCustomer(subscriptions).filter(({ status }) => status !== "canceled")
  const owed = ofCustomer(invoices).filter(({ status }) => status === "open")
  // Whoever has a page before him most often pays; two pages of two tabs may both be paid.
  if (pages.length > 0 && luck.below(4) > 0) {
    Checkout.complete(standIn, luck.oneOf(pages), luck.below(3) === 0 ? "later" : "good")
    return
  }
  const [subscription, bill] = [live[0], owed[0]]
  const wish = luck.below(4)
  if (wish === 0 && subscription !== undefined) cancelling(standIn, subscription, luck.below(3) > 0)
  if (wish === 1) cards[customer] = luck.below(2) === 0 ? "refused" : "good"
  if (wish === 2 && bill !== undefined) {
    cards[customer] = "good"
    Invoices.charge(standIn, bill)
  }
}

const step = Effect.fnUntraced(function* (world: World.World, account: Account) {
  const { luck, queue } = world
  const linked = yield* calm(world, Effect.flatMap(BillingBook, (book) => book.linked(account.accountId)))
  switch (luck.below(12)) {
    case 0:
    case 1:
      return yield* attempt(open(account, luck.below(3) === 0 ? "once" : "metered", world))
    case 2:
    case 3:
    case 4:
      return Option.isSome(linked) ? atStripe(world, linked.value.customerId) : undefined
    case 5:
    case 6:
      return yield* World.use(account, 1 + luck.below(400), luck.oneOf(["used", "used", "less", "held"] as const))
    case 7:
      return yield* World.setTime(world, world.nowMillis + luck.below(90) * minuteMillis)
    case 8:
      return yield* World.setTime(world, world.nowMillis + luck.below(12 * dayMillis))
    case 9:
      return yield* attempt(World.round)
    default: {
      const at = luck.below(Math.max(1, queue.length))
      const event = queue[at]
      if (event === undefined) return
      // Taken and told again later; taken; or it never comes.
      const fate = luck.below(4)
      if (fate > 0) queue.splice(at, 1)
      if (fate < 3) yield* attempt(World.deliver(world, event))
    }
  }
})

/** Lives it, and holds what has become of it to what Stripe has. Answers what would be told of it if it went wrong. */
export const live = Effect.fnUntraced(function* (world: World.World) {
  yield* World.setTime(world, world.nowMillis)
  const account = yield* World.newAccount
  world.crashesPerMille = 25
  let tendedMillis = world.nowMillis
  for (let count = 0; count < stepsMax; count++) {
    yield* step(world, account)
    if (world.nowMillis - tendedMillis > untendedMillisMax) {
      yield* calm(world, World.round)
      tendedMillis = world.nowMillis
    }
  }
  world.crashesPerMille = 0
  // Whatever was not told by now never is.
  world.queue.length = 0
  yield* World.setTime(world, world.nowMillis + 3 * 60 * minuteMillis)
  yield* World.round
  yield* Reconciling.reconcile()
  assert.deepStrictEqual(yield* Reconciling.reconcile(), [], "a second look finds nothing")
  yield* holds(world, account)
})

const holds = Effect.fnUntraced(function* (world: World.World, account: Account) {
  const linked = yield* (yield* BillingBook).linked(account.accountId)
  const { tier } = yield* World.accountNow(account)
  if (Option.isNone(linked)) return assert.strictEqual(tier, "free")
  const { customerId } = linked.value
  const { invoices, meterEvents, sessions, subscriptions } = world.standIn.state
  const own = Object.values(subscriptions).filter(({ customer, status }) => customer === customerId && status !== "canceled")
  const paid = Object.values(sessions).filter(
    ({ customer, mode, status }) => customer === customerId && mode === "payment" && status === "complete"
  )
  assert.isAtMost(own.length, 1, "one subscription at most")
  const owing = Object.values(invoices)
    .filter((one) => one.status === "open" && one.attempted && one.parent?.subscription_details.subscription === own[0]?.id)
    .map((one) => (one.status_transitions.finalized_at ?? 0) * 1_000_000)
  const isEntitled =
    own[0]?.status === "active" ||
    (own[0]?.status === "past_due" && world.nowMillis * 1_000 < Math.min(...owing) + graceMicros)
  assert.strictEqual(tier, isEntitled ? "payg" : paid.length > 0 ? "project" : "free")
  const bought = paid.reduce((sum, { metadata }) => sum + Number(metadata?.["kalshibook_credits"]), 0)
  assert.strictEqual(yield* creditsBought(account.accountId), bought, "credits that were bought")
  const range = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }
  const hours = yield* (yield* MeterOutbox).compared(account.accountId, range)
  const told = meterEvents.filter(({ payload }) => payload["stripe_customer_id"] === customerId)
  assert.deepStrictEqual(
    told
      .map(({ payload, timestamp }) => [Math.floor(timestamp / 3_600) * hourMicros, Number(payload["value"])] as const)
      .toSorted(([one], [other]) => one - other),
    hours.map((hour) => [hour.hourMicros, hour.creditsLedger] as const),
    "every hour with use is told once"
  )
})

/** Credits that were ever added by purchases, by what is left and what was taken of them. */
const creditsBought = (accountId: string) => Effect.flatMap(Bought, (bought) => bought(accountId))

/** How a store says what was bought ever: each in its own way. */
export class Bought extends Context.Service<Bought, (accountId: string) => Effect.Effect<number>>()(
  "@kalshibook/api/test/billing/Life/Bought"
) {}
