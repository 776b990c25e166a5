import { assert, layer } from "@effect/vitest"
import type { Caller } from "@kalshibook/api/Caller"
import * as CallerTerms from "@kalshibook/api/CallerTerms"
import { StreamMeters, type StreamOpening } from "@kalshibook/api/StreamMeter"
import { type Terms, tierOf } from "@kalshibook/core/contract/Pricing"
import { Ledger } from "@kalshibook/store/Ledger"
import { Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"

let made = 0

/** Somebody with so many credits, and a request. */
const customer = (creditsMonthly: number, own: { readonly capCredits?: number; readonly terms?: Terms } = {}) => {
  const accountId = globalThis.crypto.randomUUID()
  const terms = { creditsMonthly, ...own.terms }
  const caller: Caller = {
    account: { accountId, name: accountId, tier: "free", terms, capCredits: null },
    tier: tierOf("free", terms),
    scopes: ["stream"],
    name: "0123456789",
    title: "the key",
    bounds: { requestsPerSecond: null, connections: null, capCredits: own.capCredits ?? null, expiresMicros: null },
    authentication: { _tag: "member", person: { userId: "ada", email: "ada@example.com" }, role: "owner" }
  }
  return { caller: () => caller, requestId: `req_${++made}` }
}

const balanceOf = Effect.fnUntraced(function* ({ caller }: Pick<StreamOpening, "caller">) {
  const { accountId, terms } = CallerTerms.callOf(caller())
  return yield* (yield* Ledger).balance(accountId, terms)
})

const usageOf = Effect.fnUntraced(function* ({ caller }: Pick<StreamOpening, "caller">) {
  const range = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }
  const rows = yield* (yield* Ledger).usage(caller().account.accountId, range)
  return rows.map(({ calls, credits, endpoint, rows }) => [endpoint, calls, credits, rows])
})

layer(Layer.provideMerge(StreamMeters.layer, Ledger.layerMemory))("what a stream costs", (it) => {
  it.effect("is one credit for so many records, whatever the batches, and is one call in the usage", () =>
    Effect.gen(function* () {
      const asked = customer(1_000)
      const scope = yield* Scope.make()
      const meter = yield* Scope.provide((yield* StreamMeters).open(asked), scope)
      assert.deepInclude(yield* balanceOf(asked), { monthHeld: 4, monthUsed: 0 })
      let delivered = 0
      for (let second = 0; second < 30; second++) {
        delivered += meter.take(700)
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(delivered, 21_000)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(meter.creditsUsed(), 9)
      assert.deepInclude(yield* balanceOf(asked), { monthUsed: 9, monthHeld: 0, grantLeft: 991 })
      assert.deepStrictEqual(yield* usageOf(asked), [["openStream", 1, 9, 21_000]])
    })
  )

  it.effect("is nothing for a stream on which nothing happens, also where it lasts for longer than a hold", () =>
    Effect.gen(function* () {
      const asked = customer(10)
      const scope = yield* Scope.make()
      const meter = yield* Scope.provide((yield* StreamMeters).open(asked), scope)
      yield* TestClock.adjust("6 minutes")
      assert.strictEqual(meter.take(1), 1)
      yield* TestClock.adjust("6 minutes")
      // One credit was begun; what is left of it is enough.
      assert.deepInclude(yield* balanceOf(asked), { monthUsed: 1, monthHeld: 0 })
      assert.strictEqual(meter.take(2_000), 2_000)
      yield* Scope.close(scope, Exit.void)
      assert.deepInclude(yield* balanceOf(asked), { monthUsed: 1, monthHeld: 0 })
      assert.deepStrictEqual(yield* usageOf(asked), [["openStream", 1, 1, 2_001]])
    })
  )

  it.effect("is asked for at most once a second, however fast it is read, for as much as it needs soon", () =>
    Effect.gen(function* () {
      const asked = customer(100_000)
      const meter = yield* (yield* StreamMeters).open(asked)
      const perSecond: Array<number> = []
      for (let second = 0; second < 8; second++) {
        let granted = 0
        for (let step = 0; step < 100; step++) granted += meter.take(1_000)
        assert.strictEqual(meter.take(0), 0)
        perSecond.push(granted)
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(perSecond[0], 10_000)
      assert.strictEqual(perSecond.at(-1), 100_000)
    }).pipe(Effect.scoped)
  )

  it.effect("ends it when there are no credits for another record, after the last that were there", () =>
    Effect.gen(function* () {
      const asked = customer(3)
      const meter = yield* (yield* StreamMeters).open(asked)
      assert.strictEqual(meter.take(10_000), 5_000, "of four credits the half, when there are not four")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(meter.take(10_000), 2_500)
      const ending = yield* Effect.forkChild(Effect.flip(meter.more), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(ending), { _tag: "StreamUnpaid", verdict: "exhausted", creditsUsed: 3 })
      assert.strictEqual(meter.take(1), 0)
      const capped = yield* (yield* StreamMeters).open(customer(1_000, { capCredits: 1 }))
      assert.strictEqual(capped.take(10_000), 2_500)
      const endingToo = yield* Effect.forkChild(Effect.flip(capped.more), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      assert.deepInclude(yield* Fiber.join(endingToo), { verdict: "key_capped" })
    }).pipe(Effect.scoped)
  )

  it.effect("goes by the plan and the caps of the moment: what was bought goes on, a lower cap ends it", () =>
    Effect.gen(function* () {
      const asked = customer(2)
      let { caller } = asked
      const meter = yield* (yield* StreamMeters).open({ ...asked, caller: () => caller() })
      assert.strictEqual(meter.take(10_000), 5_000)
      const waiting = yield* Effect.forkChild(meter.more, { startImmediately: true })
      const { account, ...free } = asked.caller()
      const payg = { ...free, account: { ...account, tier: "payg" as const }, tier: tierOf("payg", {}) }
      caller = () => payg
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(waiting)
      assert.isAbove(meter.take(10_000), 0)
      caller = () => ({ ...payg, account: { ...payg.account, capCredits: meter.creditsUsed() } })
      const ending = yield* Effect.forkChild(
        Effect.flip(
          Effect.forever(
            Effect.andThen(
              meter.more,
              Effect.sync(() => meter.take(10_000))
            )
          )
        ),
        { startImmediately: true }
      )
      yield* TestClock.adjust("4 seconds")
      assert.deepInclude(yield* Fiber.join(ending), { verdict: "capped" })
    }).pipe(Effect.scoped)
  )

  it.effect("is nothing for what was granted and given back, and is asked for seldom while it lives on its rest", () =>
    Effect.gen(function* () {
      const asked = customer(1)
      let admissions = 0
      const ledger = yield* Ledger
      const counting = Layer.succeed(Ledger, {
        ...ledger,
        admit: (call) =>
          Effect.suspend(() => {
            admissions++
            return ledger.admit(call)
          })
      })
      const built = yield* Layer.build(Layer.fresh(StreamMeters.layer).pipe(Layer.provide(counting)))
      const scope = yield* Scope.make()
      const meter = yield* Scope.provide(Context.get(built, StreamMeters).open(asked), scope)
      assert.strictEqual(meter.take(2_000), 2_000)
      yield* TestClock.adjust("2 seconds")
      const before = admissions
      yield* TestClock.adjust("1 minute")
      assert.isAtMost(admissions - before, 4)
      assert.strictEqual(meter.take(400), 400)
      meter.giveBack(300)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* usageOf(asked), [["openStream", 1, 1, 2_100]])
    }).pipe(Effect.scoped)
  )

  it.effect("is refused at the beginning without a credit, or when too much is opened", () =>
    Effect.gen(function* () {
      const meters = yield* StreamMeters
      assert.deepInclude(yield* Effect.flip(meters.open(customer(0))), { verdict: "exhausted" })
      const asked = customer(100, { terms: { burst: 1, requestsPerSecond: 1 } })
      yield* meters.open(asked)
      const refused = yield* Effect.flip(meters.open({ ...asked, requestId: `req_${++made}` }))
      assert.deepInclude(refused, { verdict: "rate_limited", waitMicros: 1_000_000 })
    }).pipe(Effect.scoped)
  )

  it.effect("loses at most the batch that was held when its node dies, in the customer's favour", () =>
    Effect.gen(function* () {
      const asked = customer(1_000)
      const ledger = yield* Ledger
      /** A node whose settlements never arrive from some moment on. */
      let isDead = false
      const dying = Layer.succeed(Ledger, {
        ...ledger,
        admit: (call) => (isDead ? Effect.never : ledger.admit(call)),
        settle: (outcome) => (isDead ? Effect.never : ledger.settle(outcome)),
        charge: (charge) => (isDead ? Effect.never : ledger.charge(charge))
      })
      const built = yield* Layer.build(Layer.fresh(StreamMeters.layer).pipe(Layer.provide(dying)))
      const meter = yield* Context.get(built, StreamMeters).open(asked)
      for (let second = 0; second < 10; second++) {
        meter.take(5_000)
        yield* TestClock.adjust("1 second")
      }
      isDead = true
      meter.take(5_000)
      const before = yield* balanceOf(asked)
      yield* TestClock.adjust("10 minutes")
      const after = yield* balanceOf(asked)
      assert.strictEqual(after.monthHeld, 0)
      assert.strictEqual(after.monthUsed, before.monthUsed)
      assert.isAtLeast(after.monthUsed, meter.creditsUsed() - before.monthHeld)
      assert.isAtMost(after.monthUsed, meter.creditsUsed())
      // Its fibers wait for ever.
      yield* Effect.sync(() => (isDead = false))
    }).pipe(Effect.scoped)
  )
})
