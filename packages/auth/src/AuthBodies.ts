/** What the calls of GoTrue's REST carry, checked once (Supabase Auth, API version 2024-01-01). Fields that we do not know are left alone. */
import { emailPattern } from "@kalshibook/core/contract/PeopleAnswer"
import { Effect, type Option, Schema } from "effect"
import * as AuthError from "./AuthError.ts"
import { passwordCharsMax, passwordCharsMin } from "./AuthSettings.ts"
import type { Challenge } from "./MailTokens.ts"

const optional = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const challengeFields = {
  code_challenge: optional(Schema.String),
  code_challenge_method: optional(Schema.String)
}

const Metadata = Schema.Record(Schema.String, Schema.Unknown)

export const SignUp = Schema.Struct({
  email: Schema.String,
  password: Schema.String,
  data: optional(Metadata),
  ...challengeFields
})
export const PasswordGrant = Schema.Struct({ email: Schema.String, password: Schema.String })
export const RefreshGrant = Schema.Struct({ refresh_token: Schema.String })
export const PkceGrant = Schema.Struct({ auth_code: Schema.String, code_verifier: Schema.String })
/** Of `/otp`, `/recover` and `/resend`. */
export const MailWish = Schema.Struct({
  email: Schema.String,
  create_user: optional(Schema.Boolean),
  data: optional(Metadata),
  type: optional(Schema.String),
  ...challengeFields
})
export const Verification = Schema.Struct({
  type: Schema.String,
  email: optional(Schema.String),
  token: optional(Schema.String),
  token_hash: optional(Schema.String)
})
export const UserUpdate = Schema.Struct({
  email: optional(Schema.String),
  password: optional(Schema.String),
  data: optional(Metadata),
  ...challengeFields
})

export const challengeOf = (body: {
  readonly code_challenge?: string | null
  readonly code_challenge_method?: string | null
}): Effect.Effect<Option.Option<Challenge>, AuthError.AuthError> => {
  const { code_challenge: challenge, code_challenge_method: named } = body
  if (challenge == null || challenge === "") return Effect.succeedNone
  const method = (named ?? "plain").toLowerCase()
  if (method !== "s256" && method !== "plain") {
    return Effect.fail(AuthError.validationFailed("code_challenge_method must be s256 or plain"))
  }
  return Effect.succeedSome({ challenge, method })
}

/** An address in the form in which it is kept. */
export const emailOf = (text: string): Effect.Effect<string, AuthError.AuthError> => {
  const email = text.trim().toLowerCase()
  return emailPattern.test(email)
    ? Effect.succeed(email)
    : Effect.fail(AuthError.validationFailed("Unable to validate email address: invalid format"))
}

export const passwordOf = (password: string): Effect.Effect<string, AuthError.AuthError> => {
  if (password.length >= passwordCharsMin && password.length <= passwordCharsMax) return Effect.succeed(password)
  return Effect.fail(
    AuthError.weakPassword(`Password should be ${passwordCharsMin} to ${passwordCharsMax} characters long.`)
  )
}
