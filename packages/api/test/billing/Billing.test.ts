/** What billing promises, each alone: who is believed, when a plan begins and ends, and that every cent is told once. */
import { assert, it } from "@effect/vitest"
import * as BillingWork from "@kalshibook/api/billing/BillingWork"
import * as CheckoutPages from "@kalshibook/api/billing/CheckoutPages"
import * as ClosingSubscription from "@kalshibook/api/billing/ClosingSubscription"
import * as Customers from "@kalshibook/api/billing/Customers"
import * as MeterSending from "@kalshibook/api/billing/MeterSending"
import * as Reconciling from "@kalshibook/api/billing/Reconciling"
import * as StripeCatalogue from "@kalshibook/api/billing/StripeCatalogue"
import { StripeClient, StripeFailed } from "@kalshibook/api/billing/StripeClient"
import * as Webhooks from "@kalshibook/api/billing/Webhooks"
import { type PlanItem, payAsYouGo, planItems } from "@kalshibook/core/contract/PlanItems"
import { type Account, Accounts } from "@kalshibook/store/Accounts"
import { AccountsState } from "@kalshibook/store/AccountsState"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import { Ledger } from "@kalshibook/store/Ledger"
import * as Checkout from "@kalshibook/stripe-stand-in/Checkout"
import { cancelling } from "@kalshibook/stripe-stand-in/CustomerEndpoints"
import * as Invoices from "@kalshibook/stripe-stand-in/Invoices"
import * as Signature from "@kalshibook/stripe-stand-in/Signature"
import type { State } from "@kalshibook/stripe-stand-in/StandInState"
import { Effect, Exit, Layer, Logger, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Luck from "../stream/Luck.ts"
import * as World from "./World.ts"

const stores = Layer.mergeAll(
  Accounts.layerMemory,
  AccountsState.layer,
  Ledger.layerMemory,
  BillingBook.layerMemory,
  MeterOutbox.layerMemory
)

type Services = AccountsState | Accounts | BillingBook | Ledger | MeterOutbox | StripeClient

const [packageOf4000] = planItems.filter(({ credits }) => credits === 4_000)
const [dayMillis, monthEndMillis] = [86_400_000, Date.UTC(2026, 11, 1)]

let sold: State | undefined

/** A test in a world of its own, with an account that has bought nothing. */
const promise = <E>(title: string, body: (world: World.World, account: Account) => Effect.Effect<void, E, Services>) =>
  it.effect(title, () =>
    Effect.gen(function* () {
      sold ??= (yield* World.catalogue).state
      const world = World.newWorld(Luck.make(1), sold)
      yield* World.setTime(world, world.nowMillis).pipe(
        Effect.andThen(World.newAccount),
        Effect.flatMap((account) => body(world, account)),
        Effect.provide(Layer.provideMerge(World.layer(world), stores))
      )
    }).pipe(Effect.provide(Logger.layer([])))
  )

/** Opens a checkout; paying is another step. */
const open = Effect.fnUntraced(function* (world: World.World, account: Account, item: PlanItem = payAsYouGo) {
  const linked = yield* Customers.ofAccount(account)
  yield* CheckoutPages.checkout(linked, item, "http://127.0.0.1:1/billing")
  const session = Object.values(world.standIn.state.sessions).at(-1)
  return session ?? (yield* Effect.die("no session"))
})

const pay = Effect.fnUntraced(function* (
  world: World.World,
  account: Account,
  { card = "good", item = payAsYouGo }: { readonly card?: "good" | "later"; readonly item?: PlanItem } = {}
) {
  Checkout.complete(world.standIn, yield* open(world, account, item), card)
})

const tierNow = (account: Account) => Effect.map(World.accountNow(account), ({ tier }) => tier)

const subscriptionOf = ({ standIn }: World.World) => {
  const [subscription] = Object.values(standIn.state.subscriptions)
  if (subscription === undefined) throw new Error("no subscription")
  return subscription
}

promise("a plan begins when a webhook says so, not when somebody comes back from the page", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account)
    assert.strictEqual(yield* tierNow(account), "free")
    yield* World.deliverAll(world)
    assert.strictEqual(yield* tierNow(account), "payg")
    const subscription = subscriptionOf(world)
    assert.strictEqual(subscription.items.data[0]?.current_period_end, monthEndMillis / 1_000)
    const again = yield* Effect.flip(open(world, account))
    assert.strictEqual(again._tag, "Subscribed")
  })
)

promise("a webhook is believed only with a signature of ours over these bytes, of now", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account)
    const event = world.queue.at(-1)
    const payload = JSON.stringify(event)
    const bytes = new TextEncoder().encode(payload)
    const nowSeconds = Math.floor(world.nowMillis / 1_000)
    const forged = [
      "",
      "t=1,v1=0",
      `t=${nowSeconds},v1=${"0".repeat(64)}`,
      Signature.header(payload, "whsec_of_another", nowSeconds),
      Signature.header(`${payload} `, World.secret, nowSeconds),
      Signature.header(payload, World.secret, nowSeconds - 301),
      Signature.header(payload, World.secret, nowSeconds).replace(/^t=\d+/, `t=${nowSeconds - 1}`)
    ]
    for (const header of forged) {
      const refused = yield* Effect.flip(Webhooks.take(bytes, header))
      assert.strictEqual(refused._tag, "WebhookForged", header)
    }
    assert.strictEqual(yield* tierNow(account), "free")
    // Two secrets count while one replaces the other.
    assert.strictEqual(yield* Webhooks.take(bytes, Signature.header(payload, "whsec_new", nowSeconds)), "kept")
    assert.strictEqual(yield* Webhooks.take(bytes, Signature.header(payload, World.secret, nowSeconds)), "repeated")
    assert.strictEqual(yield* tierNow(account), "payg")
  })
)

promise("an event of long ago, told last, sets nothing back", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account)
    const begun = world.queue.find(({ type }) => type === "customer.subscription.created")
    yield* World.deliverAll(world)
    cancelling(world.standIn, subscriptionOf(world), true)
    yield* World.setTime(world, monthEndMillis + 2 * 3_600_000)
    yield* World.deliverAll(world)
    assert.strictEqual(yield* tierNow(account), "free")
    if (begun !== undefined) yield* World.deliver(world, { ...begun, id: "evt_told_by_another_name" })
    assert.strictEqual(yield* tierNow(account), "free")
  })
)

promise("an answer to an earlier question does not replace the answer to a later one", (_, account) =>
  Effect.gen(function* () {
    const book = yield* BillingBook
    yield* Customers.ofAccount(account)
    const { accountId } = account
    const [earlier, later] = [yield* book.claim(accountId), yield* book.claim(accountId)]
    const facts = { accountId, purchases: [], eventId: null, nowMicros: World.beginMillis * 1_000 }
    const active = {
      subscriptionId: "sub",
      status: "active",
      createdMicros: 1,
      periodStartMicros: 1,
      periodEndMicros: 2,
      cancelMicros: null,
      owingMicros: null
    } as const
    assert.strictEqual((yield* book.keep({ ...facts, claim: later, subscriptions: [active] })).tier, "payg")
    assert.strictEqual((yield* book.keep({ ...facts, claim: earlier, subscriptions: [] })).tier, "payg")
    assert.deepStrictEqual(yield* book.subscriptions(accountId), [active])
  })
)

promise("an invoice that is not paid leaves a week, then the plan is gone until it is paid", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account, { card: "later" })
    yield* World.deliverAll(world)
    yield* World.use(account, 500)
    yield* World.use(account, 1_000)
    yield* World.setTime(world, monthEndMillis - 3_600_000)
    yield* World.round
    const dueMillis = monthEndMillis + 3_600_000
    yield* World.setTime(world, dueMillis + 1_000)
    yield* World.deliverAll(world)
    assert.strictEqual(subscriptionOf(world).status, "past_due")
    assert.strictEqual(yield* tierNow(account), "payg")
    const book = yield* BillingBook
    yield* World.setTime(world, dueMillis + 7 * dayMillis - 1_000)
    assert.deepStrictEqual(yield* book.lapse(world.nowMillis * 1_000), [])
    yield* World.setTime(world, dueMillis + 7 * dayMillis)
    assert.deepStrictEqual(yield* book.lapse(world.nowMillis * 1_000), [account.accountId])
    assert.strictEqual(yield* tierNow(account), "free")
    const owing = yield* Effect.flip(open(world, account))
    assert.strictEqual(owing._tag, "Owing")
    const { cards, invoices } = world.standIn.state
    const bill = Object.values(invoices).find(({ status }) => status === "open")
    cards[bill?.customer ?? ""] = "good"
    if (bill !== undefined) Invoices.charge(world.standIn, bill)
    yield* World.deliverAll(world)
    assert.strictEqual(yield* tierNow(account), "payg")
  })
)

promise("a page opens also where Stripe's clock is some minutes from ours", (world, account) =>
  Effect.gen(function* () {
    const items = planItems.filter(({ kind }) => kind === "once").concat(payAsYouGo)
    for (const aheadMillis of [-120_000, -1_000, 0, 30_000]) {
      world.nowMillis = World.beginMillis + aheadMillis
      for (const item of items) assert.strictEqual((yield* open(world, account, item)).status, "open")
    }
  })
)

promise("a cancelled plan ends with its month, also when no webhook says so", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account)
    cancelling(world.standIn, subscriptionOf(world), true)
    yield* World.deliverAll(world)
    const book = yield* BillingBook
    assert.deepStrictEqual(yield* book.lapse(monthEndMillis * 1_000 - 1), [])
    assert.strictEqual(yield* tierNow(account), "payg")
    assert.deepStrictEqual(yield* book.lapse(monthEndMillis * 1_000), [account.accountId])
    assert.strictEqual(yield* tierNow(account), "free")
  })
)

promise("a package is added once, however often it is told, and the account is of the tier project", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account, packageOf4000 === undefined ? {} : { item: packageOf4000 })
    const told = [...world.queue]
    yield* World.deliverAll(world)
    for (const event of told) yield* World.deliver(world, { ...event, id: `${event.id}_again` })
    const terms = { creditsMonthly: 0, isPostpaid: false, capCredits: null }
    assert.strictEqual((yield* (yield* Ledger).balance(account.accountId, terms)).boughtLeft, 4_000)
    assert.strictEqual(yield* tierNow(account), "project")
  })
)

promise("of two checkouts that are both paid one subscription stays, the older", (world, account) =>
  Effect.gen(function* () {
    const session = yield* open(world, account)
    Checkout.complete(world.standIn, session, "good")
    yield* World.setTime(world, world.nowMillis + 1_000)
    // As if the first page had not been closed in time.
    const second = { ...session, id: "cs_second", status: "open" } as const
    const wish = world.standIn.state.wishes[session.id]
    if (wish !== undefined) world.standIn.state.wishes[second.id] = wish
    world.standIn.state.sessions[second.id] = second
    Checkout.complete(world.standIn, second, "good")
    yield* World.deliverAll(world)
    const [first, other] = Object.values(world.standIn.state.subscriptions)
    assert.deepStrictEqual([first?.status, other?.status], ["active", "canceled"])
    assert.strictEqual(yield* tierNow(account), "payg")
  })
)

promise(
  "the invoice of a month has what the ledger has, to the credit, and a cancelled plan ends with it",
  (world, account) =>
    Effect.gen(function* () {
      // The free credits of the month are used up before anything goes on account.
      yield* World.use(account, 900)
      yield* pay(world, account)
      yield* World.deliverAll(world)
      yield* World.use(account, 300, "less")
      yield* World.use(account, 50, "held")
      yield* World.setTime(world, world.nowMillis + dayMillis)
      yield* World.use(account, 77)
      cancelling(world.standIn, subscriptionOf(world), true)
      yield* World.setTime(world, monthEndMillis - 60_000)
      yield* World.use(account, 1)
      const outbox = yield* MeterOutbox
      const onAccount = yield* outbox.onAccount(account.accountId, 0)
      assert.strictEqual(onAccount, 78)
      for (let minute = 0; minute < 12; minute++) {
        yield* World.setTime(world, monthEndMillis + minute * 60_000)
        yield* World.round
      }
      assert.deepStrictEqual(yield* outbox.waiting(10), [])
      yield* World.setTime(world, monthEndMillis + 3_600_000)
      const bill = Object.values(world.standIn.state.invoices).at(-1)
      assert.deepInclude(bill, { status: "paid", total: 62, billing_reason: "subscription_cycle" })
      yield* World.deliverAll(world)
      assert.strictEqual(yield* tierNow(account), "free")
      assert.deepStrictEqual(yield* Reconciling.reconcile(), [])
    })
)

promise("use whose answer was lost is not told twice, the same day or weeks later", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account)
    yield* World.deliverAll(world)
    const outbox = yield* MeterOutbox
    for (const pauseMillis of [60_000, 2 * dayMillis]) {
      yield* World.use(account, 40)
      yield* World.setTime(world, world.nowMillis + 2 * 3_600_000)
      yield* MeterSending.fill()
      const [hour] = yield* outbox.waiting(10)
      if (hour === undefined) return yield* Effect.die("nothing waits")
      // It is sent, and the process dies before it can note that.
      yield* outbox.noteTried(hour, world.nowMillis * 1_000)
      const sent = { ...hour, triedMicros: world.nowMillis * 1_000 }
      yield* Effect.provideService(
        MeterSending.send(),
        MeterOutbox,
        MeterOutbox.of({ ...outbox, waiting: () => Effect.succeed([sent]), noteSent: () => Effect.die("crash") })
      ).pipe(Effect.exit)
      yield* World.setTime(world, world.nowMillis + pauseMillis)
      yield* MeterSending.send()
      assert.deepStrictEqual(yield* outbox.waiting(10), [])
    }
    const values = world.standIn.state.meterEvents.map(({ payload }) => payload["value"])
    assert.deepStrictEqual(values, ["40", "40"])
  })
)

promise("a night's look tells what differs, and makes good what a lost webhook should have said", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account)
    yield* pay(world, account, packageOf4000 === undefined ? {} : { item: packageOf4000 })
    world.queue.length = 0
    const lost = yield* Reconciling.reconcile()
    assert.sameMembers(
      lost.map(({ kind }) => kind),
      ["tier", "purchase", "subscription"]
    )
    assert.strictEqual(yield* tierNow(account), "payg")
    assert.deepStrictEqual(yield* Reconciling.reconcile(), [])
    yield* World.use(account, 6_000)
    yield* World.setTime(world, world.nowMillis + 2 * 3_600_000)
    yield* World.round
    assert.deepStrictEqual(yield* Reconciling.reconcile(), [])
    const [event] = world.standIn.state.meterEvents
    assert.strictEqual(event?.payload["value"], "2000")
    world.standIn.state.meterEvents.length = 0
    const [missing, ...more] = yield* Reconciling.reconcile()
    assert.deepStrictEqual([missing?.kind, more.length], ["meter", 0])
    assert.include(missing?.detail ?? "", "2000 credits were sent, Stripe counted 0")
  })
)

promise("without a meter a look fails as one that Stripe refused, and dies of nothing", (world, account) =>
  Effect.gen(function* () {
    yield* Customers.ofAccount(account)
    world.standIn.state.meters = {}
    const failed = yield* Effect.flip(StripeCatalogue.meterId)
    assert.deepInclude(failed, { _tag: "StripeFailed", reason: "refused", isRetryable: false })
  })
)

promise(
  "a customer about whom Stripe does not answer is a difference, and the others are looked at",
  (world, account) =>
    Effect.gen(function* () {
      const deleted = yield* Customers.ofAccount(yield* World.newAccount)
      yield* pay(world, account)
      yield* World.deliverAll(world)
      yield* World.use(account, 1_000)
      yield* World.use(account, 9)
      yield* World.setTime(world, world.nowMillis + 2 * 3_600_000)
      yield* World.round
      const book = yield* BillingBook
      const { ask, verified } = yield* StripeClient
      const failing = StripeClient.of({
        verified,
        ask: (operation, question) =>
          operation === "list subscriptions" && ++asked === 1
            ? Effect.fail(new StripeFailed({ operation, reason: "away", code: null, detail: "no answer" }))
            : ask(operation, question)
      })
      let asked = 0
      world.standIn.state.meterEvents.length = 0
      const found = yield* Effect.provideService(Reconciling.reconcile(), StripeClient, failing)
      const [first] = yield* book.all
      assert.strictEqual(first?.accountId, deleted.accountId)
      assert.deepStrictEqual(
        found.map(({ accountId, kind }) => [accountId, kind]),
        [
          [deleted.accountId, "unanswered"],
          [account.accountId, "meter"]
        ]
      )
      world.standIn.state.meters = {}
      assert.deepStrictEqual(
        (yield* Reconciling.reconcile()).map(({ accountId, kind }) => [accountId, kind]),
        [[account.accountId, "unanswered"]]
      )
    })
)

promise("use that was sent when its month's invoice was final is told, for it is in none", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account)
    yield* World.deliverAll(world)
    const toldWhenSent = Effect.fnUntraced(function* (endMillis: number, minutesLate: number) {
      yield* World.setTime(world, endMillis - 30 * 60_000)
      yield* World.use(account, 1_009)
      yield* World.setTime(world, endMillis + minutesLate * 60_000)
      yield* MeterSending.fill()
      yield* MeterSending.send()
      yield* Reconciling.reconcile()
      return (yield* Reconciling.reconcile()).map(({ kind }) => kind)
    })
    assert.deepStrictEqual(yield* toldWhenSent(monthEndMillis, 59), [])
    assert.deepStrictEqual(yield* toldWhenSent(Date.UTC(2027, 0, 1), 60), ["uninvoiced"])
  })
)

promise("use that Stripe will not take any more is told as a difference, not sent again for ever", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account)
    yield* World.deliverAll(world)
    yield* World.use(account, 1_000)
    yield* World.use(account, 9)
    yield* World.setTime(world, world.nowMillis + 3 * 3_600_000)
    yield* MeterSending.fill()
    const [waiting] = yield* Reconciling.reconcile()
    assert.strictEqual(waiting, undefined)
    yield* World.setTime(world, world.nowMillis + 33 * dayMillis)
    const late = yield* Reconciling.reconcile()
    assert.includeMembers(
      late.map(({ kind }) => kind),
      ["unsent"]
    )
    yield* World.setTime(world, world.nowMillis + 3 * dayMillis)
    yield* MeterSending.send()
    assert.deepStrictEqual(yield* (yield* MeterOutbox).waiting(10), [])
    assert.deepStrictEqual(world.standIn.state.meterEvents, [])
  })
)

promise("an account by contract keeps its tier, whatever its customer buys", (world, account) =>
  Effect.gen(function* () {
    yield* pay(world, account)
    yield* (yield* Accounts).change(account.accountId, { tier: "enterprise" })
    yield* World.deliverAll(world)
    assert.strictEqual(yield* tierNow(account), "enterprise")
  })
)

promise(
  "a plan that an operator gave outlasts a checkout that nobody pays, and a package that is paid",
  (world, account) =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      for (const tier of ["project", "payg"] as const) {
        yield* accounts.change(account.accountId, { tier })
        yield* open(world, account)
        assert.strictEqual(yield* tierNow(account), tier)
      }
      yield* pay(world, account, packageOf4000 === undefined ? {} : { item: packageOf4000 })
      yield* World.deliverAll(world)
      assert.strictEqual(yield* tierNow(account), "payg")
    })
)

promise("credits that an operator sold count as bought when a subscription ends", (world, account) =>
  Effect.gen(function* () {
    yield* (yield* Accounts).buy(account.accountId, 100, "a transfer to the bank")
    yield* pay(world, account)
    yield* World.deliverAll(world)
    assert.strictEqual(yield* tierNow(account), "payg")
    cancelling(world.standIn, subscriptionOf(world), true)
    yield* World.setTime(world, monthEndMillis + 2 * 3_600_000)
    yield* World.deliverAll(world)
    assert.strictEqual(yield* tierNow(account), "project")
  })
)

promise("a fault in a round is that round's: billing goes on a minute later, until it is stopped", (_world, account) =>
  Effect.gen(function* () {
    yield* Customers.ofAccount(account)
    const outbox = yield* MeterOutbox
    let rounds = 0
    const faulty = MeterOutbox.of({
      ...outbox,
      waiting: (eventsMax) => (++rounds === 1 ? Effect.die("a fault") : outbox.waiting(eventsMax))
    })
    yield* Effect.scoped(
      Layer.build(Layer.fresh(BillingWork.layer)).pipe(
        Effect.andThen(TestClock.adjust("2 minutes")),
        Effect.provideService(MeterOutbox, faulty)
      )
    )
    assert.strictEqual(rounds, 3)
    yield* TestClock.adjust("2 minutes")
    assert.strictEqual(rounds, 3)
  })
)

promise("an account that is deleted is billed what it used until then, and nothing after the month", (world, account) =>
  Effect.gen(function* () {
    yield* ClosingSubscription.close(account.accountId)
    yield* pay(world, account)
    yield* World.deliverAll(world)
    yield* World.use(account, 1_000)
    for (let time = 0; time < 2; time++) yield* ClosingSubscription.close(account.accountId)
    assert.isTrue(subscriptionOf(world).cancel_at_period_end)
    const [customer] = Object.values(world.standIn.state.customers)
    assert.strictEqual(customer?.name, `closed ${account.accountId}`)
    yield* World.setTime(world, world.nowMillis + dayMillis)
    yield* World.round
    yield* World.setTime(world, monthEndMillis + 2 * 3_600_000)
    assert.strictEqual(subscriptionOf(world).status, "canceled")
    assert.deepInclude(Object.values(world.standIn.state.invoices).at(-1), { status: "paid", total: 800 })
  })
)

promise(
  "an account that is deleted leaves no page that could be paid, and may be gone at Stripe already",
  (world, account) =>
    Effect.gen(function* () {
      yield* open(world, account)
      yield* open(world, account, packageOf4000)
      yield* ClosingSubscription.close(account.accountId)
      assert.deepStrictEqual(
        Object.values(world.standIn.state.sessions).map(({ mode, status }) => [mode, status]),
        [
          ["subscription", "expired"],
          ["payment", "expired"]
        ]
      )
      world.standIn.state.customers = {}
      yield* ClosingSubscription.close(account.accountId)
    })
)

promise("a subscription that was paid while the account was deleted ends with the month", (world, account) =>
  Effect.gen(function* () {
    const session = yield* open(world, account)
    ;(yield* AccountsState).closed.add(account.accountId)
    Checkout.complete(world.standIn, session, "good")
    yield* World.deliverAll(world)
    assert.isTrue(subscriptionOf(world).cancel_at_period_end)
  })
)

promise("asking twice for a customer makes one, also when the process died in between", (world, account) =>
  Effect.gen(function* () {
    const book = yield* BillingBook
    const dies = BillingBook.of({ ...book, link: () => Effect.die("crash") })
    const exit = yield* Effect.exit(Effect.provideService(Customers.ofAccount(account), BillingBook, dies))
    assert.isTrue(Exit.isFailure(exit))
    const linked = yield* Customers.ofAccount(account)
    assert.deepStrictEqual(Object.keys(world.standIn.state.customers), [linked.customerId])
    assert.isTrue(Option.isSome(yield* book.ofCustomer(linked.customerId)))
  })
)
