/** Supabase's own client against the embedded server: what a page does with either. */
import { assert, layer } from "@effect/vitest"
import * as Passwords from "@kalshibook/auth/Passwords"
import type { AuthResponse, GoTrueClient } from "@supabase/auth-js"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose"
import * as AuthTest from "./AuthTest.ts"

const password = "correct horse battery"

const does = <A>(ask: () => Promise<A>) => Effect.promise(ask)

const good = (answer: AuthResponse) => {
  assert.isNull(answer.error)
  return answer.data
}

/** Somebody who has signed up and opened the link of the mail, in a browser that is signed in. */
const signedUp = Effect.gen(function* () {
  const email = AuthTest.freshEmail()
  const client = yield* AuthTest.browser()
  good(yield* does(() => client.signUp({ email, password })))
  yield* AuthTest.open((yield* AuthTest.mailTo(email)).link)
  good(yield* signIn(client, email))
  return { client, email }
})

const signIn = (client: GoTrueClient, email: string, typed = password) =>
  does(() => client.signInWithPassword({ email, password: typed })) as Effect.Effect<AuthResponse>

layer(AuthTest.layer(), { excludeTestServices: true })("the embedded auth server", (it) => {
  it.effect(
    "signs nobody in before the address is confirmed, and then by password, with a token that its keys verify",
    () =>
      Effect.gen(function* () {
        const { url } = yield* AuthTest.Place
        const email = AuthTest.freshEmail()
        const client = yield* AuthTest.browser()
        const made = good(
          yield* does(() => client.signUp({ email: email.toUpperCase(), password, options: { data: { name: "Ada" } } }))
        )
        assert.isNull(made.session)
        assert.strictEqual(made.user?.email, email)
        assert.strictEqual((yield* signIn(client, email)).error?.code, "email_not_confirmed")
        const landed = yield* AuthTest.open((yield* AuthTest.mailTo(email)).link)
        assert.match(landed.hash, /access_token=.*type=signup/)
        const { session, user } = good(yield* signIn(client, email))
        assert.deepInclude(user?.user_metadata, { name: "Ada" })
        const jwks = yield* does(() =>
          fetch(`${url}/.well-known/jwks.json`).then((answer) => answer.json() as Promise<JSONWebKeySet>)
        )
        const { payload } = yield* does(() =>
          jwtVerify(session?.access_token ?? "", createLocalJWKSet(jwks), { issuer: url, audience: "authenticated" })
        )
        assert.strictEqual(payload.sub, user?.id)
        assert.strictEqual(payload["role"], "authenticated")
        const { data } = yield* does(() => client.getUser())
        assert.strictEqual(data.user?.id, user?.id)
      })
  )

  it.effect("a wrong password and an address that nobody has are answered alike", () =>
    Effect.gen(function* () {
      const { client, email } = yield* signedUp
      const wrong = yield* signIn(client, email, "something else")
      const nobody = yield* signIn(client, AuthTest.freshEmail())
      assert.strictEqual(wrong.error?.code, "invalid_credentials")
      assert.deepStrictEqual([wrong.error?.message, wrong.error?.status], [nobody.error?.message, nobody.error?.status])
    })
  )

  it.effect("whoever signs up with an address that is taken learns nothing, and its owner gets no mail", () =>
    Effect.gen(function* () {
      const { mails } = yield* AuthTest.Place
      const { email } = yield* signedUp
      const before = mails.length
      const stranger = yield* AuthTest.browser()
      const { session, user } = good(yield* does(() => stranger.signUp({ email, password: "another password" })))
      assert.isNull(session)
      assert.strictEqual(user?.email, email)
      assert.strictEqual(mails.length, before)
      assert.strictEqual((yield* signIn(stranger, email, "another password")).error?.code, "invalid_credentials")
    })
  )

  it.effect("whoever signs up first with the address of somebody else has no way in once its owner has shown up", () =>
    Effect.gen(function* () {
      const stranger = yield* AuthTest.browser()
      const owner = yield* AuthTest.browser()
      const ways: ReadonlyArray<(email: string) => Promise<{ readonly error: unknown }>> = [
        (email: string) => owner.signInWithOtp({ email }),
        (email: string) => owner.resetPasswordForEmail(email)
      ]
      for (const way of ways) {
        const email = AuthTest.freshEmail()
        const wish = { email, password: "of the stranger", options: { data: { name: "Mallory" } } }
        good(yield* does(() => stranger.signUp(wish)))
        assert.isNull((yield* does(() => way(email))).error)
        const landed = yield* AuthTest.open((yield* AuthTest.mailTo(email)).link)
        assert.include(landed.hash, "access_token=")
        assert.strictEqual((yield* signIn(stranger, email, wish.password)).error?.code, "invalid_credentials")
        const [access_token, refresh_token] = ["access_token", "refresh_token"].map(
          (name) => new URLSearchParams(landed.hash.slice(1)).get(name) ?? ""
        ) as [string, string]
        const { data } = yield* does(() => owner.setSession({ access_token, refresh_token }))
        assert.notProperty(data.user?.user_metadata, "name")
      }
    })
  )

  it.effect("of several who sign up with an address, the one whose mail is opened is in, and hears of no other", () =>
    Effect.gen(function* () {
      const email = AuthTest.freshEmail()
      const [stranger, owner] = [yield* AuthTest.browser(), yield* AuthTest.browser()]
      const first = good(
        yield* does(() =>
          stranger.signUp({ email, password: "of the stranger", options: { data: { name: "Mallory" } } })
        )
      )
      const second = good(yield* does(() => owner.signUp({ email, password, options: { data: { name: "Ada" } } })))
      assert.notStrictEqual(second.user?.id, first.user?.id)
      assert.deepStrictEqual(second.user?.user_metadata, { name: "Ada" })
      assert.notStrictEqual(second.user?.created_at, first.user?.created_at)
      assert.strictEqual((yield* signIn(owner, email)).error?.code, "email_not_confirmed")
      // The same mail once more asks for the same.
      assert.isNull((yield* does(() => owner.resend({ email, type: "signup" }))).error)
      yield* AuthTest.open((yield* AuthTest.mailTo(email)).link)
      assert.deepStrictEqual(good(yield* signIn(owner, email)).user?.user_metadata, { name: "Ada" })
      assert.strictEqual((yield* signIn(stranger, email, "of the stranger")).error?.code, "invalid_credentials")
    })
  )

  it.effect("a mail by which a stranger signed up is of no use once the address is confirmed otherwise", () =>
    Effect.gen(function* () {
      const { mails } = yield* AuthTest.Place
      const email = AuthTest.freshEmail()
      const client = yield* AuthTest.browser()
      good(yield* does(() => client.signUp({ email, password: "of the stranger" })))
      const ofStranger = yield* AuthTest.mailTo(email)
      yield* does(() => client.signInWithOtp({ email }))
      assert.notStrictEqual(mails.at(-1), ofStranger)
      yield* AuthTest.open((yield* AuthTest.mailTo(email)).link)
      yield* AuthTest.open(ofStranger.link)
      assert.strictEqual((yield* signIn(client, email, "of the stranger")).error?.code, "invalid_credentials")
    })
  )

  it.effect("a refresh token is good once; the one before ends the session, save within ten seconds", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client } = yield* signedUp
      const { data } = yield* does(() => client.getSession())
      const first = { refresh_token: data.session?.refresh_token ?? "" }
      const second = good(yield* does(() => client.refreshSession(first)))
      assert.notStrictEqual(second.session?.refresh_token, first.refresh_token)
      // Another tab that has refreshed at once.
      good(yield* does(() => client.refreshSession(first)))
      yield* sql`update embedded_auth.refresh_tokens set ts_used_micros = ts_used_micros - 11000000`
      const stolen = yield* does(() => client.refreshSession(first))
      assert.strictEqual(stolen.error?.code, "refresh_token_already_used")
      const victim = yield* does(() => client.refreshSession({ refresh_token: second.session?.refresh_token ?? "" }))
      assert.strictEqual(victim.error?.code, "refresh_token_not_found")
    })
  )

  it.effect("a link signs in once, whoever is new too, and leads back to our pages alone", () =>
    Effect.gen(function* () {
      const email = AuthTest.freshEmail()
      const client = yield* AuthTest.browser()
      const emailRedirectTo = "https://evil.example/steal"
      assert.isNull((yield* does(() => client.signInWithOtp({ email, options: { emailRedirectTo } }))).error)
      const { link } = yield* AuthTest.mailTo(email)
      const landed = yield* AuthTest.open(link)
      const { url } = yield* AuthTest.Place
      assert.strictEqual(landed.origin, new URL(url).origin)
      assert.include(landed.hash, "access_token=")
      assert.include((yield* AuthTest.open(link)).hash, "error_code=otp_expired")
      const allowed = { email: AuthTest.freshEmail(), options: { emailRedirectTo: "https://site.example/welcome" } }
      yield* does(() => client.signInWithOtp(allowed))
      const there = yield* AuthTest.open((yield* AuthTest.mailTo(allowed.email)).link)
      assert.strictEqual(`${there.origin}${there.pathname}`, "https://site.example/welcome")
    })
  )

  it.effect("six digits sign in, and five wrong ones are the end of the right one", () =>
    Effect.gen(function* () {
      const client = yield* AuthTest.browser()
      const email = AuthTest.freshEmail()
      yield* does(() => client.signInWithOtp({ email }))
      const { code: token } = yield* AuthTest.mailTo(email)
      good(yield* does(() => client.verifyOtp({ email, token, type: "email" })))
      const other = AuthTest.freshEmail()
      yield* does(() => client.signInWithOtp({ email: other }))
      const right = (yield* AuthTest.mailTo(other)).code
      const wrong = right === "000000" ? "000001" : "000000"
      for (let guess = 0; guess < 5; guess++) {
        const answer = yield* does(() => client.verifyOtp({ email: other, token: wrong, type: "email" }))
        assert.strictEqual(answer.error?.code, "otp_expired")
      }
      const late = yield* does(() => client.verifyOtp({ email: other, token: right, type: "email" }))
      assert.strictEqual(late.error?.code, "otp_expired")
    })
  )

  it.effect("whoever guesses at six digits waits, whatever mails are asked for between", () =>
    Effect.gen(function* () {
      const email = AuthTest.freshEmail()
      const client = yield* AuthTest.browser()
      const codes: Array<string | undefined> = []
      for (let guess = 0; guess < 12; guess++) {
        codes.push((yield* does(() => client.verifyOtp({ email, token: "000000", type: "email" }))).error?.code)
      }
      assert.strictEqual(codes[0], "otp_expired")
      assert.strictEqual(codes.at(-1), "over_request_rate_limit")
    })
  )

  it.effect("a page that asks with a challenge gets a code, of use to itself alone and once", () =>
    Effect.gen(function* () {
      const email = AuthTest.freshEmail()
      const client = yield* AuthTest.browser("pkce")
      good(yield* does(() => client.signUp({ email, password })))
      const landed = yield* AuthTest.open((yield* AuthTest.mailTo(email)).link)
      const code = landed.searchParams.get("code") ?? ""
      assert.notInclude(landed.href, "access_token")
      const { data, error } = yield* does(() => client.exchangeCodeForSession(code))
      assert.isNull(error)
      assert.strictEqual(data.user?.email, email)
      const { url } = yield* AuthTest.Place
      const again = yield* does(() =>
        fetch(`${url}/token?grant_type=pkce`, {
          method: "POST",
          body: JSON.stringify({ auth_code: code, code_verifier: "x".repeat(50) })
        }).then(async (answer) => ({ status: answer.status, body: await answer.json() }))
      )
      assert.deepInclude(again.body, { code: "flow_state_not_found" })
    })
  )

  it.effect("a forgotten password is replaced by mail, and whoever knew the old one is signed out", () =>
    Effect.gen(function* () {
      const { client: thief, email } = yield* signedUp
      const client = yield* AuthTest.browser()
      yield* does(() => client.resetPasswordForEmail(email))
      const landed = yield* AuthTest.open((yield* AuthTest.mailTo(email)).link)
      const fragment = new URLSearchParams(landed.hash.slice(1))
      assert.strictEqual(fragment.get("type"), "recovery")
      const access_token = fragment.get("access_token") ?? ""
      yield* does(() => client.setSession({ access_token, refresh_token: fragment.get("refresh_token") ?? "" }))
      const same = yield* does(() => client.updateUser({ password }))
      assert.strictEqual(same.error?.code, "same_password")
      assert.isNull((yield* does(() => client.updateUser({ password: "a new password" }))).error)
      good(yield* signIn(client, email, "a new password"))
      assert.strictEqual((yield* signIn(client, email)).error?.code, "invalid_credentials")
      assert.isNotNull((yield* does(() => thief.refreshSession())).error)
    })
  )

  it.effect("signing out ends the session on the server, not only in the browser", () =>
    Effect.gen(function* () {
      const { url } = yield* AuthTest.Place
      const { client } = yield* signedUp
      const { data } = yield* does(() => client.getSession())
      const authorization = `Bearer ${data.session?.access_token}`
      assert.isNull((yield* does(() => client.signOut())).error)
      const answer = yield* does(() => fetch(`${url}/user`, { headers: { authorization } }))
      assert.strictEqual(answer.status, 403)
    })
  )

  it.effect("whoever tries passwords waits, and is told for how long", () =>
    Effect.gen(function* () {
      const { email } = yield* signedUp
      const client = yield* AuthTest.browser()
      let refusal: AuthResponse["error"] = null
      for (let attempt = 0; attempt < 15 && refusal?.code !== "over_request_rate_limit"; attempt++) {
        refusal = (yield* signIn(client, email, `guess number ${attempt}`)).error
      }
      assert.strictEqual(refusal?.status, 429)
      assert.match(refusal?.message ?? "", /try again in \d+ seconds/)
    })
  )

  it.effect("what is no call of it is refused with a code and a word, never with a fault", () =>
    Effect.gen(function* () {
      const { url } = yield* AuthTest.Place
      const bodies = [
        "",
        "null",
        "[]",
        "{",
        '{"email":5}',
        '{"email":"no","password":"short"}',
        '{"email":"no address","password":"long enough"}'
      ]
      for (const path of [
        "signup",
        "token?grant_type=password",
        "token?grant_type=refresh_token",
        "token",
        "otp",
        "recover",
        "resend",
        "verify"
      ]) {
        for (const body of bodies) {
          const answer = yield* does(() => fetch(`${url}/${path}`, { method: "POST", body }))
          const said = yield* does(() => answer.json() as Promise<{ code: string; message: string }>)
          assert.isBelow(answer.status, 500, `${path} ${body}`)
          assert.isAtLeast(answer.status, 400, `${path} ${body}`)
          assert.isString(said.code)
          assert.isString(said.message)
        }
      }
      for (const authorization of ["", "Bearer x", "Bearer a.b.c"]) {
        const answer = yield* does(() => fetch(`${url}/user`, { headers: { authorization } }))
        assert.include([401, 403], answer.status)
      }
    })
  )

  it.effect("the database holds no password, no token and no code", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client, email } = yield* signedUp
      yield* does(() => client.signInWithOtp({ email: AuthTest.freshEmail() }))
      const { data } = yield* does(() => client.getSession())
      const rows = yield* sql`
        select to_jsonb(users)::text as row from embedded_auth.users
        union all select to_jsonb(refresh_tokens)::text from embedded_auth.refresh_tokens
        union all select to_jsonb(mail_tokens)::text from embedded_auth.mail_tokens`
      const dump = rows.map(({ row }) => String(row)).join("\n")
      assert.include(dump, email)
      for (const secret of [password, data.session?.refresh_token ?? "none"]) assert.notInclude(dump, secret)
      const { mails } = yield* AuthTest.Place
      for (const { link } of mails) assert.notInclude(dump, new URL(link).searchParams.get("token_hash") ?? "none")
      const cost = yield* Passwords.HashCost
      assert.deepStrictEqual(cost, { logN: 15, r: 8, p: 3 }, "what a program hashes with")
      const hashed = yield* Passwords.hash(password, cost)
      assert.match(hashed, /^scrypt\$15\$8\$3\$/)
      assert.isTrue(yield* Passwords.isRight(password, hashed, cost))
      assert.isFalse(yield* Passwords.isRight(`${password}.`, hashed, cost))
      assert.isFalse(yield* Passwords.isRight(password, null, cost))
    })
  )
})

layer(AuthTest.layer(true), { excludeTestServices: true })("an embedded auth server that confirms by itself", (it) => {
  it.effect("signs in at once whoever signs up, and says who has that address already", () =>
    Effect.gen(function* () {
      const email = AuthTest.freshEmail()
      const client = yield* AuthTest.browser()
      const { session } = good(yield* does(() => client.signUp({ email, password })))
      assert.isNotNull(session)
      const again = yield* does(() => client.signUp({ email, password }))
      assert.strictEqual(again.error?.code, "user_already_exists")
    })
  )
})
