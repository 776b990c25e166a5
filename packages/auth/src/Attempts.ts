/**
 * How often somebody may try to sign in, and have mails sent: by where they ask from, and by whom they ask for. In memory: there is one
 * embedded server.
 */
import * as TokenBucket from "@kalshibook/core/TokenBucket"
import { Clock, Effect } from "effect"
import * as AuthError from "./AuthError.ts"
import type { AttemptLimits } from "./AuthSettings.ts"

/** Addresses of either kind that are remembered; the one that was quiet for longest is forgotten first. */
const namesMax = 10_000

export interface Attempts {
  readonly signIn: (address: string, email: string | undefined) => Effect.Effect<void, AuthError.AuthError>
  readonly mail: (address: string, email: string) => Effect.Effect<void, AuthError.AuthError>
}

export const make = (limits: AttemptLimits): Attempts => {
  const buckets = new Map<string, TokenBucket.TokenBucket>()

  /** Seconds to wait; 0 where one was taken. */
  const take = (name: string, size: TokenBucket.BucketSize, nowMicros: number): number => {
    const filled = TokenBucket.filled(buckets.get(name), size, nowMicros)
    const waitMicros = TokenBucket.waitMicros(filled, size, 1)
    if (waitMicros > 0) return Math.ceil(waitMicros / 1_000_000)
    buckets.delete(name)
    const [oldest] = buckets.size >= namesMax ? buckets.keys() : []
    if (oldest !== undefined) buckets.delete(oldest)
    buckets.set(name, TokenBucket.taken(filled, 1))
    return 0
  }

  const guard = (
    wanted: ReadonlyArray<readonly [string, TokenBucket.BucketSize]>,
    refuse: (seconds: number) => AuthError.AuthError
  ) =>
    Effect.flatMap(Clock.currentTimeMillis, (millis) => {
      for (const [name, size] of wanted) {
        const seconds = take(name, size, millis * 1_000)
        if (seconds > 0) return Effect.fail(refuse(seconds))
      }
      return Effect.void
    })

  return {
    signIn: (address, email) =>
      guard(
        [
          [`from ${address}`, limits.signInsOfAddress],
          ...(email === undefined ? [] : ([[`as ${email}`, limits.signInsOfEmail]] as const))
        ],
        AuthError.tooManyRequests
      ),
    mail: (address, email) =>
      guard(
        [
          [`mails from ${address}`, limits.mailsOfAddress],
          [`mails to ${email}`, limits.mailsOfEmail]
        ],
        AuthError.tooManyMails
      )
  }
}
