/** What the people of accounts are promised. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { Keys } from "@kalshibook/store/Keys"
import type { InvitationWish, Person } from "@kalshibook/store/MemberRecord"
import { Members } from "@kalshibook/store/Members"
import { Effect, Option } from "effect"
import { fresh } from "./AccountsSuite.ts"

const person = (): Person => ({
  userId: globalThis.crypto.randomUUID(),
  email: `${fresh("person").replaceAll(" ", "-")}@example.com`
})

const opened = Effect.gen(function* () {
  const members = yield* Members
  const owner = person()
  const { membership } = yield* members.open(owner)
  return { members, owner, accountId: membership.account.accountId }
})

const invited = (accountId: string, wish: InvitationWish) =>
  Effect.flatMap(Members, (members) => Effect.map(members.invite(accountId, wish), Option.getOrThrow))

const joined = Effect.fnUntraced(function* (
  accountId: string,
  invitedBy: string,
  role: "owner" | "member" | "billing"
) {
  const members = yield* Members
  const guest = person()
  const { token } = yield* invited(accountId, { email: guest.email, role, invitedBy })
  assert.isTrue(Option.isSome(yield* members.accept(token, guest)))
  return guest
})

export const membersSuite = (it: Vitest.MethodsNonLive<Keys | Members>): void => {
  it.effect("whoever signs in first gets one account on free as its owner, however many pages ask at once", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const owner = person()
      const answers = yield* Effect.all(
        Array.from({ length: 5 }, () => members.open(owner)),
        { concurrency: 5 }
      )
      assert.strictEqual(answers.filter(({ isNew }) => isNew).length, 1)
      const [membership, ...more] = yield* members.membershipsOf(owner.userId)
      assert.deepStrictEqual(more, [])
      assert.deepInclude(membership, { role: "owner" })
      assert.deepInclude(membership?.account, { tier: "free", name: owner.email })
      assert.deepStrictEqual(yield* members.membershipsOf(person().userId), [])
    })
  )

  it.effect("an invitation lets its own address in, once, and is gone when it is withdrawn or replaced", () =>
    Effect.gen(function* () {
      const { accountId, members, owner } = yield* opened
      const guest = person()
      const wish = { email: guest.email, role: "member", invitedBy: owner.userId } as const
      const old = yield* invited(accountId, wish)
      const { invitation, token } = yield* invited(accountId, wish)
      assert.deepStrictEqual(yield* members.invitations(accountId), [invitation])
      assert.isTrue(Option.isNone(yield* members.accept(old.token, guest)))
      assert.isTrue(Option.isNone(yield* members.accept(token, person())))
      const membership = yield* members.accept(token, guest)
      assert.deepStrictEqual(
        Option.map(membership, ({ account, role }) => [account.accountId, role]),
        Option.some([accountId, "member"])
      )
      assert.isTrue(Option.isNone(yield* members.accept(token, guest)))
      assert.sameDeepMembers(
        (yield* members.list(accountId)).map(({ email, role }) => [email, role]),
        [
          [owner.email, "owner"],
          [guest.email, "member"]
        ]
      )
      const other = yield* invited(accountId, { ...wish, email: person().email })
      const elsewhere = yield* opened
      assert.isFalse(yield* members.withdraw(elsewhere.accountId, other.invitation.invitationId))
      assert.isTrue(yield* members.withdraw(accountId, other.invitation.invitationId))
      assert.deepStrictEqual(yield* members.invitations(accountId), [])
    })
  )

  it.effect("an account keeps an owner: the last one neither leaves nor becomes less", () =>
    Effect.gen(function* () {
      const { accountId, members, owner } = yield* opened
      const guest = yield* joined(accountId, owner.userId, "billing")
      assert.strictEqual(yield* members.remove({ accountId, by: owner.userId, userId: owner.userId }), "last_owner")
      assert.strictEqual(
        yield* members.setRole({ accountId, by: owner.userId, userId: owner.userId }, "member"),
        "last_owner"
      )
      assert.strictEqual(yield* members.setRole({ accountId, by: owner.userId, userId: guest.userId }, "owner"), "done")
      const both = yield* Effect.all(
        [
          members.remove({ accountId, by: owner.userId, userId: owner.userId }),
          members.remove({ accountId, by: guest.userId, userId: guest.userId })
        ],
        { concurrency: 2 }
      )
      assert.sameMembers(both, ["done", "last_owner"])
      assert.strictEqual((yield* members.list(accountId)).length, 1)
      const [left] = yield* members.list(accountId)
      const nobody = { accountId, by: left?.userId ?? "", userId: person().userId }
      assert.strictEqual(yield* members.remove(nobody), "unknown")
    })
  )

  it.effect(
    "what is for owners is done by those who are at that moment; whoever is none any more has invited nobody",
    () =>
      Effect.gen(function* () {
        const { accountId, members, owner } = yield* opened
        for (const end of ["member", null] as const) {
          const other = yield* joined(accountId, owner.userId, "owner")
          const { token } = yield* invited(accountId, { email: other.email, role: "owner", invitedBy: other.userId })
          const change = { accountId, by: owner.userId, userId: other.userId }
          const changed = end === null ? members.remove(change) : members.setRole(change, end)
          assert.strictEqual(yield* changed, "done")
          assert.deepStrictEqual(yield* members.invitations(accountId), [])
          assert.isTrue(Option.isNone(yield* members.accept(token, other)))
          const back = { accountId, by: other.userId, userId: owner.userId }
          assert.strictEqual(yield* members.setRole(back, "billing"), "no_owner")
          assert.strictEqual(yield* members.setRole({ ...back, userId: other.userId }, "owner"), "no_owner")
          assert.strictEqual(yield* members.remove(back), "no_owner")
          const wish = { email: person().email, role: "owner", invitedBy: other.userId } as const
          assert.isTrue(Option.isNone(yield* members.invite(accountId, wish)))
          assert.isFalse(yield* members.close(accountId, other.userId))
        }
        // Two owners who remove one another at once: one is.
        const rival = yield* joined(accountId, owner.userId, "owner")
        const both = yield* Effect.all(
          [
            members.remove({ accountId, by: owner.userId, userId: rival.userId }),
            members.remove({ accountId, by: rival.userId, userId: owner.userId })
          ],
          { concurrency: 2 }
        )
        assert.sameMembers(both, ["done", "no_owner"])
      })
  )

  it.effect(
    "a closed account has no people, no names of theirs, and no key that works; its owner may open another",
    () =>
      Effect.gen(function* () {
        const { accountId, members, owner } = yield* opened
        const keys = yield* Keys
        const { record } = yield* keys.create({
          ...{ accountId, name: "desk", scopes: ["read"] },
          maker: { _tag: "member", ...owner }
        })
        const { token } = yield* invited(accountId, {
          email: person().email,
          role: "member",
          invitedBy: owner.userId
        })
        assert.isTrue(yield* members.close(accountId, owner.userId))
        assert.deepStrictEqual(yield* members.membershipsOf(owner.userId), [])
        assert.deepStrictEqual(yield* members.list(accountId), [])
        assert.deepStrictEqual(yield* members.invitations(accountId), [])
        assert.isTrue(Option.isNone(yield* members.accept(token, owner)))
        // Nor one that is made just then, by somebody who has not heard of it.
        const late = yield* keys.create({ accountId, name: "late", scopes: ["read"] })
        for (const { prefix } of [record, late.record]) assert.isTrue(Option.isNone(yield* keys.find(prefix)))
        const [desk] = yield* keys.list(accountId)
        assert.isNotNull(desk?.revokedMicros)
        for (const personal of [owner.email, owner.userId]) assert.notInclude(JSON.stringify(desk), personal)
        const { isNew, membership } = yield* members.open(owner)
        assert.isTrue(isNew)
        assert.notStrictEqual(membership.account.accountId, accountId)
      })
  )
}
