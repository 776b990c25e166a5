/** People and sessions as GoTrue's JSON (Supabase Auth, API version 2024-01-01). */
import { isoFromMicros } from "@kalshibook/core/Units"
import { type AuthSettings, accessSeconds, issuerOf } from "./AuthSettings.ts"
import type { Session } from "./Sessions.ts"
import type { SigningKey } from "./SigningKey.ts"
import type { User } from "./Users.ts"

export type UserView = ReturnType<typeof userView>
export type SessionView = ReturnType<typeof sessionView>

const iso = (micros: number | null): string | undefined => (micros === null ? undefined : isoFromMicros(micros))

const provider = { provider: "email", providers: ["email"] }

export const userView = (user: User) => {
  const confirmed = iso(user.confirmedMicros)
  return {
    id: user.userId,
    aud: "authenticated",
    role: "authenticated",
    email: user.email,
    phone: "",
    ...(confirmed === undefined ? {} : { email_confirmed_at: confirmed, confirmed_at: confirmed }),
    ...(user.signedInMicros === null ? {} : { last_sign_in_at: iso(user.signedInMicros) }),
    app_metadata: provider,
    user_metadata: user.metadata,
    identities: [
      {
        identity_id: user.userId,
        id: user.userId,
        user_id: user.userId,
        identity_data: { email: user.email, email_verified: user.confirmedMicros !== null, sub: user.userId },
        provider: "email",
        email: user.email,
        created_at: isoFromMicros(user.createdMicros),
        updated_at: isoFromMicros(user.updatedMicros)
      }
    ],
    created_at: isoFromMicros(user.createdMicros),
    updated_at: isoFromMicros(user.updatedMicros),
    is_anonymous: false
  }
}

export const sessionView = (
  settings: AuthSettings,
  key: SigningKey["Service"],
  {
    nowMicros,
    refreshToken,
    session,
    user
  }: {
    readonly user: User
    readonly session: Session
    readonly refreshToken: string
    readonly nowMicros: number
  }
) => {
  const nowSeconds = Math.floor(nowMicros / 1_000_000)
  const expiresAt = nowSeconds + accessSeconds
  const claims = {
    iss: issuerOf(settings),
    sub: user.userId,
    aud: "authenticated",
    exp: expiresAt,
    iat: nowSeconds,
    email: user.email,
    phone: "",
    app_metadata: provider,
    user_metadata: user.metadata,
    role: "authenticated",
    aal: "aal1",
    amr: [{ method: session.method, timestamp: Math.floor(session.createdMicros / 1_000_000) }],
    session_id: session.sessionId,
    is_anonymous: false
  }
  return {
    access_token: key.sign(claims),
    token_type: "bearer",
    expires_in: accessSeconds,
    expires_at: expiresAt,
    refresh_token: refreshToken,
    user: userView(user)
  }
}
