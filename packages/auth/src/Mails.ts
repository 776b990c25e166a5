/** How mails leave. An embedded server has no post: whoever runs it reads them where it runs. */
import { Context, Effect, Layer } from "effect"
import type { MailKind } from "./MailTokens.ts"

export interface Mail {
  readonly to: string
  readonly kind: MailKind
  /** Leads to whatever the mail is for. */
  readonly link: string
  /** The same as six digits, for whoever types. */
  readonly code: string
}

export class Mails extends Context.Service<Mails, { readonly send: (mail: Mail) => Effect.Effect<void> }>()(
  "@kalshibook/auth/Mails"
) {
  /** Each mail as lines of text, for a terminal. */
  static readonly layerLines = (tell: (lines: ReadonlyArray<string>) => void): Layer.Layer<Mails> =>
    Layer.succeed(Mails, { send: (mail) => Effect.sync(() => tell(linesOf(mail))) })
}

const subjects: Readonly<Record<MailKind, string>> = {
  signup: "confirm your address",
  magiclink: "sign in",
  recovery: "choose a new password",
  email_change: "confirm your new address"
}

const linesOf = ({ code, kind, link, to }: Mail): ReadonlyArray<string> => [
  `mail to ${to}: ${subjects[kind]}`,
  `${link}  (or type ${code})`
]
