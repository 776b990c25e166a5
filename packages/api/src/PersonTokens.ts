/**
 * People who are signed in, known by the access tokens of Supabase Auth (or of the embedded server, which signs the same): JWTs, verified by
 * the public keys which the auth server shows. A token is good for an hour, whatever becomes of the session meanwhile.
 *
 * adapter: jose works with promises
 */
import type { Person } from "@kalshibook/store/MemberRecord"
import { Clock, Context, Effect, Layer, Option, Predicate } from "effect"
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWK, type JWTVerifyGetKey, jwtVerify } from "jose"
import { NotRecognised, SignInUnverified } from "./Authenticators.ts"

/** How far the clocks of the auth server and ours may differ. */
const clockSkewSeconds = 10
/** How long the auth server's keys are believed, and how soon a key that is not among them makes us ask again. */
const keysMillisMax = 600_000
const keysMillisMin = 30_000
const fetchMillisMax = 5_000
const algorithms = ["ES256", "RS256", "EdDSA"]

interface Tokens {
  /** Who has signed in with this token; `None` for what is no token of a person, as keys are. */
  readonly personOf: (token: string) => Effect.Effect<Option.Option<Person>, NotRecognised | SignInUnverified>
}

/** Who is signed in. Nobody, unless the program says who may. */
export const PersonTokens = Context.Reference<Tokens>("@kalshibook/api/PersonTokens", {
  defaultValue: () => ({ personOf: () => Effect.succeedNone })
})

/**
 * Tokens that a project of Supabase signs. Its `url` is without a path: `https://xyz.supabase.co`. A key that is not known is asked for at
 * most every `cooldownMillis`: that is how keys rotate.
 */
export const layerSupabase = (url: string, cooldownMillis = keysMillisMin): Layer.Layer<never> =>
  Layer.sync(PersonTokens, () => {
    const issuer = new URL("/auth/v1", url).href
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), {
      cacheMaxAge: keysMillisMax,
      cooldownDuration: cooldownMillis,
      timeoutDuration: fetchMillisMax
    })
    return { personOf: personBy(issuer, keys) }
  })

/** Tokens that a server signs whose public keys are at hand; of any issuer, unless one is named. */
export const layerKeys = (jwks: { readonly keys: ReadonlyArray<object> }, issuer?: string): Layer.Layer<never> =>
  Layer.sync(PersonTokens, () => ({
    personOf: personBy(issuer, createLocalJWKSet({ keys: jwks.keys.map((key): JWK => ({ ...key })) }))
  }))

const personBy =
  (issuer: string | undefined, keys: JWTVerifyGetKey): Tokens["personOf"] =>
  (token) =>
    Effect.gen(function* () {
      if (!looksLikeToken.test(token)) return Option.none()
      const millis = yield* Clock.currentTimeMillis
      const { payload } = yield* Effect.tryPromise({
        try: () =>
          jwtVerify(token, keys, {
            ...(issuer === undefined ? {} : { issuer }),
            audience: "authenticated",
            algorithms,
            clockTolerance: clockSkewSeconds,
            requiredClaims: ["sub", "exp", "email"],
            currentDate: new Date(millis)
          }),
        catch: refusalOf
      })
      const { email, is_anonymous: isAnonymous, role, sub } = payload
      const isPerson =
        role === "authenticated" && isAnonymous !== true && Predicate.isString(email) && uuid.test(sub ?? "")
      if (!isPerson) return yield* new NotRecognised({ detail: "The token is of nobody who has signed in." })
      return Option.some({ userId: sub as string, email: email.toLowerCase() })
    })

const looksLikeToken = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

const refusalOf = (error: unknown): NotRecognised | SignInUnverified => {
  if (error instanceof errors.JWTExpired) {
    return new NotRecognised({ detail: "The token has expired: refresh the session." })
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new NotRecognised({ detail: `The token is not meant for this service (\`${error.claim}\`).` })
  }
  const isOfToken = error instanceof errors.JOSEError && !isOfServer(error)
  return isOfToken
    ? new NotRecognised({ detail: "The token is none that our auth server has signed." })
    : new SignInUnverified({ cause: error })
}

/** What jose says of a set of keys that did not come, or not as one: the base class itself for an answer of another status. */
const isOfServer = (error: InstanceType<typeof errors.JOSEError>): boolean =>
  error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === "ERR_JOSE_GENERIC"
