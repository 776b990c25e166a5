// adapter: the auth client's promises; what it refuses is told as a Problem that a promise rejects with.
/**
 * Signing in and out, by Supabase's own client, whether it talks to Supabase or to the server that stands in for it. Loaded with the pages
 * that need it.
 */
import { type AuthError, GoTrueClient } from "@supabase/auth-js"
import type { SiteSettings } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import type { Problem } from "../api/Problem.ts"
import * as Session from "./Session.ts"

let made: Promise<GoTrueClient> | undefined

const client = (): Promise<GoTrueClient> => {
  made ??= Client.ask<SiteSettings>({ path: "/site.json" }).then(({ auth }) => {
    if (auth === null) return Promise.reject(nowhere)
    return new GoTrueClient({
      url: new URL(auth.url, location.origin).href,
      headers: auth.key === "" ? {} : { apikey: auth.key },
      storageKey: Session.storageKey,
      flowType: "pkce",
      // Refreshed when a call needs it; what an address brings is taken where it is expected.
      autoRefreshToken: false,
      detectSessionInUrl: false
    })
  })
  // The next one asks again.
  made.catch(() => (made = undefined))
  return made
}

const problem = (code: string, title: string, detail: string, status = 0): Problem => ({
  code,
  status,
  title,
  detail,
  suggestion: undefined,
  requestId: undefined,
  retryAfterSeconds: undefined
})

const nowhere = problem("no_sign_in", "Nobody signs in here", "Keys are made by whoever operates this server.")

type Answer = { readonly data: unknown; readonly error: AuthError | null }

const unwrapped = <A extends Answer>({ data, error }: A): Extract<A, { readonly error: null }>["data"] => {
  if (error === null) return data
  const { code = "auth_refused", message, status } = error
  throw problem(code, titles[code] ?? "That did not work", details[code] ?? message, status)
}

const titles: Readonly<Record<string, string>> = {
  invalid_credentials: "Address or password is wrong",
  email_not_confirmed: "The address is not confirmed yet",
  weak_password: "The password is too weak",
  otp_expired: "The link has expired, or was used before",
  flow_state_not_found: "The link was asked for in another browser",
  over_request_rate_limit: "Too many attempts",
  over_email_send_rate_limit: "Too many mails"
}

/** What helps, where the server's own words repeat the title. */
const details: Readonly<Record<string, string>> = {
  invalid_credentials: "Try again, have a link mailed, or choose a new password.",
  email_not_confirmed: "Open the link of the mail that we have sent, or have another one mailed."
}

const place = (path: string): string => `${location.origin}${path}`

export const signIn = async (email: string, password: string): Promise<void> => {
  unwrapped(await (await client()).signInWithPassword({ email, password }))
  Session.changed()
}

/** Signed in at once, or a mail was sent that confirms the address. */
export const signUp = async (email: string, password: string, next: string): Promise<"signed_in" | "mail_sent"> => {
  const options = { emailRedirectTo: place(next) }
  const { session } = unwrapped(await (await client()).signUp({ email, password, options }))
  if (session === null) return "mail_sent"
  Session.changed()
  return "signed_in"
}

export const sendLink = async (email: string, next: string): Promise<void> => {
  unwrapped(await (await client()).signInWithOtp({ email, options: { emailRedirectTo: place(next) } }))
}

export const sendRecovery = async (email: string): Promise<void> => {
  unwrapped(await (await client()).resetPasswordForEmail(email, { redirectTo: place("/new-password") }))
}

export const setPassword = async (password: string): Promise<void> => {
  unwrapped(await (await client()).updateUser({ password }))
}

/** Providers that the auth server knows besides mail, by name. */
export const providers = async (): Promise<ReadonlyArray<string>> => {
  const { auth } = await Client.ask<SiteSettings>({ path: "/site.json" })
  if (auth === null) return []
  const headers = auth.key === "" ? {} : { apikey: auth.key }
  const answer = await fetch(`${new URL(auth.url, location.origin).href}/settings`, { headers })
  const { external = {} } = (await answer.json()) as { readonly external?: Readonly<Record<string, boolean>> }
  return Object.keys(external).filter(
    (name) => external[name] === true && !/^(?:email|phone|anonymous_users)$/.test(name)
  )
}

/** Leaves the page for the provider's, which leads back. */
export const signInWith = async (provider: string, next: string): Promise<void> => {
  const asked = { provider: provider as "github", options: { redirectTo: place(next) } }
  unwrapped(await (await client()).signInWithOAuth(asked))
}

/** Takes what the address of this page has brought from a mail or a provider, if anything, and forgets it. */
const redeemed = async (): Promise<void> => {
  const address = new URL(location.href)
  const code = address.searchParams.get("code")
  const said = new URLSearchParams(address.hash.slice(1))
  const refusal = said.get("error_description") ?? address.searchParams.get("error_description")
  if (code === null && refusal === null) return
  for (const name of ["code", "error", "error_code", "error_description"]) address.searchParams.delete(name)
  history.replaceState(history.state, "", `${address.pathname}${address.search}`)
  if (refusal !== null) {
    const name = said.get("error_code") ?? ""
    throw problem(name, titles[name] ?? "The link did not work", refusal)
  }
  unwrapped(await (await client()).exchangeCodeForSession(code ?? ""))
  Session.changed()
}

let redeeming: Promise<void> | undefined

/** The same, however often it is asked: an address is good once. */
export const redeem = (): Promise<void> => {
  redeeming ??= redeemed().finally(() => (redeeming = undefined))
  return redeeming
}

/** Ends the session here, and on the server if that can be reached. */
export const signOut = async (): Promise<void> => {
  await (await client()).signOut({ scope: "local" })
  Session.forget()
}

/** A fresh token; `undefined` where the session has ended meanwhile. */
export const refreshed = async (): Promise<string | undefined> => {
  const { session } = unwrapped(await (await client()).getSession())
  if (session === null) Session.changed()
  return session?.access_token
}
