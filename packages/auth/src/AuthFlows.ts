/**
 * The ways in: by password, by a link or six digits in a mail, by the code that a link hands to a page, by a refresh token. Nobody learns
 * from an answer whether an address has signed up.
 */
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Context, Effect, Layer, Option } from "effect"
import * as AuthError from "./AuthError.ts"
import { Settings } from "./AuthSettings.ts"
import * as AuthView from "./AuthView.ts"
import { Mails } from "./Mails.ts"
import { type Challenge, type MailKind, type MailToken, MailTokens } from "./MailTokens.ts"
import * as Passwords from "./Passwords.ts"
import * as Secrets from "./Secrets.ts"
import { Sessions, type SignInMethod } from "./Sessions.ts"
import { SigningKey } from "./SigningKey.ts"
import { nothingPending, nowMicros, type Pending, type User, Users } from "./Users.ts"

type Failure = AuthError.AuthError | HotTierError

/** Where a mail's link leads in the end, and for whom. */
export interface Asked {
  readonly redirectTo: string
  readonly challenge: Option.Option<Challenge>
}

export class AuthFlows extends Context.Service<
  AuthFlows,
  {
    /** A session where addresses need no confirmation; else the person, to whom a mail was sent. */
    readonly signUp: (
      made: Pick<User, "email" | "metadata"> & { readonly password: string },
      asked: Asked
    ) => Effect.Effect<AuthView.SessionView | AuthView.UserView, Failure>
    readonly byPassword: (email: string, password: string) => Effect.Effect<AuthView.SessionView, Failure>
    readonly byRefreshToken: (refreshToken: string) => Effect.Effect<AuthView.SessionView, Failure>
    readonly byFlowCode: (code: string, verifier: string) => Effect.Effect<AuthView.SessionView, Failure>
    /** Sends a mail, if there is somebody to send it to. Signs up whoever is new where that is wanted. */
    readonly mail: (
      email: string,
      kind: "magiclink" | "recovery" | "signup",
      asked: Asked & { readonly makesUser: Option.Option<Pick<User, "metadata">> }
    ) => Effect.Effect<void, Failure>
    /** What a link's token, or an address with six digits, is good for: a session. */
    readonly byMailToken: (token: string) => Effect.Effect<AuthView.SessionView, Failure>
    readonly byMailCode: (
      email: string,
      kinds: ReadonlyArray<MailKind>,
      code: string
    ) => Effect.Effect<AuthView.SessionView, Failure>
    /** The same for a link that is opened: a session, or for a PKCE client the code with which its page gets one. */
    readonly openLink: (
      token: string
    ) => Effect.Effect<
      | { readonly _tag: "session"; readonly session: AuthView.SessionView; readonly kind: MailKind }
      | { readonly _tag: "code"; readonly code: string },
      Failure
    >
    readonly update: (
      user: User,
      wish: {
        readonly email: string | undefined
        readonly password: string | undefined
        readonly metadata: Readonly<Record<string, unknown>> | undefined
      },
      asked: Asked
    ) => Effect.Effect<User, Failure>
  }
>()("@kalshibook/auth/AuthFlows") {
  static readonly layerNoDeps: Layer.Layer<
    AuthFlows,
    never,
    Mails | MailTokens | Sessions | Settings | SigningKey | Users
  > = Layer.effect(
    AuthFlows,
    Effect.gen(function* () {
      const key = yield* SigningKey
      const cost = yield* Passwords.HashCost
      const mails = yield* Mails
      const sessions = yield* Sessions
      const settings = yield* Settings
      const tokens = yield* MailTokens
      const users = yield* Users

      const signIn = Effect.fnUntraced(function* (user: User, method: SignInMethod) {
        const begun = yield* sessions.begin(user.userId, method)
        const now = yield* nowMicros
        const changed = yield* users.change(user.userId, { signedInMicros: now })
        return AuthView.sessionView(settings, key, {
          ...begun,
          user: Option.getOrElse(changed, () => user),
          nowMicros: now
        })
      })

      const send = Effect.fnUntraced(function* (
        user: User,
        kind: MailKind,
        { challenge, redirectTo }: Asked,
        { emailNew = null, pending = nothingPending }: Partial<Pick<MailToken, "emailNew" | "pending">> = {}
      ) {
        const { code, token } = yield* tokens.issue({ userId: user.userId, kind, emailNew, challenge, pending })
        const link = new URL("/auth/v1/verify", settings.origin)
        link.searchParams.set("token_hash", token)
        link.searchParams.set("type", kind)
        link.searchParams.set("redirect_to", redirectTo)
        yield* mails.send({ to: emailNew ?? user.email, kind, link: link.href, code })
      })

      /** What the token of a mail shows: that the address is theirs. */
      const confirm = Effect.fnUntraced(function* ({ emailNew, pending, userId }: MailToken) {
        const confirmed = yield* users.confirm(userId, pending, emailNew)
        return yield* Option.match(confirmed, { onNone: () => AuthError.otpExpired(), onSome: Effect.succeed })
      })

      const known = (user: Option.Option<User>, problem: () => AuthError.AuthError) =>
        Option.match(user, { onNone: () => Effect.fail(problem()), onSome: Effect.succeed })

      /** Of whoever is not confirmed, the one with which they want to be: enough to be told what is missing. */
      const passwordOf = ({ confirmedMicros, passwordHash, userId }: User) =>
        confirmedMicros === null
          ? Effect.map(tokens.pendingSignUp(userId), (pending) => pending.passwordHash)
          : Effect.succeed(passwordHash)

      const bySeen = Effect.fnUntraced(function* (token: Option.Option<MailToken>) {
        if (Option.isNone(token)) return yield* AuthError.otpExpired()
        return yield* signIn(yield* confirm(token.value), methodOf(token.value.kind))
      })

      return AuthFlows.of({
        signUp: Effect.fnUntraced(function* ({ email, metadata, password }, asked) {
          const pending: Pending = { passwordHash: yield* Passwords.hash(password, cost), metadata }
          const made = yield* users.create(email)
          if (settings.isAutoconfirmed) {
            const { userId } = yield* known(made, AuthError.userAlreadyExists)
            const confirmed = yield* users.confirm(userId, pending, null)
            return yield* signIn(yield* known(confirmed, AuthError.userAlreadyExists), "password")
          }
          const user = Option.isSome(made) ? made : yield* users.byEmail(email)
          const found = yield* known(user, AuthError.userAlreadyExists)
          // Whoever did not confirm gets another mail; whoever did gets none, and the answer is that of a stranger.
          if (found.confirmedMicros === null) yield* send(found, "signup", asked, { pending })
          if (Option.isSome(made)) return AuthView.userView({ ...found, metadata })
          const micros = yield* nowMicros
          return AuthView.userView({
            userId: globalThis.crypto.randomUUID(),
            email,
            passwordHash: null,
            metadata,
            confirmedMicros: null,
            signedInMicros: null,
            createdMicros: micros,
            updatedMicros: micros
          })
        }),
        byPassword: Effect.fnUntraced(function* (email, password) {
          const user = yield* users.byEmail(email)
          const stored = Option.isNone(user) ? null : yield* passwordOf(user.value)
          const isRight = yield* Passwords.isRight(password, stored, cost)
          if (!isRight || Option.isNone(user)) return yield* AuthError.invalidCredentials()
          if (user.value.confirmedMicros === null) return yield* AuthError.emailNotConfirmed()
          return yield* signIn(user.value, "password")
        }),
        byRefreshToken: Effect.fnUntraced(function* (refreshToken) {
          const rotated = yield* sessions.refresh(refreshToken)
          const user = yield* known(yield* users.byId(rotated.session.userId), AuthError.sessionNotFound)
          return AuthView.sessionView(settings, key, { ...rotated, user, nowMicros: yield* nowMicros })
        }),
        byFlowCode: Effect.fnUntraced(function* (code, verifier) {
          const flow = yield* tokens.takeFlowCode(code)
          if (Option.isNone(flow)) return yield* AuthError.flowStateNotFound()
          const { challenge, method, userId } = flow.value
          if (Secrets.challengeOf(verifier, challenge.method) !== challenge.challenge) {
            return yield* AuthError.badCodeVerifier()
          }
          const user = yield* known(yield* users.byId(userId), AuthError.flowStateNotFound)
          return yield* signIn(user, method as SignInMethod)
        }),
        mail: Effect.fnUntraced(function* (email, kind, asked) {
          const found = yield* users.byEmail(email)
          if (kind === "signup") {
            if (Option.isNone(found) || found.value.confirmedMicros !== null) return
            // The same mail once more.
            return yield* send(found.value, kind, asked, { pending: yield* tokens.pendingSignUp(found.value.userId) })
          }
          const isMade = Option.isNone(found) && kind === "magiclink" && Option.isSome(asked.makesUser)
          const user = isMade ? yield* users.create(email) : found
          const metadata = Option.match(asked.makesUser, { onNone: () => ({}), onSome: (wish) => wish.metadata })
          if (Option.isSome(user)) yield* send(user.value, kind, asked, { pending: { ...nothingPending, metadata } })
        }),
        byMailToken: (token) => Effect.flatMap(tokens.take(token), bySeen),
        byMailCode: Effect.fnUntraced(function* (email, kinds, code) {
          const user = yield* known(yield* users.byEmail(email), AuthError.otpExpired)
          return yield* bySeen(yield* tokens.takeCode(user.userId, kinds, code))
        }),
        openLink: Effect.fnUntraced(function* (token) {
          const seen = yield* tokens.take(token)
          if (Option.isNone(seen)) return yield* AuthError.otpExpired()
          const { challenge, kind } = seen.value
          const user = yield* confirm(seen.value)
          const method = methodOf(kind)
          if (Option.isNone(challenge)) return { _tag: "session" as const, session: yield* signIn(user, method), kind }
          const { userId } = user
          const code = yield* tokens.issueFlowCode({ userId, method, challenge: challenge.value })
          return { _tag: "code" as const, code }
        }),
        update: Effect.fnUntraced(function* (user, { email, metadata, password }, asked) {
          if (password !== undefined && (yield* Passwords.isRight(password, user.passwordHash, cost))) {
            return yield* AuthError.samePassword()
          }
          const isMoving = email !== undefined && email !== user.email
          // Whether somebody else has the new address is not told: the mail would go to them, and they have no use for it.
          if (isMoving && Option.isNone(yield* users.byEmail(email))) {
            yield* send(user, "email_change", asked, { emailNew: email })
          }
          const changed = yield* users.change(user.userId, {
            ...(password === undefined ? {} : { passwordHash: yield* Passwords.hash(password, cost) }),
            ...(metadata === undefined ? {} : { metadata: { ...user.metadata, ...metadata } })
          })
          return yield* known(changed, AuthError.sessionNotFound)
        })
      })
    })
  )
}

const methodOf = (kind: MailKind): SignInMethod => (kind === "signup" ? "email/signup" : kind)
