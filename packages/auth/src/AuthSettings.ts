/** What an embedded auth server has to know of where it runs. */
import type { BucketSize } from "@kalshibook/core/TokenBucket"
import { Context, Layer } from "effect"

export interface AuthSettings {
  /** Where browsers reach it: the origin of the API, without a path. Also the issuer of its tokens, with `/auth/v1` behind it. */
  readonly origin: string
  /** Origins beside its own to which links in mails may lead back: a site that is served elsewhere. */
  readonly redirectOrigins: ReadonlyArray<string>
  /** Whether an address counts as confirmed without a mail. */
  readonly isAutoconfirmed: boolean
  readonly limits: AttemptLimits
}

/** How long an access token is good for. */
export const accessSeconds = 3_600
/** A refresh token that was used counts as unused for so long: two tabs of a browser may refresh at once. */
export const refreshReuseSeconds = 10
/** How long what a mail carries is good for. */
export const mailSeconds = 3_600
/** How long the code is good for that a link gives to the page it leads to. */
export const flowSeconds = 300
/** Wrong six-digit codes until the right one is of no use any more. */
export const codeAttemptsMax = 5
export const passwordCharsMin = 8
export const passwordCharsMax = 256
/** How often somebody may try. */
export interface AttemptLimits {
  /** Sign-ins, by where they are asked from and by whom they are asked for. */
  readonly signInsOfAddress: BucketSize
  readonly signInsOfEmail: BucketSize
  /** Mails, likewise. */
  readonly mailsOfAddress: BucketSize
  readonly mailsOfEmail: BucketSize
}

export const attemptLimits: AttemptLimits = {
  signInsOfAddress: { perSecond: 1 / 10, burst: 30 },
  signInsOfEmail: { perSecond: 1 / 20, burst: 10 },
  mailsOfAddress: { perSecond: 1 / 60, burst: 20 },
  mailsOfEmail: { perSecond: 1 / 60, burst: 3 }
}

export const issuerOf = ({ origin }: AuthSettings): string => `${origin}/auth/v1`

export class Settings extends Context.Service<Settings, AuthSettings>()("@kalshibook/auth/AuthSettings/Settings") {
  static readonly layerOf = (settings: AuthSettings): Layer.Layer<Settings> => Layer.succeed(Settings, settings)
}
