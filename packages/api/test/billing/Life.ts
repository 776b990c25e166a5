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

const stepsMax = 10
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
    Checkout.complete(standIn, luck.oneOf(pages), luck.below(2) === 0 ? "later" : "good")
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

/** A webhook that waits: taken, taken and told again later, or it never comes. */
const hear = Effect.fnUntraced(function* (world: World.World) {
  const { luck, queue } = world
  const at = luck.below(Math.max(1, queue.length))
  const event = queue[at]
  if (event === undefined) return
  const fate = luck.below(5)
  if (fate > 0) queue.splice(at, 1)
  if (fate < 4) yield* attempt(World.deliver(world, event))
})

/** Most often the month's end, when something is due, or days later; also minutes. */
const later = (world: World.World): number => {
  const { luck, nowMillis } = world
  const date = new Date(nowMillis)
  const monthEnd = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
  const choice = luck.below(4)
  if (choice === 1 || (choice === 0 && date.getUTCDate() < 12)) return monthEnd + luck.below(4 * 60) * minuteMillis
  if (choice === 0) return nowMillis + luck.below(90) * minuteMillis
  return nowMillis + luck.below(choice === 2 ? 10 * dayMillis : 4 * dayMillis)
}

const step = Effect.fnUntraced(function* (world: World.World, account: Account) {
  const { luck } = world
  const linked = yield* calm(
    world,
    Effect.flatMap(BillingBook, (book) => book.linked(account.accountId))
  )
  const choice = luck.below(16)
  if (choice < 2) return yield* attempt(open(account, luck.below(3) === 0 ? "once" : "metered", world))
  if (choice < 5) return Option.isSome(linked) ? atStripe(world, linked.value.customerId) : undefined
  if (choice < 8) {
    return yield* World.use(account, 1 + luck.below(2_000), luck.oneOf(["used", "used", "less", "held"] as const))
  }
  if (choice < 11) return yield* World.setTime(world, later(world))
  if (choice < 13) return yield* attempt(World.round)
  return yield* hear(world)
})

/** Nine of ten begin with a checkout, half of those that are paid are told at once. */
const begin = Effect.fnUntraced(function* (world: World.World, account: Account) {
  const { luck } = world
  if (luck.below(10) === 0) return
  yield* attempt(open(account, luck.below(6) === 0 ? "once" : "metered", world))
  // A second tab.
  if (luck.below(5) === 0) yield* attempt(open(account, "metered", world))
  const linked = yield* calm(
    world,
    Effect.flatMap(BillingBook, (book) => book.linked(account.accountId))
  )
  if (Option.isNone(linked)) return
  atStripe(world, linked.value.customerId)
  for (let count = luck.below(6); count > 0; count--) yield* hear(world)
  for (let count = luck.below(3); count > 0; count--) {
    yield* World.use(account, 1 + luck.below(2_000), luck.oneOf(["used", "less"] as const))
    yield* World.setTime(world, world.nowMillis + luck.below(180) * minuteMillis)
  }
  yield* attempt(World.round)
})

/** Lives it, and holds what has become of it to what Stripe has. Answers what would be told of it if it went wrong. */
export const live = Effect.fnUntraced(function* (world: World.World) {
  yield* World.setTime(world, world.nowMillis)
  const account = yield* World.newAccount
  world.crashesPerMille = 25
  let tendedMillis = world.nowMillis
  yield* begin(world, account)
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
  // What was sent after its month was final stays told: a person has to add it to an invoice.
  const differences = (yield* Reconciling.reconcile()).filter(({ kind }) => kind !== "uninvoiced")
  assert.deepStrictEqual(differences, [], "a second look finds nothing else")
  yield* holds(world, account)
})

const holds = Effect.fnUntraced(function* (world: World.World, account: Account) {
  const linked = yield* (yield* BillingBook).linked(account.accountId)
  const { tier } = yield* World.accountNow(account)
  if (Option.isNone(linked)) return assert.strictEqual(tier, "free")
  const { customerId } = linked.value
  const { invoices, meterEvents, sessions, subscriptions } = world.standIn.state
  const own = Object.values(subscriptions).filter(
    ({ customer, status }) => customer === customerId && status !== "canceled"
  )
  const paid = Object.values(sessions).filter(
    ({ customer, mode, status }) => customer === customerId && mode === "payment" && status === "complete"
  )
  assert.isAtMost(own.length, 1, "one subscription at most")
  const owing = Object.values(invoices)
    .filter(
      (one) => one.status === "open" && one.attempted && one.parent?.subscription_details.subscription === own[0]?.id
    )
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
