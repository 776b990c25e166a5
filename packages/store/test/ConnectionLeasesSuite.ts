/** What places of open streams promise. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { Accounts } from "@kalshibook/store/Accounts"
import { ConnectionLeases } from "@kalshibook/store/ConnectionLeases"
import { Keys } from "@kalshibook/store/Keys"
import { Members } from "@kalshibook/store/Members"
import { Effect, Option } from "effect"
import { newAccount } from "./AccountsSuite.ts"

export const connectionLeasesSuite = (
  it: Vitest.MethodsNonLive<Accounts | Keys | ConnectionLeases | Members>
): void => {
  const wish = (accountId: string, caller: string, accountMax = 3, callerMax: number | null = null) => ({
    connectionId: globalThis.crypto.randomUUID(),
    accountId,
    caller,
    accountMax,
    callerMax
  })

  it.effect(
    "an account has as many places as it may, however many ask at once, and one that closes is free again",
    () =>
      Effect.gen(function* () {
        const leases = yield* ConnectionLeases
        const [one, other] = [yield* newAccount(), yield* newAccount()]
        const wishes = Array.from({ length: 10 }, () => wish(one.accountId, "0123456789"))
        const places = yield* Effect.forEach(wishes, leases.open, { concurrency: "unbounded" })
        const open = places.filter(({ _tag }) => _tag === "open")
        assert.deepStrictEqual(open.map((place) => place.open).sort(), [1, 2, 3])
        for (const place of places) {
          if (place._tag === "full") assert.deepInclude(place, { whose: "account", open: 3 })
        }
        assert.strictEqual((yield* leases.open(wish(other.accountId, "0123456789")))._tag, "open")
        const first = wishes[places.findIndex(({ _tag }) => _tag === "open")] ?? wish("", "")
        yield* leases.close(first)
        assert.deepStrictEqual(yield* leases.open(wish(one.accountId, "9876543210")), { _tag: "open", open: 3 })
      })
  )

  it.effect("those beyond what may be open by now have to end, the youngest first, whoever renews them", () =>
    Effect.gen(function* () {
      const leases = yield* ConnectionLeases
      const { accountId } = yield* newAccount()
      const opened: Array<ReturnType<typeof wish>> = []
      for (const caller of ["wide", "narrow", "narrow", "wide", "wide"]) {
        const one = wish(accountId, caller, 5)
        yield* leases.open(one)
        opened.push(one)
      }
      const renewed = (places: ReadonlyArray<number>, accountMax: number, narrowMax: number | null) =>
        Effect.map(
          leases.renew(
            places.flatMap((place) => {
              const { caller, connectionId } = opened[place] ?? wish("", "")
              const callerMax = caller === "narrow" ? narrowMax : null
              return [{ connectionId, accountId, caller, key: null, member: null, accountMax, callerMax }]
            })
          ),
          (ended) =>
            ended.map(({ connectionId, reason }) => [
              opened.findIndex((one) => one.connectionId === connectionId),
              reason
            ])
        )
      assert.deepStrictEqual(yield* renewed([0, 1, 2, 3, 4], 5, null), [])
      assert.deepStrictEqual(yield* renewed([4, 2, 0], 3, null), [[4, "over_limit"]])
      assert.deepStrictEqual(yield* renewed([1, 2], 5, 1), [[2, "over_limit"]])
      assert.deepStrictEqual(yield* renewed([0, 1], 2, 1), [])
      yield* leases.close(opened[0] ?? wish("", ""))
      assert.deepStrictEqual(yield* renewed([3], 3, null), [])
    })
  )

  it.effect("a key may have fewer than its account", () =>
    Effect.gen(function* () {
      const leases = yield* ConnectionLeases
      const { accountId } = yield* newAccount()
      yield* leases.open(wish(accountId, "narrow", 3, 1))
      const refused = yield* leases.open(wish(accountId, "narrow", 3, 1))
      assert.deepStrictEqual(refused, { _tag: "full", whose: "caller", open: 1 })
      assert.strictEqual((yield* leases.open(wish(accountId, "wide", 3)))._tag, "open")
    })
  )

  it.effect(
    "renewing tells which have to end: those of keys that were revoked, have expired or are gone, of members who left or have no streams any more, and of accounts that were deleted",
    () =>
      Effect.gen(function* () {
        const leases = yield* ConnectionLeases
        const keys = yield* Keys
        const { accountId } = yield* newAccount()
        const key = Effect.fnUntraced(function* (expiresMicros: number | null) {
          const { record } = yield* keys.create({ accountId, name: "k", scopes: ["stream"], expiresMicros })
          return record.prefix
        })
        const [good, revoked, expired] = [yield* key(null), yield* key(null), yield* key(0)]
        yield* keys.revoke(accountId, revoked)
        const members = yield* Members
        const stays = { userId: globalThis.crypto.randomUUID(), email: "stays@example.com" }
        const invitedBy = globalThis.crypto.randomUUID()
        yield* (yield* Accounts).addMember(accountId, invitedBy, "owner")
        const pays = globalThis.crypto.randomUUID()
        yield* (yield* Accounts).addMember(accountId, pays, "member")
        yield* members.setRole({ accountId, by: invitedBy, userId: pays }, "billing")
        const invited = yield* members.invite(accountId, { email: stays.email, role: "member", invitedBy })
        yield* members.accept(Option.getOrThrow(invited).token, stays)
        const held = [
          ...[good, revoked, expired, "0000000000"].map((key) => ({ key, member: null })),
          { key: null, member: stays.userId },
          { key: null, member: globalThis.crypto.randomUUID() },
          { key: null, member: pays }
        ].map(({ key, member }) => ({
          connectionId: globalThis.crypto.randomUUID(),
          accountId,
          caller: key ?? "a person",
          key,
          member,
          accountMax: 7,
          callerMax: null
        }))
        const reasons = new Map((yield* leases.renew(held)).map(({ connectionId, reason }) => [connectionId, reason]))
        assert.deepStrictEqual(
          held.map(({ connectionId }) => reasons.get(connectionId)),
          [undefined, "key_revoked", "key_expired", "gone", undefined, "member_left", "member_left"]
        )
        // Also what was not noted before counts from then on.
        assert.deepInclude(yield* leases.open(wish(accountId, "one more", 7)), { _tag: "full", open: 7 })
        const nowhere = { connectionId: held[0]?.connectionId ?? "", accountId: globalThis.crypto.randomUUID() }
        const ended = yield* leases.renew([
          { ...nowhere, caller: "x", key: null, member: null, accountMax: 7, callerMax: null }
        ])
        assert.deepStrictEqual(
          ended.map(({ reason }) => reason),
          ["gone"]
        )
        yield* members.close(accountId, invitedBy)
        const reasonsThen = (yield* leases.renew(held)).map(({ reason }) => reason)
        assert.deepStrictEqual([...new Set(reasonsThen)], ["gone"])
      })
  )
}
