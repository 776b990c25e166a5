/**
 * What an auth server refuses, in the words of GoTrue: clients decide by `code`. (Supabase Auth, error codes, API version 2024-01-01.)
 */
import { Data } from "effect"

/** Refused. The message is for the person who signs in. */
export class AuthError extends Data.TaggedError("AuthError")<{
  /** HTTP status. */
  readonly status: 400 | 401 | 403 | 404 | 422 | 429
  readonly code: string
  readonly message: string
  readonly retryAfterSeconds?: number
}> {}

const refusal = (status: AuthError["status"], code: string, message: string) => () =>
  new AuthError({ status, code, message })

export const badJson = refusal(400, "bad_json", "The body must be a JSON object with the fields of this call.")
export const invalidCredentials = refusal(400, "invalid_credentials", "Invalid login credentials")
export const emailNotConfirmed = refusal(400, "email_not_confirmed", "Email not confirmed")
export const userAlreadyExists = refusal(422, "user_already_exists", "User already registered")
export const samePassword = refusal(422, "same_password", "New password should be different from the old password.")
export const otpExpired = refusal(403, "otp_expired", "Token has expired or is invalid")
export const noAuthorization = refusal(401, "no_authorization", "This endpoint requires a valid Bearer token")
export const badJwt = refusal(403, "bad_jwt", "invalid JWT: it is not one of ours, or has expired")
export const sessionNotFound = refusal(403, "session_not_found", "Session from session_id claim in JWT does not exist")
export const refreshTokenNotFound = refusal(
  400,
  "refresh_token_not_found",
  "Invalid Refresh Token: Refresh Token Not Found"
)
export const refreshTokenAlreadyUsed = refusal(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
export const flowStateNotFound = refusal(404, "flow_state_not_found", "invalid flow state, no valid flow state found")
export const badCodeVerifier = refusal(
  400,
  "bad_code_verifier",
  "code challenge does not match previously saved code verifier"
)
export const providerDisabled = refusal(
  400,
  "provider_disabled",
  "Unsupported provider: provider is not enabled; sign in by e-mail"
)

export const validationFailed = (message: string) => new AuthError({ status: 400, code: "validation_failed", message })
export const weakPassword = (message: string) => new AuthError({ status: 422, code: "weak_password", message })

export const tooManyRequests = (retryAfterSeconds: number) =>
  new AuthError({
    status: 429,
    code: "over_request_rate_limit",
    message: `Too many attempts: try again in ${retryAfterSeconds} seconds.`,
    retryAfterSeconds
  })

export const tooManyMails = (retryAfterSeconds: number) =>
  new AuthError({
    status: 429,
    code: "over_email_send_rate_limit",
    message: `For security purposes, you can only request this after ${retryAfterSeconds} seconds.`,
    retryAfterSeconds
  })
