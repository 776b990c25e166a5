import { assert, describe, it } from "@effect/vitest"
import * as CreditBalance from "@kalshibook/core/CreditBalance"
import * as fc from "fast-check"
import { propertyRuns } from "./PropertyRuns.ts"

const act = fc.oneof(
  fc.record({ kind: fc.constant("hold" as const), credits: fc.nat(30) }),
  fc.record({ kind: fc.constant("settle" as const), which: fc.nat(10), used: fc.nat(40) }),
  fc.record({ kind: fc.constant("buy" as const), credits: fc.nat(50) })
)

/** The beginning of a month, counted from 0. */
const micros = (year: number, month: number, day = 1): number => Date.UTC(year, month, day) * 1_000

describe("a balance", () => {
  it("always adds up: what came is left, held or used; and it is never overdrawn nor beyond its cap", () => {
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 60 }),
        fc.boolean(),
        fc.option(fc.nat(200)),
        (acts, isPostpaid, capCredits) => {
          const terms = { creditsMonthly: 100, isPostpaid, capCredits }
          let balance = CreditBalance.inMonth(CreditBalance.empty, micros(1970, 7), terms.creditsMonthly)
          let came = 100
          const held: Array<CreditBalance.Sources> = []
          let onAccount = 0
          for (const one of acts) {
            if (one.kind === "buy") {
              balance = { ...balance, boughtLeft: balance.boughtLeft + one.credits }
              came += one.credits
            } else if (one.kind === "hold") {
              const tried = CreditBalance.hold(balance, terms, one.credits)
              if (tried._tag !== "held") continue
              balance = tried.balance
              held.push(tried.sources)
              onAccount += tried.sources.onAccount
            } else {
              const [sources] = held.splice(one.which, 1)
              if (sources === undefined) continue
              const before = balance
              balance = CreditBalance.settle(balance, sources, 7, one.used)
              const sum = sources.grant + sources.bought + sources.onAccount
              const used = balance.monthUsed - before.monthUsed
              assert.strictEqual(used, Math.min(one.used, sum))
              onAccount -= Math.min(sources.onAccount, sum - used)
            }
            assert.strictEqual(
              came + onAccount,
              balance.grantLeft + balance.boughtLeft + balance.monthHeld + balance.monthUsed
            )
            assert.isAtLeast(Math.min(balance.grantLeft, balance.boughtLeft, balance.monthHeld), 0)
            if (!isPostpaid) assert.strictEqual(onAccount, 0)
            if (capCredits !== null) assert.isAtMost(balance.monthHeld + balance.monthUsed, capCredits)
          }
        }
      ),
      propertyRuns(300)
    )
  })

  it("begins each month with its grant and keeps what was bought; a hold of the month before gives back only that", () => {
    const terms = { creditsMonthly: 10, isPostpaid: false, capCredits: null }
    const before = { ...CreditBalance.inMonth(CreditBalance.empty, micros(1970, 1), 10), boughtLeft: 5 }
    const held = CreditBalance.hold(before, terms, 12)
    if (held._tag !== "held") return assert.fail(held._tag)
    const next = CreditBalance.inMonth(held.balance, micros(1970, 2), 10)
    assert.deepStrictEqual(next, {
      month: 2,
      monthCredits: 10,
      grantLeft: 10,
      boughtLeft: 3,
      monthUsed: 0,
      monthHeld: 0
    })
    assert.deepStrictEqual(CreditBalance.settle(next, held.sources, 1, 0), { ...next, boughtLeft: 5 })
    assert.strictEqual(CreditBalance.monthOf(1_795_269_600_000_000), (2026 - 1970) * 12 + 10)
  })

  it("has what a better tier gives at once, for what is left of the month, once; and loses nothing to a lesser one", () => {
    const middle = micros(2026, 10, 16)
    const small = CreditBalance.inMonth(CreditBalance.empty, micros(2026, 10, 2), 1_000)
    const better = CreditBalance.inMonth(small, middle, 4_000)
    assert.deepStrictEqual(better, { ...small, monthCredits: 4_000, grantLeft: 2_500 })
    const back = CreditBalance.inMonth(CreditBalance.inMonth(better, middle, 1_000), middle, 4_000)
    assert.deepStrictEqual(back, better)
    assert.strictEqual(CreditBalance.inMonth(back, micros(2026, 11), 1_000).grantLeft, 1_000)
  })
})
