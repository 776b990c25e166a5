/**
 * Signing in, as a program serves it: what the API knows people by, what it tells the site, and the routes of the embedded server where
 * there is one. Nothing else of the API knows which of both signs people in.
 */
import { attemptLimits } from "@kalshibook/auth/AuthSettings"
import * as EmbeddedAuth from "@kalshibook/auth/EmbeddedAuth"
import { Mails } from "@kalshibook/auth/Mails"
import { SigningKey, type SigningKeyError } from "@kalshibook/auth/SigningKey"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Deferred, Effect, Layer, Option } from "effect"
import { type HttpRouter, HttpServer } from "effect/http"
import { SqlClient } from "effect/sql"
import { type InvitationMail, InvitationMails } from "./InvitationMails.ts"
import * as PersonTokens from "./PersonTokens.ts"
import { SignInRemoval } from "./SignInRemoval.ts"
import type { SignInSettings } from "./SignInSettings.ts"
import * as SupabaseUsers from "./SupabaseUsers.ts"
import { Auth } from "./site/Site.ts"

export interface SignIn {
  /** Served beside the API. */
  readonly routes: Layer.Layer<
    never,
    HotTierError | SigningKeyError,
    HttpRouter.HttpRouter | HttpServer.HttpServer | SqlClient.SqlClient
  >
  /** What the API finds in its surroundings. */
  readonly around: Layer.Layer<never, SigningKeyError, SqlClient.SqlClient>
}

/** `tell`: shows the mails of an embedded server, which has no post. */
export const make = (settings: SignInSettings, tell: (lines: ReadonlyArray<string>) => void): Effect.Effect<SignIn> => {
  switch (settings._tag) {
    case "supabase":
      return Effect.succeed({
        routes: Layer.empty,
        around: Layer.mergeAll(
          PersonTokens.layerSupabase(settings.url),
          SupabaseUsers.layerRemoval,
          authOf(`${settings.url}/auth/v1`, settings.publishableKey)
        )
      })
    case "embedded":
      return embedded(settings, tell)
    case "nowhere":
      return Effect.succeed({ routes: Layer.empty, around: Layer.empty })
  }
}

const authOf = (url: string, key: string) => Layer.succeed(Auth, Option.some({ url, key }))

const embedded = Effect.fnUntraced(function* (
  { folder, siteUrl }: Extract<SignInSettings, { readonly _tag: "embedded" }>,
  tell: (lines: ReadonlyArray<string>) => void
): Effect.fn.Return<SignIn> {
  /** Known as soon as the server listens. */
  const origin = yield* Deferred.make<string>()
  const routes = Layer.unwrap(
    Effect.map(HttpServer.HttpServer, (server) => {
      const own = Option.getOrElse(siteUrl, () => originOf(server))
      Deferred.doneUnsafe(origin, Effect.succeed(own))
      const settings = { origin: own, redirectOrigins: sameMachine(own), isAutoconfirmed: false, limits: attemptLimits }
      return EmbeddedAuth.layer({ folder, settings })
    })
  ).pipe(Layer.provide(Mails.layerLines(tell)))
  const sendInvitation = ({ accountName, from, role, to, token }: InvitationMail) =>
    Effect.map(Deferred.await(origin), (own) =>
      tell([`mail to ${to}: ${from} invites you to ${accountName} as ${role}`, `${own}/join#${token}`])
    )
  // Its tokens are known by its key alone, which nobody else has; its origin is not known yet.
  const tokens = Layer.unwrap(Effect.map(SigningKey, ({ jwks }) => PersonTokens.layerKeys(jwks)))
  const removal = Layer.effect(
    SignInRemoval,
    Effect.map(
      SqlClient.SqlClient,
      (sql) => (userId: string) =>
        EmbeddedAuth.removeUser(userId).pipe(
          Effect.provideService(SqlClient.SqlClient, sql),
          Effect.catch((error) => Effect.logError(`a sign-in could not be removed: ${error.message}`))
        )
    )
  )
  const around = Layer.mergeAll(
    Layer.provide(tokens, SigningKey.layer(folder)),
    removal,
    authOf("/auth/v1", ""),
    Layer.succeed(InvitationMails, Option.some(sendInvitation))
  )
  return { routes, around }
})

/** Where a browser of this machine reaches the server. */
const originOf = ({ address }: HttpServer.HttpServer["Service"]): string => {
  if (address._tag === "UnixPathAddress") return "http://localhost"
  return new URL(HttpServer.formatAddress(address).replace(/\/\/(?:0\.0\.0\.0|\[::\])/, "//127.0.0.1")).origin
}

/** The other names of the machine itself, by which the page may have been opened. */
const sameMachine = (origin: string): ReadonlyArray<string> => {
  const { hostname, port } = new URL(origin)
  if (!EmbeddedAuth.isOfThisMachine(hostname)) return []
  return ["127.0.0.1", "localhost", "[::1]"].map((name) => `http://${name}:${port}`)
}
