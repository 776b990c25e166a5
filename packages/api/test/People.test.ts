/** People who are signed in: their account from its first day to its end, and whom they share it with. */
import { assert, layer } from "@effect/vitest"
import { ClosingSteps, NotClosable } from "@kalshibook/api/AccountClosing"
import { type InvitationMail, InvitationMails } from "@kalshibook/api/InvitationMails"
import { SignInRemoval } from "@kalshibook/api/SignInRemoval"
import type { MemberRole } from "@kalshibook/core/contract/MemberRoles"
import type { Person } from "@kalshibook/store/MemberRecord"
import { Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "./ApiTest.ts"
import { type Asked, type Json, json } from "./Http.ts"
import * as SignedIn from "./SignedIn.ts"

const mails: Array<InvitationMail> = []
const ended: Array<string> = []
let isSubscribed = false

const around = Layer.mergeAll(
  SignedIn.tokens,
  Layer.succeed(
    InvitationMails,
    Option.some((mail: InvitationMail) => Effect.sync(() => void mails.push(mail)))
  ),
  Layer.succeed(SignInRemoval, (userId: string) => Effect.sync(() => void ended.push(`sign-in ${userId}`))),
  Layer.succeed(ClosingSteps, [
    {
      close: ({ name }) =>
        isSubscribed
          ? Effect.fail(new NotClosable({ detail: "The subscription could not be cancelled." }))
          : Effect.sync(() => void ended.push(`subscription ${name}`))
    }
  ])
)

const as = (person: Person, path: string, asked: Omit<Asked, "key"> = {}) =>
  json(path, { ...asked, key: SignedIn.tokenOf(person) })

const post = (person: Person, path: string, body?: unknown) => as(person, path, { method: "POST", body })

/** Somebody with an account. */
const owner = Effect.fnUntraced(function* (name: string) {
  const person = SignedIn.stranger(name)
  const { body } = yield* post(person, "/v1/accounts")
  return { person, key: String(body.secret), account: body.account as { account_id: string; name: string } }
})

/** Somebody who was invited and came. */
const joined = Effect.fnUntraced(function* (inviter: Person, name: string, role: MemberRole) {
  const person = SignedIn.stranger(name)
  const { body } = yield* post(inviter, "/v1/invitations", { email: person.email, role })
  assert.strictEqual((yield* post(person, "/v1/invitations/accept", { token: body.token })).status, 200)
  return person
})

const said = ({ body, status }: { readonly status: number; readonly body: { readonly code?: string } }) => [
  status,
  body.code
]

layer(ApiTest.layerAround(around))("somebody who is signed in", (it) => {
  it.effect("opens one account with one key that works, told once, however often and from how many pages", () =>
    Effect.gen(function* () {
      const ada = SignedIn.stranger("ada")
      assert.deepStrictEqual((yield* as(ada, "/v1/session")).body.accounts, [])
      assert.deepStrictEqual(said(yield* as(ada, "/v1/account")), [403, "no_account"])
      assert.strictEqual((yield* as(ada, "/v1/status")).status, 200)
      const answers = yield* Effect.all(
        Array.from({ length: 4 }, () => post(ada, "/v1/accounts")),
        { concurrency: 4 }
      )
      const [made, ...more] = answers.filter(({ body }) => body.is_new)
      assert.deepStrictEqual(more, [])
      assert.deepInclude(made?.body.account, { name: ada.email, role: "owner", tier: "free" })
      for (const { body } of answers) if (!body.is_new) assert.deepStrictEqual([body.key, body.secret], [null, null])
      const account = yield* json("/v1/account", { key: made?.body.secret })
      assert.strictEqual(account.body.account_id, made?.body.account.account_id)
      const session = yield* as(ada, "/v1/session")
      assert.deepStrictEqual(
        [session.body.user_id, session.body.email, session.body.accounts],
        [ada.userId, ada.email, [made?.body.account]]
      )
      // And is metered as any caller.
      assert.strictEqual((yield* as(ada, "/v1/markets")).status, 200)
      const { keys } = (yield* as(ada, "/v1/keys")).body
      assert.deepStrictEqual(
        keys.map((key: { id: string }) => key.id),
        [made?.body.key.id]
      )
    })
  )

  it.effect("may what the role is for, from the next seconds on, and nothing else", () =>
    Effect.gen(function* () {
      const { person: ada } = yield* owner("owner")
      const [member, billing] = [yield* joined(ada, "member", "member"), yield* joined(ada, "billing", "billing")]
      assert.deepInclude(mails.at(-1), { to: billing.email, from: ada.email, accountName: ada.email, role: "billing" })
      const may = Effect.fnUntraced(function* (person: Person) {
        const asked = [
          as(person, "/v1/usage"),
          as(person, "/v1/members"),
          as(person, "/v1/account", { method: "PATCH", body: { month_credits_cap: 900 } }),
          as(person, "/v1/keys"),
          as(person, "/v1/markets"),
          post(person, "/v1/tickets"),
          as(person, "/v1/invitations"),
          post(person, "/v1/invitations", { email: "x@example.com", role: "member" }),
          as(person, `/v1/members/${ada.userId}`, { method: "PATCH", body: { role: "billing" } }),
          as(person, `/v1/members/${ada.userId}`, { method: "DELETE" }),
          as(person, "/v1/account", { method: "DELETE", body: { name: ada.email } })
        ]
        const answers = yield* Effect.all(asked)
        for (const { body, status } of answers) if (status === 403) assert.strictEqual(body.code, "role_missing")
        return answers.map(({ status }) => status)
      })
      assert.deepStrictEqual(yield* may(member), [200, 200, 403, 200, 200, 200, 403, 403, 403, 403, 403])
      assert.deepStrictEqual(yield* may(billing), [200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403])
      const raised = yield* as(ada, `/v1/members/${billing.userId}`, { method: "PATCH", body: { role: "member" } })
      const found = raised.body.members.find((one: { user_id: string }) => one.user_id === billing.userId)
      assert.strictEqual(found.role, "member")
      assert.strictEqual((yield* as(billing, "/v1/keys")).status, 200)
      yield* as(ada, `/v1/members/${billing.userId}`, { method: "DELETE" })
      assert.deepStrictEqual(said(yield* as(billing, "/v1/keys")), [403, "no_account"])
    })
  )

  it.effect("gives no key more than his role has, neither by making one nor by replacing one", () =>
    Effect.gen(function* () {
      const { person: ada } = yield* owner("giver")
      const member = yield* joined(ada, "taker", "member")
      const made = yield* post(ada, "/v1/keys", { name: "for all", scopes: ["read", "admin"] })
      assert.strictEqual(made.status, 200)
      const refused = [
        yield* post(member, "/v1/keys", { name: "for more", scopes: ["admin"] }),
        yield* post(member, `/v1/keys/${made.body.key.id}/rotate`, {})
      ]
      for (const answer of refused) assert.deepStrictEqual(said(answer), [403, "scope_missing"])
      assert.strictEqual((yield* post(member, "/v1/keys", { name: "to read", scopes: ["read"] })).status, 200)
    })
  )

  it.effect("leaves, and owners see which keys he made or replaced, by himself or with a key, that work still", () =>
    Effect.gen(function* () {
      const { person: ada } = yield* owner("stays")
      const bob = yield* joined(ada, "leaves", "member")
      const [mine, his] = [
        yield* post(ada, "/v1/keys", { name: "hers", scopes: ["read", "admin"] }),
        yield* post(bob, "/v1/keys", { name: "his", scopes: ["read"] })
      ]
      const byKey = yield* json("/v1/keys", { method: "POST", key: mine.body.secret, body: { name: "by key" } })
      yield* post(ada, `/v1/keys/${his.body.key.id}/rotate`, {})
      const makers = Effect.map(as(ada, "/v1/keys"), ({ body }) =>
        body.keys
          .slice(1)
          .map((key: Json) => [key.name, key.created_by.kind, key.created_by.name, key.created_by.is_gone])
      )
      const [hers, replaced] = [
        ["hers", "member", ada.email, false],
        ["his", "member", ada.email, false]
      ]
      assert.deepStrictEqual(yield* makers, [
        hers,
        ["his", "member", bob.email, false],
        ["by key", "key", mine.body.key.id, false],
        replaced
      ])
      assert.deepStrictEqual(byKey.body.key.created_by.name, mine.body.key.id)
      yield* as(ada, `/v1/members/${bob.userId}`, { method: "DELETE" })
      yield* as(ada, `/v1/keys/${mine.body.key.id}`, { method: "DELETE" })
      assert.deepStrictEqual(yield* makers, [
        hers,
        ["his", "member", bob.email, true],
        ["by key", "key", mine.body.key.id, true],
        replaced
      ])
    })
  )

  it.effect("is of several accounts, and says which is meant", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* owner("first"), yield* owner("second")]
      const { body } = yield* post(one.person, "/v1/invitations", { email: other.person.email, role: "billing" })
      assert.deepStrictEqual(said(yield* post(one.person, "/v1/invitations/accept", { token: body.token })), [
        404,
        "unknown_invitation"
      ])
      yield* post(other.person, "/v1/invitations/accept", { token: body.token })
      const { accounts } = (yield* as(other.person, "/v1/session")).body
      assert.deepStrictEqual(
        accounts.map((account: { name: string; role: string }) => [account.name, account.role]),
        [
          [one.person.email, "billing"],
          [other.person.email, "owner"]
        ]
      )
      const named = (id: string, path: string) => as(other.person, path, { headers: { "X-Account": id } })
      assert.strictEqual((yield* named(other.account.account_id, "/v1/account")).body.name, other.person.email)
      assert.deepStrictEqual(said(yield* named(one.account.account_id, "/v1/keys")), [403, "role_missing"])
      const third = yield* owner("third")
      assert.deepStrictEqual(said(yield* named(third.account.account_id, "/v1/account")), [403, "no_account"])
    })
  )

  it.effect("never leaves an account without an owner, and leaves by themselves where another stays", () =>
    Effect.gen(function* () {
      const { person: ada } = yield* owner("last")
      const member = yield* joined(ada, "stays", "member")
      const self = `/v1/members/${ada.userId}`
      assert.deepStrictEqual(said(yield* as(ada, self, { method: "DELETE" })), [409, "last_owner"])
      const lowered = yield* as(ada, self, { method: "PATCH", body: { role: "member" } })
      assert.deepStrictEqual(said(lowered), [409, "last_owner"])
      yield* as(ada, `/v1/members/${member.userId}`, { method: "PATCH", body: { role: "owner" } })
      assert.deepStrictEqual((yield* as(ada, self, { method: "DELETE" })).body.members, [])
      assert.deepStrictEqual(said(yield* as(ada, "/v1/members")), [403, "no_account"])
      assert.strictEqual((yield* as(member, "/v1/members")).body.members.length, 1)
      const nobody = `/v1/members/${globalThis.crypto.randomUUID()}`
      assert.deepStrictEqual(said(yield* as(member, nobody, { method: "DELETE" })), [404, "unknown_member"])
    })
  )

  it.effect("withdraws what was not accepted; an invitation is good once", () =>
    Effect.gen(function* () {
      const { person: ada } = yield* owner("inviting")
      const guest = SignedIn.stranger("guest")
      const invite = () => post(ada, "/v1/invitations", { email: guest.email.toUpperCase(), role: "member" })
      const { body } = yield* invite()
      assert.deepInclude(body, { is_mailed: true })
      const { invitations } = (yield* as(ada, "/v1/invitations")).body
      assert.deepStrictEqual(invitations, [body.invitation])
      const gone = yield* as(ada, `/v1/invitations/${body.invitation.id}`, { method: "DELETE" })
      assert.deepStrictEqual(gone.body.invitations, [])
      const again = yield* as(ada, `/v1/invitations/${body.invitation.id}`, { method: "DELETE" })
      assert.deepStrictEqual(said(again), [404, "unknown_invitation"])
      const accept = (token: string) => post(guest, "/v1/invitations/accept", { token })
      assert.deepStrictEqual(said(yield* accept(body.token)), [404, "unknown_invitation"])
      const { token } = (yield* invite()).body
      assert.strictEqual((yield* accept(token)).body.account.role, "member")
      assert.deepStrictEqual(said(yield* accept(token)), [404, "unknown_invitation"])
    })
  )

  it.effect("deletes the account by its name: keys, people and what runs beside it end; or nothing does", () =>
    Effect.gen(function* () {
      const { account, key, person: ada } = yield* owner("leaving")
      const member = yield* joined(ada, "left-behind", "member")
      const close = (name: string) => as(ada, "/v1/account", { method: "DELETE", body: { name } })
      assert.deepStrictEqual(said(yield* close("leaving")), [409, "closing_unconfirmed"])
      isSubscribed = true
      assert.deepStrictEqual(said(yield* close(account.name)), [503, "closing_refused"])
      assert.strictEqual((yield* json("/v1/account", { key })).status, 200)
      isSubscribed = false
      assert.deepInclude((yield* close(account.name)).body, { account_id: account.account_id, closed: true })
      assert.deepStrictEqual(said(yield* json("/v1/account", { key })), [401, "key_invalid"])
      assert.deepStrictEqual(said(yield* as(member, "/v1/account")), [403, "no_account"])
      assert.deepStrictEqual(ended, [`subscription ${account.name}`, `sign-in ${ada.userId}`])
      assert.deepStrictEqual((yield* as(ada, "/v1/session")).body.accounts, [])
      // Whoever comes back begins anew.
      assert.deepInclude((yield* post(ada, "/v1/accounts")).body, { is_new: true })
    })
  )

  it.effect("is asked to sign in again with a token that is not, or no longer, meant for us; a key is not enough", () =>
    Effect.gen(function* () {
      const { key, person: ada } = yield* owner("verified")
      const wrong = [
        SignedIn.tokenOf(ada, { iss: "https://elsewhere.example/auth/v1" }),
        SignedIn.tokenOf(ada, { aud: "anon" }),
        SignedIn.tokenOf(ada, { exp: 1_000 }),
        SignedIn.tokenOf(ada, { role: "service_role" }),
        SignedIn.tokenOf(ada, { is_anonymous: true }),
        SignedIn.tokenOf(ada, { sub: "not-a-uuid" }),
        SignedIn.tokenOf(ada, {}, SignedIn.newPair("ours")),
        `${SignedIn.tokenOf(ada).slice(0, -4)}AAAA`
      ]
      yield* TestClock.adjust("1 hour")
      for (const token of wrong)
        assert.deepStrictEqual(said(yield* json("/v1/session", { key: token })), [401, "key_invalid"])
      assert.deepStrictEqual(said(yield* json("/v1/session", { key })), [401, "sign_in_required"])
      assert.deepStrictEqual(said(yield* json("/v1/members", { key })), [401, "sign_in_required"])
      assert.deepStrictEqual(said(yield* json("/v1/members", { key: null })), [401, "sign_in_required"])
    })
  )
})
