import { assert, layer } from "@effect/vitest"
import type { Caller } from "@kalshibook/api/Caller"
import { Callers } from "@kalshibook/api/Callers"
import { type ConnectionEnding, OpenConnections } from "@kalshibook/api/OpenConnections"
import { tierOf } from "@kalshibook/core/contract/Pricing"
import { Accounts } from "@kalshibook/store/Accounts"
import { Keys } from "@kalshibook/store/Keys"
import { Members } from "@kalshibook/store/Members"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Customer from "./Customer.ts"

let made = 0

/** A caller of an account of its own, with two streams, of which the key may have so many. */
const newCaller = Effect.fnUntraced(function* (connections: number | null = null) {
  const terms = { connections: 2 }
  const account = yield* (yield* Accounts).create({ name: `streams ${++made}`, tier: "free", terms })
  const wish = { accountId: account.accountId, name: "k", scopes: ["stream"], connections } as const
  const { record } = yield* (yield* Keys).create(wish)
  const caller: Caller = {
    account,
    tier: tierOf(account.tier, terms),
    scopes: record.scopes,
    name: record.prefix,
    title: `the key kb_live_${record.prefix}_...`,
    bounds: { requestsPerSecond: null, connections, capCredits: null, expiresMicros: null },
    authentication: { _tag: "key", key: record }
  }
  return caller
})

/** Another node over the same stores. */
const anotherNode = Effect.map(Layer.build(Layer.fresh(OpenConnections.layer)), (built) =>
  Context.get(built, OpenConnections)
)

const nothing = () => Effect.void

const node = OpenConnections.layer.pipe(Layer.provideMerge(Callers.layer))

layer(node.pipe(Layer.provideMerge(Customer.storesInMemory)))("open streams", (it) => {
  it.effect("are as many as the tier says over all nodes, and a place is free when its scope closes", () =>
    Effect.gen(function* () {
      const [here, there] = [yield* OpenConnections, yield* anotherNode]
      const caller = yield* newCaller()
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(here.open({ caller, close: nothing }), scope)
      assert.deepInclude(first, { open: 1, max: 2 })
      assert.deepInclude(yield* there.open({ caller, close: nothing }), { open: 2, max: 2 })
      const refused = yield* Effect.flip(here.open({ caller, close: nothing }))
      assert.deepInclude(refused, { _tag: "TooManyConnections", whose: "account", open: 2, max: 2 })
      yield* Scope.close(scope, Exit.void)
      assert.deepInclude(yield* there.open({ caller, close: nothing }), { open: 2 })
      const narrow = yield* newCaller(1)
      yield* here.open({ caller: narrow, close: nothing })
      const ofKey = yield* Effect.flip(there.open({ caller: narrow, close: nothing }))
      assert.deepInclude(ofKey, { whose: "caller", max: 1 })
    }).pipe(Effect.scoped)
  )

  it.effect("keep their place for as long as their node renews it, and lose it when the node is dead", () =>
    Effect.gen(function* () {
      const here = yield* OpenConnections
      const caller = yield* newCaller(1)
      const node = yield* Scope.make()
      const dead = yield* Scope.provide(anotherNode, node)
      const forgotten = yield* Scope.make()
      yield* Scope.provide(dead.open({ caller, close: nothing }), forgotten)
      yield* TestClock.adjust("2 minutes")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(here.open({ caller, close: nothing }))))
      yield* Scope.close(node, Exit.void)
      yield* TestClock.adjust("31 seconds")
      yield* here.open({ caller, close: nothing })
    }).pipe(Effect.scoped)
  )

  it.effect("end within ten seconds on every node when their key is revoked, each once, and at once where it was", () =>
    Effect.gen(function* () {
      const [here, there] = [yield* OpenConnections, yield* anotherNode]
      const [caller, other] = [yield* newCaller(), yield* newCaller()]
      const closed: Array<readonly [string, ConnectionEnding]> = []
      const noted = (where: string) => (ending: ConnectionEnding) =>
        Effect.sync(() => void closed.push([where, ending]))
      yield* here.open({ caller, close: noted("here") })
      yield* there.open({ caller, close: noted("there") })
      yield* there.open({ caller: other, close: noted("other") })
      yield* (yield* Keys).revoke(caller.account.accountId, caller.name)
      yield* here.endKey(caller.name)
      const ending = { reason: "key_revoked", message: `The key kb_live_${caller.name}_... was revoked.` } as const
      assert.deepStrictEqual(closed, [["here", ending]])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(closed, [
        ["here", ending],
        ["there", ending]
      ])
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(closed, 2)
    }).pipe(Effect.scoped)
  )

  it.effect(
    "are told what their caller may now, within seconds, and the youngest on any node end when fewer may be open",
    () =>
      Effect.gen(function* () {
        const [here, there] = [yield* OpenConnections, yield* anotherNode]
        const [accounts, keys] = [yield* Accounts, yield* Keys]
        const caller = yield* newCaller()
        const { accountId } = caller.account
        const told: Array<readonly [string, string, unknown]> = []
        const open = (node: OpenConnections["Service"], name: string) =>
          node.open({
            caller,
            close: ({ reason }) => Effect.sync(() => void told.push([name, "ended", reason])),
            onChange: ({ bounds, tier }) =>
              Effect.sync(() => void told.push([name, "changed", [tier.limits.connections, bounds.capCredits]]))
          })
        const scopeOfSecond = yield* Scope.make()
        const first = yield* open(there, "first")
        yield* Scope.provide(open(here, "second"), scopeOfSecond)
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(told, [])
        yield* keys.change(accountId, caller.name, { capCredits: 7 })
        yield* TestClock.adjust("10 seconds")
        assert.sameDeepMembers(told.splice(0), [
          ["first", "changed", [2, 7]],
          ["second", "changed", [2, 7]]
        ])
        assert.strictEqual(first.caller().bounds.capCredits, 7)
        yield* accounts.change(accountId, { terms: { connections: 1 } })
        yield* TestClock.adjust("10 seconds")
        assert.sameDeepMembers(told.splice(0), [
          ["first", "changed", [1, 7]],
          ["second", "changed", [1, 7]],
          ["second", "ended", "over_limit"]
        ])
        yield* Scope.close(scopeOfSecond, Exit.void)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(told, [])
        const refused = yield* Effect.flip(here.open({ caller: first.caller(), close: nothing }))
        assert.deepInclude(refused, { whose: "account", max: 1 })
      }).pipe(Effect.scoped)
  )

  it.effect("end when what was shown for them does, also without a key", () =>
    Effect.gen(function* () {
      const here = yield* OpenConnections
      const { account, ...caller } = yield* newCaller()
      const closed: Array<string> = []
      yield* (yield* Accounts).addMember(account.accountId, "ada", "owner")
      yield* here.open({
        caller: {
          ...caller,
          account,
          title: "the session of ada@example.org",
          bounds: { ...caller.bounds, expiresMicros: 400 * 1_000_000 },
          authentication: { _tag: "member", person: { userId: "ada", email: "ada@example.com" }, role: "owner" }
        },
        close: ({ message }) => Effect.sync(() => void closed.push(message))
      })
      yield* TestClock.setTime(395_000)
      assert.deepStrictEqual(closed, [])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(closed, ["The session of ada@example.org has expired."])
    }).pipe(Effect.scoped)
  )

  it.effect("of a member end when they are removed, and all of an account when it is deleted, on every node", () =>
    Effect.gen(function* () {
      const [here, there] = [yield* OpenConnections, yield* anotherNode]
      const members = yield* Members
      const person = { userId: globalThis.crypto.randomUUID(), email: "grace@example.com" }
      const { membership } = yield* members.open(person)
      const { accountId } = membership.account
      yield* (yield* Accounts).addMember(accountId, "ada", "member")
      yield* (yield* Accounts).change(accountId, { terms: { connections: 2 } })
      const closed: Array<string> = []
      const open = Effect.fnUntraced(function* (node: OpenConnections["Service"], userId: string, title: string) {
        const { account: _, ...caller } = yield* newCaller()
        const authentication = { _tag: "member", person: { ...person, userId }, role: "member" } as const
        const close = ({ message }: ConnectionEnding) => Effect.sync(() => void closed.push(message))
        yield* node.open({ caller: { ...caller, account: membership.account, title, authentication }, close })
      })
      yield* open(there, "ada", "ada@example.com")
      yield* open(here, person.userId, person.email)
      yield* members.remove({ accountId, by: person.userId, userId: "ada" })
      yield* here.endAccount(accountId, "ada")
      assert.deepStrictEqual(closed, [])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(closed, ["Ada@example.com has no streams of this account any more."])
      yield* members.close(accountId, person.userId)
      yield* here.endAccount(accountId)
      assert.deepStrictEqual(closed.slice(1), ["Grace@example.com is not there any more."])
    }).pipe(Effect.scoped)
  )
})
