/** Accounts, keys and ledger over one database: their suite, what many at once do, and who sees what. */
import { assert, layer, type Vitest } from "@effect/vitest"
import type * as CreditBalance from "@kalshibook/core/CreditBalance"
import { Accounts } from "@kalshibook/store/Accounts"
import { AccountsState } from "@kalshibook/store/AccountsState"
import { acting } from "@kalshibook/store/AsAccount"
import { ConnectionLeases } from "@kalshibook/store/ConnectionLeases"
import { IdempotencyKeys } from "@kalshibook/store/downloads/IdempotencyKeys"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger, type LedgerCall } from "@kalshibook/store/Ledger"
import { leaseMicros } from "@kalshibook/store/LedgerLimits"
import * as LedgerThinning from "@kalshibook/store/LedgerThinning"
import { Members } from "@kalshibook/store/Members"
import { RequestLog } from "@kalshibook/store/RequestLog"
import { Clock, Context, Effect, Layer, Option, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { accountsSuite, call, fresh, newAccount, pepper, pepperLayer, used } from "./AccountsSuite.ts"
import { connectionLeasesSuite } from "./ConnectionLeasesSuite.ts"
import { idempotencyKeysSuite } from "./IdempotencyKeysSuite.ts"
import { membersSuite } from "./MembersSuite.ts"
import * as PgTest from "./PgTest.ts"
import { property } from "./PropertyEffect.ts"
import { requestLogSuite } from "./RequestLogSuite.ts"

/** 2026-11-26T12:00:00Z, Unix microseconds. */
const noonMicros = 1_795_694_400_000_000
let nowMicros = noonMicros

const ledgerAt = Ledger.layerAt(Effect.sync(() => nowMicros))
const stores = Layer.mergeAll(Accounts.layerNoDeps, Keys.layerNoDeps).pipe(Layer.provide(pepperLayer))

type All = Accounts | Keys | Ledger | SqlClient.SqlClient
type Tenants = All | ConnectionLeases | RequestLog

layer(PgTest.layer, { excludeTestServices: true })((it) => {
  it.layer(Layer.merge(stores, Ledger.layerNoDeps))("Accounts (Postgres)", accountsSuite)
  it.layer(Layer.mergeAll(stores, ConnectionLeases.layerNoDeps, Members.layerNoDeps))(
    "ConnectionLeases (Postgres)",
    connectionLeasesSuite
  )
  it.layer(Layer.merge(stores, Members.layerNoDeps))("Members (Postgres)", membersSuite)
  it.layer(Layer.mergeAll(stores, Members.layerNoDeps, Ledger.layerNoDeps, RequestLog.layerNoDeps))(
    "The single requests (Postgres)",
    requestLogSuite
  )
  it.layer(Layer.mergeAll(stores, IdempotencyKeys.layerNoDeps, TestClock.layer()))(
    "Names of requests (Postgres)",
    idempotencyKeysSuite
  )
  it.layer(Layer.merge(stores, ledgerAt))("The ledger", ledgerSuite)
  it.layer(Layer.mergeAll(stores, Ledger.layerNoDeps, ConnectionLeases.layerNoDeps, RequestLog.layerNoDeps))(
    "An account",
    tenancySuite
  )
})

/** Another node: a ledger of its own over the same database. */
const node = Effect.map(Layer.build(Layer.fresh(ledgerAt)), (built) => Context.get(built, Ledger))

function ledgerSuite(it: Vitest.MethodsNonLive<All>): void {
  it.effect(
    "is exact to the credit after a thousand spends at once from three nodes, some of which died with what they held",
    () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const nodes = [yield* node, yield* node, yield* node]
        const accounts = [yield* newAccount(), yield* newAccount("project")]
        const terms = { creditsMonthly: 900, isPostpaid: false, capCredits: null }
        yield* (yield* Accounts).buy(accounts[1]?.accountId ?? "", 700, "once")
        const spends = Array.from({ length: 1_000 }, (_, index) => ({
          asked: call(accounts[index % 2]?.accountId ?? "", { creditsMax: 1 + (index % 7), terms }),
          fate: (["used", "used", "less", "returned", "crashed"] as const)[index % 5] ?? "used",
          ledger: nodes[index % 3]
        }))
        const results = yield* Effect.forEach(
          spends,
          ({ asked, fate, ledger }) =>
            Effect.gen(function* () {
              const admission = yield* ledger?.admit(asked) ?? Effect.die("a node")
              if (admission.verdict !== "admitted") return { asked, credits: 0, held: 0 }
              const credits =
                fate === "used" ? asked.creditsMax : fate === "less" ? Math.floor(asked.creditsMax / 2) : 0
              if (fate === "crashed") return { asked, credits: 0, held: asked.creditsMax }
              const state = fate === "returned" ? "returned" : "used"
              assert.isTrue(yield* ledger?.settle({ ...used(asked, credits), state }) ?? Effect.die("a node"))
              return { asked, credits, held: 0 }
            }),
          { concurrency: "unbounded" }
        )
        for (const { accountId, tier } of accounts) {
          const own = results.filter(({ asked }) => asked.accountId === accountId)
          const sum = (of: "credits" | "held") => own.reduce((total, one) => total + one[of], 0)
          const came = 900 + (tier === "project" ? 700 : 0)
          const before = yield* nodes[0]?.balance(accountId, terms) ?? Effect.die("a node")
          assert.strictEqual(before.monthHeld, sum("held"), tier)
          assert.strictEqual(before.monthUsed, sum("credits"), tier)
          assert.strictEqual(before.grantLeft + before.boughtLeft, came - sum("credits") - sum("held"), tier)
          nowMicros += leaseMicros
          const after = yield* nodes[1]?.balance(accountId, terms) ?? Effect.die("a node")
          assert.strictEqual(after.monthHeld, 0)
          assert.strictEqual(after.grantLeft + after.boughtLeft, came - sum("credits"), tier)
          const [row] = yield* sql<{ used: number }>`
          select sum(credits)::bigint as used from ledger where account_id = ${accountId}::text::uuid and state = 'used'`
          assert.strictEqual(row?.used, sum("credits"))
          nowMicros = noonMicros
        }
      }).pipe(Effect.scoped)
  )

  it.effect("is exact to the credit when a thousand are charged at once, and charges none twice", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const nodes = [yield* node, yield* node]
      const [rich, poor] = [yield* newAccount(), yield* newAccount()]
      yield* (yield* Accounts).buy(poor.accountId, 60, "once")
      const terms = (creditsMonthly: number) => ({ creditsMonthly, isPostpaid: false, capCredits: null })
      const charges = Array.from({ length: 500 }, (_, index) => {
        const of = index % 2 === 0 ? { ...rich, monthly: 100_000 } : { ...poor, monthly: 300 }
        const asked = call(of.accountId, { creditsMax: 1 + (index % 4), terms: terms(of.monthly) })
        return { call: asked, state: index % 10 === 0 ? "returned" : "used", rows: 2, isOnce: false } as const
      })
      const paid = yield* Effect.forEach(
        [...charges, ...charges],
        (charge, index) =>
          Effect.map(nodes[index % 2]?.charge(charge) ?? Effect.die("a node"), (answer) => ({ charge, answer })),
        { concurrency: "unbounded" }
      )
      const of = (accountId: string) => paid.filter(({ charge }) => charge.call.accountId === accountId)
      const sum = (accountId: string) => of(accountId).reduce((total, { answer }) => total + answer.credits, 0)
      const wanted = charges.filter(({ call, state }) => call.accountId === rich.accountId && state === "used")
      assert.strictEqual(
        sum(rich.accountId),
        wanted.reduce((total, { call }) => total + call.creditsMax, 0)
      )
      assert.strictEqual(sum(poor.accountId), 360, "all that there was, to the last credit")
      for (const [{ accountId }, monthly] of [[rich, 100_000] as const, [poor, 300] as const]) {
        const balance = yield* nodes[0]?.balance(accountId, terms(monthly)) ?? Effect.die("a node")
        assert.deepInclude(balance, { monthUsed: sum(accountId), monthHeld: 0 })
        const [row] = yield* sql<{ used: number; rows: number }>`
          select sum(credits)::bigint as used, sum(from_grant + from_bought)::bigint as rows from ledger
          where account_id = ${accountId}::text::uuid and state = 'used'`
        assert.deepStrictEqual([row?.used, row?.rows], [sum(accountId), sum(accountId)])
      }
      const balance = yield* nodes[0]?.balance(poor.accountId, terms(300)) ?? Effect.die("a node")
      assert.deepInclude(balance, { grantLeft: 0, boughtLeft: 0 })
    }).pipe(Effect.scoped)
  )

  it.effect("adds up to the same by day, operation and key when it is thinned out, and keeps what is paid once", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const [one, other] = [yield* newAccount(), yield* newAccount()]
      const terms = { creditsMonthly: 100_000, isPostpaid: false, capCredits: null }
      const day = 86_400_000_000
      const once = `${one.accountId}/dl_1`
      for (let index = 0; index < 60; index++) {
        nowMicros = noonMicros - (60 - index) * day
        for (const { accountId } of [one, other]) {
          const endpoint = index % 2 === 0 ? "getOrderbook" : "listDeltas"
          const asked = call(accountId, { creditsMax: 1 + (index % 3), terms, endpoint })
          const part = call(accountId, { requestId: `${asked.requestId}/1`, creditsMax: 2, terms, endpoint })
          yield* ledger.charge({ call: asked, state: "used", rows: 5, isOnce: false })
          yield* ledger.charge({ call: part, state: index % 5 === 0 ? "returned" : "used", rows: 5, isOnce: false })
        }
        if (index === 3) {
          const asked = call(one.accountId, { requestId: once, creditsMax: 9, terms })
          yield* ledger.charge({ call: asked, state: "used", rows: 90, isOnce: true })
        }
      }
      nowMicros = noonMicros
      const range = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }
      const usage = () => Effect.all([ledger.usage(one.accountId, range), ledger.usage(other.accountId, range)])
      const before = yield* usage()
      const balance = yield* ledger.balance(one.accountId, terms)
      assert.isAtLeast(yield* LedgerThinning.thinAt(noonMicros), 70)
      assert.deepStrictEqual(yield* usage(), before)
      assert.deepStrictEqual(yield* ledger.balance(one.accountId, terms), balance)
      assert.strictEqual(yield* LedgerThinning.thinAt(noonMicros), 0)
      const keptFrom = LedgerThinning.keptFromMicros(noonMicros)
      for (const [id, micros] of [["just forgotten", keptFrom - 1] as const, ["just kept", keptFrom] as const]) {
        yield* sql`insert into request_errors (error_id, account_id, prefix, status, code, count, ts_micros, ts_last_micros)
          values (${id}, ${one.accountId}::text::uuid, 'k', 429, 'rate_limited', 5, ${micros}::int8, ${micros}::int8)`
      }
      assert.strictEqual(yield* LedgerThinning.forgetErrorsAt(noonMicros), 1)
      const kept = yield* sql`select error_id from request_errors where account_id = ${one.accountId}::text::uuid`
      assert.deepStrictEqual(kept, [{ error_id: "just kept" }])
      const [first] = yield* sql<{ ts_micros: number }>`
        select min(ts_micros) as ts_micros from ledger where position('/' in request_id) = 0`
      assert.strictEqual(first?.ts_micros, keptFrom + 12 * 3_600_000_000, "single calls are kept from where it says")
      assert.deepStrictEqual(yield* ledger.paidAt(one.accountId, once), Option.some(noonMicros - 57 * day))
      const [row] = yield* sql<{ calls: number }>`
        select count(*) as calls from ledger where account_id = ${one.accountId}::text::uuid`
      assert.isAtMost(row?.calls ?? 0, 2 * 41 + 1)
    })
  )

  it.effect("has no statements of one account that wait for each other in a circle, whatever each takes", () =>
    Effect.gen(function* () {
      const nodes = [yield* node, yield* node]
      const { accountId } = yield* newAccount()
      const terms = { creditsMonthly: 1_000_000, isPostpaid: false, capCredits: null }
      const buckets = [{ name: fresh("bucket"), perSecond: 1_000_000, burst: 1_000_000 }]
      const asked = Array.from({ length: 1_200 }, (_, index) => {
        // As books, and parts of a stream, do.
        const one = call(accountId, { terms, buckets: index % 2 === 0 ? buckets : [], cost: index % 2 === 0 ? 1 : 0 })
        const ledger = nodes[index % 3 === 0 ? 0 : 1] ?? nodes[0]
        if (ledger === undefined) return Effect.die("a node")
        const isOnce = index % 5 === 0
        return index % 7 === 0
          ? Effect.flatMap(ledger.admit(one), () => ledger.settle(used(one, one.creditsMax)))
          : Effect.map(ledger.charge({ call: one, state: "used", rows: 1, isOnce }), ({ credits }) => credits > 0)
      })
      const isPaid = yield* Effect.forEach(asked, (each) => each, { concurrency: "unbounded" })
      assert.isTrue(isPaid.every((each) => each))
    }).pipe(Effect.scoped)
  )

  it.effect("never lets more through than there is, however many ask at once", () =>
    Effect.gen(function* () {
      const nodes = [yield* node, yield* node]
      const { accountId } = yield* newAccount()
      const terms = { creditsMonthly: 100, isPostpaid: false, capCredits: null }
      const verdicts = yield* Effect.forEach(
        Array.from({ length: 300 }, (_, index) => index),
        (index) => nodes[index % 2]?.admit(call(accountId, { terms })) ?? Effect.die("a node"),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(verdicts.filter(({ verdict }) => verdict === "admitted").length, 100)
      assert.strictEqual(verdicts.filter(({ verdict }) => verdict === "exhausted").length, 200)
    }).pipe(Effect.scoped)
  )

  it.effect("decides as the rules of core do, whatever happens in whatever order", () =>
    Effect.gen(function* () {
      const asked = fc.record({ acts: fc.array(act, { minLength: 5, maxLength: 40 }), rules: terms })
      yield* property(asked, 15, ({ acts, rules }) => compare(acts, rules))
    })
  )

  it.effect("lets no more tokens out than the bucket had, from two nodes, under a hundred times the limit", () =>
    Effect.gen(function* () {
      const nodes = [yield* node, yield* node]
      const { accountId } = yield* newAccount()
      const [perSecond, burst] = [100, 100]
      const buckets = [{ name: fresh("bucket"), perSecond, burst }]
      let admitted = 0
      const seconds = 2
      const steps = 20
      for (let step = 0; step < steps; step++) {
        nowMicros += (seconds * 1_000_000) / steps
        const answers = yield* Effect.forEach(
          Array.from({ length: 100 }, (_, index) => index),
          (index) => nodes[index % 2]?.admit(call(accountId, { buckets, creditsMax: 0 })) ?? Effect.die("a node"),
          { concurrency: "unbounded" }
        )
        admitted += answers.filter(({ verdict }) => verdict === "admitted").length
      }
      const allowed = burst + perSecond * (seconds - seconds / steps)
      assert.isAtMost(admitted, allowed * 1.01)
      assert.isAtLeast(admitted, allowed * 0.99)
      nowMicros = noonMicros
    }).pipe(Effect.scoped)
  )

  it.effect("answers a customer as soon as ever while another sends a thousand calls at once", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const [flood, calm] = [yield* newAccount(), yield* newAccount()]
      const buckets = [{ name: fresh("flood"), perSecond: 10, burst: 10 }]
      let flooded = 0
      const flooding = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 1_000 }, (_, index) => index),
          () =>
            Effect.tap(ledger.admit(call(flood.accountId, { buckets, creditsMax: 0 })), () =>
              Effect.sync(() => flooded++)
            ),
          { concurrency: "unbounded" }
        ),
        { startImmediately: true }
      )
      yield* ledger.admit(call(calm.accountId))
      // One statement may be under way; the next has it.
      assert.isAtMost(flooded, 300)
      yield* Effect.yieldNow
      yield* Effect.sync(() => flooding.interruptUnsafe())
    })
  )
}

type Act =
  | { readonly kind: "admit"; readonly credits: number; readonly question: number; readonly cost: number }
  | {
      readonly kind: "charge"
      readonly credits: number
      readonly cost: number
      readonly isReturned: boolean
      readonly again: boolean
    }
  | { readonly kind: "settle"; readonly which: number; readonly credits: number; readonly isReturned: boolean }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "buy"; readonly credits: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("admit" as const),
      credits: fc.nat(20),
      question: fc.nat(4),
      cost: fc.integer({ min: 1, max: 6 })
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      which: fc.nat(6),
      credits: fc.nat(25),
      isReturned: fc.boolean()
    })
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("charge" as const),
      credits: fc.nat(20),
      cost: fc.integer({ min: 0, max: 6 }),
      isReturned: fc.boolean(),
      again: fc.boolean()
    })
  },
  fc.record({
    kind: fc.constant("wait" as const),
    seconds: fc.oneof(fc.nat(5), fc.constant(61), fc.constant(1_000), fc.constant(31 * 86_400))
  }),
  fc.record({ kind: fc.constant("buy" as const), credits: fc.nat(30) })
)

const terms = fc.record({
  creditsMonthly: fc.nat(60),
  isPostpaid: fc.boolean(),
  capCredits: fc.option(fc.nat(100))
})

/** The same acts, one after the other, on the database and on its twin. */
const compare = Effect.fnUntraced(function* (acts: ReadonlyArray<Act>, rules: CreditBalance.CreditTerms) {
  const memory = yield* Layer.build(
    Layer.fresh(Layer.mergeAll(Accounts.layerMemory, Ledger.layerMemory, AccountsState.layer))
  )
  const twins = [
    { accounts: yield* Accounts, ledger: yield* Ledger },
    { accounts: Context.get(memory, Accounts), ledger: Context.get(memory, Ledger) }
  ]
  nowMicros = noonMicros
  const clock: Clock.Clock = {
    ...(yield* Clock.Clock),
    currentTimeMillis: Effect.sync(() => nowMicros / 1_000)
  } as Clock.Clock
  const { accountId } = yield* newAccount()
  const buckets = [{ name: fresh("bucket"), perSecond: 2, burst: 12 }]
  const asked: Array<LedgerCall> = []
  const both = <A, E, R>(run: (twin: (typeof twins)[number]) => Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const [one, other] = [twins[0], twins[1]]
      if (one === undefined || other === undefined) return yield* Effect.die("two twins")
      const answer = yield* run(one)
      assert.deepStrictEqual(yield* run(other).pipe(Effect.provideService(Clock.Clock, clock)), answer)
      return answer
    })
  for (const one of acts) {
    if (one.kind === "wait") nowMicros += one.seconds * 1_000_000
    else if (one.kind === "buy") {
      const reference = fresh("payment")
      yield* both(({ accounts }) => accounts.buy(accountId, one.credits, reference))
    } else if (one.kind === "admit") {
      const question = one.question === 0 ? null : String(one.question).repeat(64)
      const next = call(accountId, { creditsMax: one.credits, cost: one.cost, question, buckets, terms: rules })
      asked.push(next)
      yield* both(({ ledger }) =>
        Effect.map(ledger.admit(next), ({ tokensLeft, waitMicros, ...rest }) => ({
          ...rest,
          tokens: Math.round(tokensLeft * 1_000),
          wait: Math.round(waitMicros / 1_000)
        }))
      )
    } else if (one.kind === "charge") {
      const before = asked.find(() => one.again)
      const next =
        before ?? call(accountId, { creditsMax: one.credits, cost: one.cost, buckets, terms: rules, question: null })
      const state = one.isReturned ? "returned" : "used"
      const charge = { call: { ...next, question: null }, state, rows: 3, isOnce: true } as const
      yield* both(({ ledger }) =>
        Effect.map(ledger.charge(charge), ({ tokensLeft, waitMicros, ...rest }) => ({
          ...rest,
          tokens: Math.round(tokensLeft * 1_000),
          wait: Math.round(waitMicros / 1_000)
        }))
      )
    } else {
      const [settled] = asked.splice(Math.min(one.which, asked.length - 1), 1)
      if (settled === undefined) continue
      const state = one.isReturned ? "returned" : "used"
      yield* both(({ ledger }) => ledger.settle({ ...used(settled, one.credits), state }))
    }
    yield* both(({ ledger }) => ledger.balance(accountId, rules))
  }
  yield* both(({ ledger }) => ledger.usage(accountId, { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }))
}, Effect.scoped)

function tenancySuite(it: Vitest.MethodsNonLive<Tenants>): void {
  it.effect(
    "is all that the API's role sees and changes when it acts for it, also where a statement forgets to ask",
    () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const ledger = yield* Ledger
        const keys = yield* Keys
        const leases = yield* ConnectionLeases
        const [one, other] = [yield* newAccount(), yield* newAccount()]
        for (const { accountId } of [one, other]) {
          const asked = call(accountId)
          yield* ledger.admit(asked)
          yield* ledger.settle(used(asked, 1))
          const { record } = yield* keys.create({ accountId, name: "k", scopes: ["read", "stream"] })
          yield* keys.issueTicket(accountId, { _tag: "key", prefix: record.prefix })
          yield* (yield* RequestLog).note([
            {
              ...{ errorId: fresh("error"), accountId, prefix: record.prefix, endpoint: "getMarket" },
              ...{ status: 404, code: "unknown_market", count: 1, tsMicros: 1, tsLastMicros: 1 }
            }
          ])
          const connectionId = globalThis.crypto.randomUUID()
          yield* leases.open({ connectionId, accountId, caller: record.prefix, accountMax: 1, callerMax: null })
        }
        const tables = [
          "accounts",
          "api_keys",
          "stream_tickets",
          "credit_grants",
          "credit_balances",
          "ledger",
          "open_connections",
          "rate_buckets",
          "request_errors"
        ]
        for (const table of tables) {
          const seen = yield* sql<{ account_id: string }>`select distinct account_id from ${sql(table)}`.pipe(
            acting(sql, { account_id: one.accountId })
          )
          assert.deepStrictEqual(seen, [{ account_id: one.accountId }], table)
          const nobody = yield* sql`select from ${sql(table)}`.pipe(acting(sql, {}))
          assert.lengthOf(nobody, 0, table)
        }
        yield* sql`update credit_balances set bought_left = bought_left + 1000`.pipe(
          acting(sql, { account_id: one.accountId })
        )
        const terms = { creditsMonthly: 100, isPostpaid: false, capCredits: null }
        assert.strictEqual((yield* ledger.balance(other.accountId, terms)).boughtLeft, 0)
        const foreign = sql`
        insert into credit_grants (account_id, kind, credits, reference, ts_micros)
        values (${other.accountId}::text::uuid, 'bought', 5, 'x', 0)`
        const refused = yield* Effect.flip(foreign.pipe(acting(sql, { account_id: one.accountId })))
        assert.match(String(refused.reason.cause), /row-level security/)
        const markets = yield* Effect.flip(sql`select from markets`.pipe(acting(sql, { account_id: one.accountId })))
        assert.match(String(markets.reason.cause), /permission denied/)
      })
  )

  it.effect("is read by its members as their roles may, by nobody else, and never with a hash", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const accounts = yield* Accounts
      const keys = yield* Keys
      const [one, other] = [yield* newAccount(), yield* newAccount()]
      const user = globalThis.crypto.randomUUID()
      yield* accounts.addMember(one.accountId, user, "owner")
      for (const { accountId } of [one, other]) yield* keys.create({ accountId, name: "k", scopes: ["read"] })
      const as =
        (role: string, id: string) =>
        <A, E, R>(statement: Effect.Effect<A, E, R>) =>
          sql`select set_config('role', ${role}, true), set_config('request.jwt.claims', ${JSON.stringify({ sub: id })}, true)`.pipe(
            Effect.andThen(statement),
            sql.withTransaction
          )
      const names = sql`select account_id from accounts`
      assert.deepStrictEqual(yield* names.pipe(as("authenticated", user)), [{ account_id: one.accountId }])
      assert.deepStrictEqual(yield* names.pipe(as("authenticated", globalThis.crypto.randomUUID())), [])
      yield* sql`insert into billing_accounts (account_id, customer_id, ts_linked_micros)
        values (${one.accountId}::text::uuid, 'cus_1', 1), (${other.accountId}::text::uuid, 'cus_2', 1)`
      for (const [role, keysSeen, customersSeen] of [
        ["owner", 1, 1],
        ["member", 1, 0],
        ["billing", 0, 1]
      ] as const) {
        const person = globalThis.crypto.randomUUID()
        yield* accounts.addMember(one.accountId, person, role)
        assert.lengthOf(yield* sql`select prefix from api_keys`.pipe(as("authenticated", person)), keysSeen, role)
        const customers = yield* sql`select customer_id from billing_accounts`.pipe(as("authenticated", person))
        assert.deepStrictEqual(customers, customersSeen === 0 ? [] : [{ customer_id: "cus_1" }], role)
        assert.deepStrictEqual(yield* names.pipe(as("authenticated", person)), [{ account_id: one.accountId }])
      }
      for (const statement of [
        sql`select secret_hash from api_keys`.pipe(as("authenticated", user)),
        sql`update accounts set tier = 'enterprise'`.pipe(as("authenticated", user)),
        sql`select admit_calls('[]', 0)`.pipe(as("authenticated", user)),
        names.pipe(as("anon", user))
      ]) {
        assert.match(String((yield* Effect.flip(statement)).reason.cause), /permission denied/)
      }
    })
  )

  /** Every table that has something of an account, so that a new one is looked into, too. */
  const accountTables = Effect.map(
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => sql<{ name: string }>`
        select table_name::text as name from information_schema.columns join information_schema.tables using (table_schema, table_name)
        where table_schema = 'public' and table_type = 'BASE TABLE' and column_name in ('account_id', 'request')`
    ),
    (rows) => rows.map(({ name }) => name)
  )

  it.effect("has keys of which the database knows neither the key nor the pepper", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const keys = yield* Keys
      const { accountId } = yield* newAccount()
      const { key, record } = yield* keys.create({ accountId, name: "k", scopes: ["read", "stream"] })
      const ticket = yield* keys.issueTicket(accountId, { _tag: "key", prefix: record.prefix })
      const dumped = yield* Effect.forEach(
        [...(yield* accountTables)],
        (table) => sql`select to_jsonb(${sql(table)})::text as row from ${sql(table)}`
      )
      const text = JSON.stringify(dumped)
      assert.include(text, record.prefix)
      const secrets = [Redacted.value(key).slice(19), Redacted.value(ticket).slice(10), Redacted.value(pepper)]
      for (const secret of secrets) assert.notInclude(text, secret)
      assert.notInclude(`${String(key)} ${JSON.stringify({ key, record })}`, secrets[0] ?? "")
    })
  )
}
