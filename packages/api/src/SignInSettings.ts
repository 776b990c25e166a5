/**
 * Where people sign in, from the environment: a project of Supabase where one is named; else a server within the program, where nobody else
 * can reach it, or where somebody has said that it may be public; else nowhere.
 */
import * as EmbeddedAuth from "@kalshibook/auth/EmbeddedAuth"
import { Config, Data, Effect, Option, Result } from "effect"

export type SignInSettings =
  | { readonly _tag: "supabase"; readonly url: string; readonly publishableKey: string }
  /** `siteUrl`: where browsers reach the site, if not at the address that is listened on. */
  | { readonly _tag: "embedded"; readonly folder: string; readonly siteUrl: Option.Option<string> }
  | { readonly _tag: "nowhere"; readonly why: string }

type Text = (name: string) => string | undefined

/** What the variables say for a server that listens on a host; or every problem with them as a sentence. */
export const read = (text: Text, host: string): Result.Result<SignInSettings, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const url = text("SUPABASE_URL")
  const publishableKey = text("SUPABASE_ANON_KEY")
  const siteUrl = text("KALSHIBOOK_SITE_URL")
  const told = text("KALSHIBOOK_AUTH_PUBLIC")
  for (const [name, value] of [["SUPABASE_URL", url] as const, ["KALSHIBOOK_SITE_URL", siteUrl] as const]) {
    if (value === undefined || isOrigin(value)) continue
    problems.push(`${name} must be an address without a path, as https://example.com, not "${value}".`)
  }
  if (url !== undefined && publishableKey === undefined) {
    problems.push("SUPABASE_URL is set, but SUPABASE_ANON_KEY is not: set the project's publishable key, too.")
  }
  if (told !== undefined && told !== "yes" && told !== "no") {
    problems.push(`KALSHIBOOK_AUTH_PUBLIC must be yes or no, not "${told}".`)
  }
  if (problems.length > 0) return Result.fail(problems)
  if (url !== undefined) {
    return Result.succeed({ _tag: "supabase", url: new URL(url).origin, publishableKey: publishableKey ?? "" })
  }
  const isProxied = text("KALSHIBOOK_CLIENT_ADDRESS_HEADER") !== undefined
  const refusal = EmbeddedAuth.refusal({ host, siteUrl, isProxied }, told === "yes")
  if (Option.isSome(refusal)) return Result.succeed({ _tag: "nowhere", why: refusal.value.message })
  return Result.succeed({
    _tag: "embedded",
    folder: text("KALSHIBOOK_DATA_DIR") ?? ".kalshibook",
    siteUrl: Option.map(Option.fromUndefinedOr(siteUrl), (given) => new URL(given).origin)
  })
}

const isOrigin = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && /^\/?$/.test(new URL(text).pathname)

/** The environment is not usable. The message is for the one who started us. */
class SignInUnusable extends Data.TaggedError("SignInUnusable")<{ readonly message: string }> {}

const names = [
  "SUPABASE_URL",
  "SUPABASE_ANON_KEY",
  "KALSHIBOOK_SITE_URL",
  "KALSHIBOOK_AUTH_PUBLIC",
  "KALSHIBOOK_CLIENT_ADDRESS_HEADER",
  "KALSHIBOOK_DATA_DIR"
]

/** Of the environment of this program. */
export const fromEnvironment = Effect.fnUntraced(function* (host: string) {
  const given = new Map<string, string>()
  for (const name of names) {
    const value = (yield* Config.withDefault(Config.String(name), "")).trim()
    if (value !== "") given.set(name, value)
  }
  return yield* Effect.fromResult(read((name) => given.get(name), host)).pipe(
    Effect.mapError((problems) => new SignInUnusable({ message: problems.join(" ") }))
  )
})
