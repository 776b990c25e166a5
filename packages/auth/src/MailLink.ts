/** Where a link of a mail leads in the end: back to the page that asked, with what it brought, and to no foreign page. */
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { AuthError } from "./AuthError.ts"
import type { AuthSettings } from "./AuthSettings.ts"
import type { SessionView } from "./AuthView.ts"
import type { MailKind } from "./MailTokens.ts"

/** The page that was asked for where it is one of ours; else our own first one. */
export const safeRedirect = ({ origin, redirectOrigins }: AuthSettings, wanted: string | null): string => {
  const url = wanted !== null && URL.canParse(wanted, origin) ? new URL(wanted, origin) : new URL(origin)
  return [origin, ...redirectOrigins].includes(url.origin) ? url.href : `${origin}/`
}

/** For a PKCE client: in the query, where its page's server would see it, and of no use without the verifier. */
export const withCode = (redirectTo: string, code: string): string => {
  const url = new URL(redirectTo)
  url.searchParams.set("code", code)
  return url.href
}

/** In the fragment, which no server sees. */
export const withSession = (redirectTo: string, session: SessionView, kind: MailKind): string =>
  withFragment(redirectTo, {
    access_token: session.access_token,
    expires_at: String(session.expires_at),
    expires_in: String(session.expires_in),
    refresh_token: session.refresh_token,
    token_type: session.token_type,
    type: kind
  })

export const withProblem = (redirectTo: string, error: AuthError | HotTierError): string =>
  error._tag === "AuthError"
    ? withFragment(redirectTo, {
        error: "access_denied",
        error_code: error.code,
        error_description: error.message
      })
    : withFragment(redirectTo, {
        error: "server_error",
        error_code: "unexpected_failure",
        error_description: "Try again."
      })

const withFragment = (redirectTo: string, fields: Record<string, string>): string => {
  const url = new URL(redirectTo)
  url.hash = new URLSearchParams(fields).toString()
  return url.href
}
