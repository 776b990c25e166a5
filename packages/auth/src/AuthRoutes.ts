/**
 * The embedded auth server as routes under `/auth/v1`: the REST of GoTrue, as far as `@supabase/auth-js` uses it, so that a page signs in
 * here and at Supabase with the very same code.
 */
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Effect, type Layer, Option, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Attempts from "./Attempts.ts"
import * as AuthBodies from "./AuthBodies.ts"
import * as AuthError from "./AuthError.ts"
import { type Asked, AuthFlows } from "./AuthFlows.ts"
import { Settings } from "./AuthSettings.ts"
import * as AuthView from "./AuthView.ts"
import * as MailLink from "./MailLink.ts"
import type { MailKind } from "./MailTokens.ts"
import { Sessions } from "./Sessions.ts"
import { SigningKey } from "./SigningKey.ts"
import { nowMicros, Users } from "./Users.ts"

type Request = HttpServerRequest.HttpServerRequest
type Failure = AuthError.AuthError | HotTierError

const version = { "x-supabase-api-version": "2024-01-01", "cache-control": "no-store" }

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: { ...version, ...headers } })

const refused = ({ code, message, retryAfterSeconds, status }: AuthError.AuthError) =>
  json({ code, message }, status, retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) })

/** GoTrue's shape for every failure; of what is wrong with our database nothing is told. */
const answered = <R>(effect: Effect.Effect<HttpServerResponse.HttpServerResponse, Failure, R>) =>
  effect.pipe(
    Effect.catchTag("AuthError", (error) => Effect.succeed(refused(error))),
    Effect.catchTag("HotTierError", (error) =>
      Effect.as(
        Effect.logError(`auth: ${error.message}`),
        json({ code: "unexpected_failure", message: "The auth server cannot reach its database: try again." }, 503)
      )
    )
  )

const bodyOf = Effect.fnUntraced(function* <S extends Schema.Top & { readonly DecodingServices: never }>(
  request: Request,
  schema: S
) {
  const body = yield* Effect.mapError(request.json, () => AuthError.badJson())
  return yield* Effect.mapError(Schema.decodeUnknownEffect(schema)(body), ({ message }) =>
    AuthError.validationFailed(message.replaceAll(/\s+/g, " "))
  )
})

const queryOf = ({ url }: Request): URLSearchParams => new URLSearchParams(url.split("?", 2)[1] ?? "")
const addressOf = (request: Request): string => Option.getOrElse(request.remoteAddress, () => "unknown")

const kindsOfVerification: Readonly<Record<string, ReadonlyArray<MailKind>>> = {
  signup: ["signup"],
  // What a person types may be of a mail that signs up or of one that signs in.
  email: ["magiclink", "signup"],
  magiclink: ["magiclink"],
  recovery: ["recovery"],
  email_change: ["email_change"]
}

const routes = Effect.gen(function* () {
  const flows = yield* AuthFlows
  const key = yield* SigningKey
  const sessions = yield* Sessions
  const settings = yield* Settings
  const users = yield* Users
  const attempts = Attempts.make(settings.limits)

  const askedOf = (
    request: Request,
    body: Parameters<typeof AuthBodies.challengeOf>[0]
  ): Effect.Effect<Asked, AuthError.AuthError> =>
    Effect.map(AuthBodies.challengeOf(body), (challenge) => ({
      challenge,
      redirectTo: MailLink.safeRedirect(settings, queryOf(request).get("redirect_to"))
    }))

  /** Whoever is signed in. */
  const signedIn = Effect.fnUntraced(function* (request: Request) {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers["authorization"] ?? "") ?? []
    if (token === undefined) return yield* AuthError.noAuthorization()
    const claims = Option.getOrUndefined(key.claimsOf(token))
    const { exp, session_id: sessionId, sub } = claims ?? {}
    const isGood = typeof exp === "number" && exp * 1_000_000 > (yield* nowMicros)
    if (!isGood || typeof sub !== "string" || typeof sessionId !== "string") return yield* AuthError.badJwt()
    const session = yield* sessions.find(sessionId)
    const user = yield* users.byId(sub)
    if (Option.isNone(session) || Option.isNone(user)) return yield* AuthError.sessionNotFound()
    return { session: session.value, user: user.value }
  })

  const signUp = Effect.fnUntraced(function* (request: Request) {
    const body = yield* bodyOf(request, AuthBodies.SignUp)
    const email = yield* AuthBodies.emailOf(body.email)
    const password = yield* AuthBodies.passwordOf(body.password)
    yield* attempts.mail(addressOf(request), email)
    return json(yield* flows.signUp({ email, password, metadata: body.data ?? {} }, yield* askedOf(request, body)))
  })

  const token = Effect.fnUntraced(function* (request: Request) {
    const address = addressOf(request)
    switch (queryOf(request).get("grant_type")) {
      case "password": {
        const { email, password } = yield* bodyOf(request, AuthBodies.PasswordGrant)
        const known = yield* AuthBodies.emailOf(email)
        yield* attempts.signIn(address, known)
        return json(yield* flows.byPassword(known, password))
      }
      case "refresh_token": {
        const body = yield* bodyOf(request, AuthBodies.RefreshGrant)
        return json(yield* flows.byRefreshToken(body.refresh_token))
      }
      case "pkce": {
        const body = yield* bodyOf(request, AuthBodies.PkceGrant)
        yield* attempts.signIn(address, undefined)
        return json(yield* flows.byFlowCode(body.auth_code, body.code_verifier))
      }
      default:
        return yield* AuthError.validationFailed("grant_type must be password, refresh_token or pkce")
    }
  })

  const mail = (kindOf: (type: string | null | undefined) => "magiclink" | "recovery" | "signup" | undefined) =>
    Effect.fnUntraced(function* (request: Request) {
      const body = yield* bodyOf(request, AuthBodies.MailWish)
      const email = yield* AuthBodies.emailOf(body.email)
      const kind = kindOf(body.type)
      if (kind === undefined) return yield* AuthError.validationFailed("type must be signup")
      yield* attempts.mail(addressOf(request), email)
      const makesUser =
        kind === "magiclink" && body.create_user !== false
          ? Option.some({ metadata: body.data ?? {} })
          : Option.none<{ readonly metadata: Record<string, unknown> }>()
      yield* flows.mail(email, kind, { ...(yield* askedOf(request, body)), makesUser })
      return json({})
    })

  const verify = Effect.fnUntraced(function* (request: Request) {
    const body = yield* bodyOf(request, AuthBodies.Verification)
    const email = body.email == null ? undefined : yield* AuthBodies.emailOf(body.email)
    // A link's token cannot be guessed; six digits can, from many addresses.
    yield* attempts.signIn(addressOf(request), body.token_hash == null ? email : undefined)
    if (body.token_hash != null) return json(yield* flows.byMailToken(body.token_hash))
    const kinds = kindsOfVerification[body.type]
    if (kinds === undefined || email === undefined || body.token == null) {
      return yield* AuthError.validationFailed("Verify requires token_hash, or email, token and a type")
    }
    return json(yield* flows.byMailCode(email, kinds, body.token))
  })

  /** A link of a mail: leads on, with a session, a code, or the problem. */
  const follow = Effect.fnUntraced(function* (request: Request) {
    const query = queryOf(request)
    const redirectTo = MailLink.safeRedirect(settings, query.get("redirect_to"))
    const opened = attempts
      .signIn(addressOf(request), undefined)
      .pipe(Effect.andThen(flows.openLink(query.get("token_hash") ?? query.get("token") ?? "")))
    const location = yield* Effect.match(opened, {
      onSuccess: (found) =>
        found._tag === "code"
          ? MailLink.withCode(redirectTo, found.code)
          : MailLink.withSession(redirectTo, found.session, found.kind),
      onFailure: (error) => MailLink.withProblem(redirectTo, error)
    })
    return HttpServerResponse.empty({ status: 303, headers: { ...version, location } })
  })

  const update = Effect.fnUntraced(function* (request: Request) {
    const { session, user } = yield* signedIn(request)
    const body = yield* bodyOf(request, AuthBodies.UserUpdate)
    const email = body.email == null ? undefined : yield* AuthBodies.emailOf(body.email)
    const password = body.password == null ? undefined : yield* AuthBodies.passwordOf(body.password)
    if (email !== undefined) yield* attempts.mail(addressOf(request), email)
    const wish = { email, password, metadata: body.data ?? undefined }
    const changed = yield* flows.update(user, wish, yield* askedOf(request, body))
    // Whoever knew the old password may have signed in with it.
    if (password !== undefined) yield* sessions.end(session, "others")
    return json(AuthView.userView(changed))
  })

  const logout = Effect.fnUntraced(function* (request: Request) {
    const { session } = yield* signedIn(request)
    const scope = queryOf(request).get("scope") ?? "global"
    if (scope !== "global" && scope !== "local" && scope !== "others") {
      return yield* AuthError.validationFailed("scope must be global, local or others")
    }
    yield* sessions.end(session, scope)
    return HttpServerResponse.empty({ status: 204, headers: version })
  })

  const route = <R>(
    method: "GET" | "POST" | "PUT",
    path: `/${string}`,
    handler: (request: Request) => Effect.Effect<HttpServerResponse.HttpServerResponse, Failure, R>
  ) =>
    HttpRouter.route(
      method,
      path,
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => answered(handler(request)))
    )

  const fixed = (body: unknown) => () => Effect.succeed(json(body))
  const settingsView = {
    external: { email: true, phone: false, anonymous_users: false },
    disable_signup: false,
    mailer_autoconfirm: settings.isAutoconfirmed,
    phone_autoconfirm: false,
    saml_enabled: false
  }

  return [
    route("POST", "/signup", signUp),
    route("POST", "/token", token),
    route(
      "POST",
      "/otp",
      mail(() => "magiclink")
    ),
    route(
      "POST",
      "/magiclink",
      mail(() => "magiclink")
    ),
    route(
      "POST",
      "/recover",
      mail(() => "recovery")
    ),
    route(
      "POST",
      "/resend",
      mail((type) => (type === "signup" ? "signup" : undefined))
    ),
    route("POST", "/verify", verify),
    route("GET", "/verify", follow),
    route("GET", "/user", (request) => Effect.map(signedIn(request), ({ user }) => json(AuthView.userView(user)))),
    route("PUT", "/user", update),
    route("POST", "/logout", logout),
    route("GET", "/authorize", () => Effect.fail(AuthError.providerDisabled())),
    route("GET", "/settings", fixed(settingsView)),
    route("GET", "/health", fixed({ name: "KalshiBook embedded auth", description: "speaks GoTrue's REST" })),
    route("GET", "/.well-known/jwks.json", fixed(key.jwks))
  ]
})

/** Needs an `HttpRouter`, which `HttpRouter.serve` provides. */
export const layer: Layer.Layer<
  never,
  never,
  HttpRouter.HttpRouter | AuthFlows | Sessions | Settings | SigningKey | Users
> = HttpRouter.addAll(routes, { prefix: "/auth/v1" })
