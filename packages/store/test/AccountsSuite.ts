/** What accounts, keys and ledger promise. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import * as ApiKeyText from "@kalshibook/core/contract/ApiKeyText"
import type { TierName } from "@kalshibook/core/contract/Pricing"
import { Accounts } from "@kalshibook/store/Accounts"
import { hash, isEqual, Pepper, pepperId } from "@kalshibook/store/KeyHash"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger, type LedgerCall } from "@kalshibook/store/Ledger"
import { Effect, Layer, Option, Redacted } from "effect"

export const pepper = Redacted.make("a pepper of thirty-two characters")
export const pepperLayer = Layer.succeed(Pepper, pepper)

let drawn = 0
/** A name that nothing else has. */
export const fresh = (name: string): string => `${name} ${process.pid} ${++drawn}`

export const newAccount = (tier: TierName = "free") =>
  Effect.flatMap(Accounts, (accounts) => accounts.create({ name: fresh("account"), tier }))

/** A call of one credit, by default, from buckets that never run dry. */
export const call = (accountId: string, facts: Partial<LedgerCall> = {}): LedgerCall => ({
  requestId: fresh("request"),
  accountId,
  prefix: "0123456789",
  endpoint: "books.at",
  question: null,
  creditsMax: 1,
  cost: 1,
  buckets: [{ name: accountId, perSecond: 1_000_000, burst: 1_000_000 }],
  terms: { creditsMonthly: 100, isPostpaid: false, capCredits: null },
  keyCapCredits: null,
  ...facts
})

export const used = ({ accountId, requestId }: LedgerCall, credits: number) =>
  ({ accountId, requestId, state: "used", credits, rows: credits * 10 }) as const

const always = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }

export const accountsSuite = (it: Vitest.MethodsNonLive<Accounts | Keys | Ledger>): void => {
  it.effect("an account is found by its name, which is taken once, and can be moved to another tier and capped", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      const account = yield* newAccount()
      assert.deepStrictEqual(yield* accounts.find(account.name), Option.some(account))
      const taken = yield* Effect.flip(accounts.create({ name: account.name, tier: "free" }))
      assert.strictEqual(taken._tag, "AccountTaken")
      const change = { tier: "payg", capCredits: 50, terms: { burst: 7 } } as const
      assert.deepStrictEqual(yield* accounts.change(account.accountId, change), Option.some({ ...account, ...change }))
      const uncapped = yield* accounts.change(account.accountId, { capCredits: null })
      assert.deepStrictEqual(Option.getOrThrow(uncapped), { ...account, ...change, capCredits: null })
      assert.isTrue(Option.isNone(yield* accounts.change(globalThis.crypto.randomUUID(), change)))
    })
  )

  it.effect("a key is told once, and known again by its hash alone", () =>
    Effect.gen(function* () {
      const keys = yield* Keys
      const account = yield* newAccount()
      const { key, record } = yield* keys.create({ accountId: account.accountId, name: "first", scopes: ["read"] })
      const text = Redacted.value(key)
      assert.match(text, /^kb_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{39}$/)
      assert.deepStrictEqual(ApiKeyText.prefixOf(text), Option.some(record.prefix))
      const found = Option.getOrThrow(yield* keys.find(record.prefix))
      assert.deepStrictEqual(found.record, record)
      assert.deepStrictEqual(found.account, account)
      assert.isTrue(isEqual(found.hash, hash(pepper, text)))
      assert.strictEqual(found.record.pepperId, pepperId(pepper))
      assert.notInclude(JSON.stringify(found), text.slice(20))
      assert.isTrue(Option.isNone(yield* keys.find("0000000000")))
    })
  )

  it.effect("a key is replaced with an overlap, and revoked, by its own account alone", () =>
    Effect.gen(function* () {
      const keys = yield* Keys
      const [one, other] = [yield* newAccount(), yield* newAccount()]
      const first = yield* keys.create({
        accountId: one.accountId,
        name: "k",
        scopes: ["read", "stream"],
        capCredits: 9,
        maker: { _tag: "member", userId: globalThis.crypto.randomUUID(), email: "ada@example.com" }
      })
      const { prefix } = first.record
      assert.isTrue(Option.isNone(yield* keys.rotate(other.accountId, prefix, 0, null)))
      assert.isFalse(yield* keys.revoke(other.accountId, prefix))
      const second = Option.getOrThrow(yield* keys.rotate(one.accountId, prefix, 60_000_000, { _tag: "key", prefix }))
      assert.deepInclude(second.record, { name: "k", scopes: ["read", "stream"], capCredits: 9, expiresMicros: null })
      assert.deepStrictEqual(second.record.maker, { _tag: "key", prefix }, "whoever replaced it has seen it")
      assert.deepStrictEqual(Option.getOrThrow(yield* keys.find(second.record.prefix)).record, second.record)
      const old = Option.getOrThrow(yield* keys.find(prefix)).record
      assert.deepStrictEqual(old.maker, first.record.maker)
      assert.strictEqual(old.revokedMicros, null)
      assert.isAbove(old.expiresMicros ?? 0, old.createdMicros)
      assert.isTrue(yield* keys.revoke(one.accountId, prefix))
      const revoked = Option.getOrThrow(yield* keys.find(prefix)).record.revokedMicros
      assert.isNotNull(revoked)
      assert.isTrue(yield* keys.revoke(one.accountId, prefix))
      assert.strictEqual(Option.getOrThrow(yield* keys.find(prefix)).record.revokedMicros, revoked)
      assert.lengthOf(yield* keys.list(one.accountId), 2)
      assert.lengthOf(yield* keys.list(other.accountId), 0)
    })
  )

  it.effect("a key gets another name, rate, cap and number of streams from its own account alone", () =>
    Effect.gen(function* () {
      const keys = yield* Keys
      const [one, other] = [yield* newAccount(), yield* newAccount()]
      const { record } = yield* keys.create({ accountId: one.accountId, name: "k", scopes: ["read"], connections: 4 })
      assert.isTrue(Option.isNone(yield* keys.change(other.accountId, record.prefix, { name: "theirs" })))
      const change = { name: "better", requestsPerSecond: 7, capCredits: 50 }
      const changed = Option.getOrThrow(yield* keys.change(one.accountId, record.prefix, change))
      assert.deepStrictEqual(changed, { ...record, ...change })
      const freed = yield* keys.change(one.accountId, record.prefix, { capCredits: null, connections: null })
      assert.deepStrictEqual(Option.getOrThrow(freed), { ...changed, capCredits: null, connections: null })
      assert.deepStrictEqual(Option.getOrThrow(yield* keys.find(record.prefix)).record, Option.getOrThrow(freed))
    })
  )

  it.effect("a ticket opens one connection", () =>
    Effect.gen(function* () {
      const keys = yield* Keys
      const { accountId } = yield* newAccount()
      const { record } = yield* keys.create({ accountId, name: "k", scopes: ["stream"] })
      const ticket = Redacted.value(yield* keys.issueTicket(accountId, { _tag: "key", prefix: record.prefix }))
      const taken = yield* Effect.all(
        [keys.takeTicket(ticket), keys.takeTicket(ticket), keys.takeTicket("kb_ticket_")],
        {
          concurrency: 3
        }
      )
      const holder = { _tag: "key", prefix: record.prefix } as const
      assert.deepStrictEqual(
        taken.filter(Option.isSome).map(({ value }) => value),
        [holder]
      )
      assert.isTrue(Option.isNone(taken[2]))
      const member = { _tag: "member", accountId, userId: globalThis.crypto.randomUUID() } as const
      const ofMember = Redacted.value(yield* keys.issueTicket(accountId, member))
      assert.deepStrictEqual(yield* keys.takeTicket(ofMember), Option.some(member))
    })
  )

  it.effect("credits are held before a call and given back when it cost less, failed, or never ended", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { accountId } = yield* newAccount()
      const terms = { creditsMonthly: 100, isPostpaid: false, capCredits: null }
      const first = call(accountId, { creditsMax: 60 })
      const admitted = yield* ledger.admit(first)
      assert.deepInclude(admitted, { verdict: "admitted", creditsHeld: 60, creditsLeft: 40 })
      assert.strictEqual((yield* ledger.admit(call(accountId, { creditsMax: 41 }))).verdict, "exhausted")
      assert.isTrue(yield* ledger.settle(used(first, 25)))
      assert.isFalse(yield* ledger.settle(used(first, 25)), "settled once")
      assert.deepInclude(yield* ledger.balance(accountId, terms), { grantLeft: 75, monthUsed: 25, monthHeld: 0 })
      const failed = call(accountId, { creditsMax: 75 })
      yield* ledger.admit(failed)
      yield* ledger.settle({ ...used(failed, 75), state: "returned" })
      assert.deepInclude(yield* ledger.balance(accountId, terms), { grantLeft: 75, monthUsed: 25 })
      const again = yield* ledger.admit(first)
      assert.strictEqual(again.verdict, "admitted")
      assert.isFalse(yield* ledger.settle(used(first, 25)), "a request id is charged once, for ever")
      const usage = yield* ledger.usage(accountId, always)
      assert.deepStrictEqual(
        usage.map(({ calls, credits, endpoint, rows }) => [calls, credits, endpoint, rows]),
        [[1, 25, "books.at", 250]]
      )
    })
  )

  it.effect(
    "what was bought is used after the month's grant; beyond it only whoever pays afterwards goes on, to the cap",
    () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const accounts = yield* Accounts
        const { accountId } = yield* newAccount("project")
        assert.isTrue(yield* accounts.buy(accountId, 50, "payment 1"))
        assert.isFalse(yield* accounts.buy(accountId, 50, "payment 1"))
        const terms = { creditsMonthly: 10, isPostpaid: false, capCredits: null }
        const first = call(accountId, { creditsMax: 30, terms })
        assert.strictEqual((yield* ledger.admit(first)).creditsLeft, 30)
        yield* ledger.settle(used(first, 12))
        assert.deepInclude(yield* ledger.balance(accountId, terms), { grantLeft: 0, boughtLeft: 48, monthUsed: 12 })
        const postpaid = { creditsMonthly: 0, isPostpaid: true, capCredits: 100 }
        const big = call(accountId, { creditsMax: 80, terms: postpaid })
        assert.deepInclude(yield* ledger.admit(big), { verdict: "admitted", creditsLeft: 8 })
        assert.strictEqual((yield* ledger.admit(call(accountId, { creditsMax: 9, terms: postpaid }))).verdict, "capped")
        yield* ledger.settle(used(big, 20))
        assert.deepInclude(yield* ledger.balance(accountId, postpaid), { boughtLeft: 28, monthUsed: 32, monthHeld: 0 })
        const capped = call(accountId, { creditsMax: 5, keyCapCredits: 36, terms: postpaid })
        assert.strictEqual((yield* ledger.admit(capped)).verdict, "key_capped")
        assert.strictEqual((yield* ledger.admit({ ...capped, creditsMax: 4 })).verdict, "admitted")
      })
  )

  it.effect("the same page again costs nothing, also with nothing left; of another account it does", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const [one, other] = [yield* newAccount(), yield* newAccount()]
      const terms = { creditsMonthly: 5, isPostpaid: false, capCredits: null }
      const page = { question: "ab".repeat(32), creditsMax: 4, terms }
      const first = call(one.accountId, page)
      yield* ledger.admit(first)
      assert.strictEqual((yield* ledger.admit(call(one.accountId, page))).verdict, "exhausted", "not answered yet")
      yield* ledger.settle(used(first, 4))
      const again = call(one.accountId, page)
      assert.deepInclude(yield* ledger.admit(again), { verdict: "repeated", creditsHeld: 0, creditsLeft: 1 })
      yield* ledger.settle(used(again, 4))
      assert.deepInclude(yield* ledger.balance(one.accountId, terms), { grantLeft: 1, monthUsed: 4 })
      assert.strictEqual((yield* ledger.admit(call(other.accountId, page))).verdict, "admitted")
    })
  )

  it.effect("a charge lets in and settles in one step; what was let in and never paid is paid by it, once", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { accountId } = yield* newAccount()
      const asked = call(accountId, { creditsMax: 30 })
      const charge = { call: asked, state: "used", rows: 7, isOnce: true } as const
      const first = yield* ledger.charge(charge)
      assert.deepInclude(first, { verdict: "admitted", credits: 30, creditsHeld: 0, creditsLeft: 70 })
      assert.deepInclude(yield* ledger.charge(charge), { verdict: "admitted", credits: 0 })
      assert.isTrue(Option.isSome(yield* ledger.paidAt(accountId, asked.requestId)))
      const unpaid = call(accountId, { creditsMax: 20 })
      yield* ledger.admit(unpaid)
      yield* ledger.settle({ ...used(unpaid, 0), state: "returned" })
      assert.isTrue(Option.isNone(yield* ledger.paidAt(accountId, unpaid.requestId)))
      assert.strictEqual((yield* ledger.charge({ ...charge, call: unpaid })).credits, 20)
      assert.isTrue(Option.isSome(yield* ledger.paidAt(accountId, unpaid.requestId)))
      const dear = yield* ledger.charge({ ...charge, call: call(accountId, { creditsMax: 51 }) })
      assert.deepInclude(dear, { verdict: "exhausted", credits: 0, creditsLeft: 50 })
      const failed = yield* ledger.charge({ ...charge, state: "returned", call: call(accountId, { creditsMax: 0 }) })
      assert.deepInclude(failed, { verdict: "admitted", credits: 0, creditsLeft: 50 })
      const usage = yield* ledger.usage(accountId, always)
      assert.deepStrictEqual(
        usage.map(({ calls, credits, rows }) => [calls, credits, rows]),
        [[2, 50, 14]]
      )
    })
  )

  it.effect("tokens are taken from all buckets or from none, and a refusal says how long to wait", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { accountId } = yield* newAccount()
      const [wide, narrow] = [fresh("wide"), fresh("narrow")]
      const buckets = [
        { name: wide, perSecond: 0.001, burst: 10 },
        { name: narrow, perSecond: 0.001, burst: 3 }
      ]
      const ask = (cost: number) => ledger.admit(call(accountId, { buckets, cost, creditsMax: 0 }))
      assert.closeTo((yield* ask(2)).tokensLeft, 8, 0.1)
      const refused = yield* ask(2)
      assert.strictEqual(refused.verdict, "rate_limited")
      assert.closeTo(refused.waitMicros / 1_000_000, 1_000, 100)
      assert.closeTo(refused.tokensLeft, 8, 0.1)
      assert.strictEqual((yield* ask(1)).verdict, "admitted")
    })
  )
}
