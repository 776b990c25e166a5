/**
 * An auth server within the program, in place of Supabase's, for one machine: with people and sessions in the database of the program, and
 * mails in its terminal. Where strangers can reach it, it runs only if it was told so: nobody reads their mails there.
 */
import { during, type HotTierError } from "@kalshibook/store/HotTierError"
import { Data, Effect, Layer, Option } from "effect"
import type { HttpRouter } from "effect/http"
import { SqlClient } from "effect/sql"
import { AuthFlows } from "./AuthFlows.ts"
import * as AuthRoutes from "./AuthRoutes.ts"
import { type AuthSettings, Settings } from "./AuthSettings.ts"
import * as AuthTables from "./AuthTables.ts"
import type { Mails } from "./Mails.ts"
import { MailTokens } from "./MailTokens.ts"
import { Sessions } from "./Sessions.ts"
import { SigningKey, type SigningKeyError } from "./SigningKey.ts"
import { Users } from "./Users.ts"

/** What says that strangers can reach a server. */
export interface Reach {
  /** The name or address that is listened on. */
  readonly host: string
  /** Where browsers find it, if somewhere else: an origin. */
  readonly siteUrl?: string | undefined
  /** Whether a proxy stands in front, and tells whose requests are whose. */
  readonly isProxied?: boolean
}

/** It would be public. The message is for the one who started us. */
export class AuthWouldBePublic extends Data.TaggedError("AuthWouldBePublic")<{ readonly by: string }> {
  override get message(): string {
    return (
      `The embedded auth server would be reachable from other machines (${this.by}), with mails that only this terminal shows: ` +
      "set SUPABASE_URL and its keys, or KALSHIBOOK_AUTH_PUBLIC=yes if that is what you want."
    )
  }
}

const loopback = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/

/** Whether a name or an address, bare or as in a URL, is the machine's own, where nobody else can come to. */
export const isOfThisMachine = (host: string): boolean => loopback.test(host.replaceAll(/[[\]]/g, ""))

/** Nothing where it runs for this machine alone, or was told that it may be public (`KALSHIBOOK_AUTH_PUBLIC=yes`). */
export const refusal = (
  { host, isProxied = false, siteUrl }: Reach,
  isTold: boolean
): Option.Option<AuthWouldBePublic> => {
  if (isTold) return Option.none()
  if (!isOfThisMachine(host)) return Option.some(new AuthWouldBePublic({ by: host }))
  // What listens here alone may still be what a proxy of this machine hands on to the world.
  if (siteUrl !== undefined && !isOfThisMachine(new URL(siteUrl).hostname)) {
    return Option.some(new AuthWouldBePublic({ by: `KALSHIBOOK_SITE_URL is ${siteUrl}` }))
  }
  return isProxied
    ? Option.some(new AuthWouldBePublic({ by: "KALSHIBOOK_CLIENT_ADDRESS_HEADER names what a proxy tells" }))
    : Option.none()
}

/** Somebody is gone, with address, password and sessions. */
export const removeUser = (userId: string): Effect.Effect<void, HotTierError, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    sql`delete from embedded_auth.users where user_id = ${userId}::text::uuid`.pipe(Effect.asVoid, during("removeUser"))
  )

export interface EmbeddedAuthOptions {
  readonly settings: AuthSettings
  /** Where its key is kept. */
  readonly folder: string
}

/** Its routes, and the key by which its tokens are known. */
export const layer = ({
  folder,
  settings
}: EmbeddedAuthOptions): Layer.Layer<
  SigningKey,
  HotTierError | SigningKeyError,
  HttpRouter.HttpRouter | Mails | SqlClient.SqlClient
> => {
  const stores = Layer.mergeAll(Users.layerNoDeps, Sessions.layerNoDeps, MailTokens.layerNoDeps)
  return AuthRoutes.layer.pipe(
    Layer.provide(AuthFlows.layerNoDeps),
    Layer.provide(stores),
    Layer.provide(Settings.layerOf(settings)),
    Layer.provideMerge(SigningKey.layer(folder)),
    Layer.provide(Layer.effectDiscard(AuthTables.make))
  )
}
