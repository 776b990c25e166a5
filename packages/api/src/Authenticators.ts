/**
 * What recognises a caller by what he sends. Each looks at the token of a request and says whose it is, that it is none of its own, or why
 * it is refused; `Callers` asks them in turn, and counts the refusals.
 */
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Context, Data, type Effect, type Option } from "effect"
import type { HttpServerRequest } from "effect/http"
import type { Caller } from "./Caller.ts"

/** The token is of this kind, and not valid. The message is for whoever sent it. */
export class NotRecognised extends Data.TaggedError("NotRecognised")<{ readonly detail: string }> {}

/** Somebody who is signed in, and of no account, or not of the one that was named. */
export class NotMember extends Data.TaggedError("NotMember")<{ readonly detail: string }> {}

/** Nobody can say now whether the token is valid: the auth server does not answer. */
export class SignInUnverified extends Data.TaggedError("SignInUnverified")<{ readonly cause: unknown }> {}

export type Unrecognised = NotRecognised | NotMember | SignInUnverified | HotTierError

export interface Authenticator {
  /** `None` for a token of another kind. */
  readonly callerOf: (
    token: string,
    request: HttpServerRequest.HttpServerRequest
  ) => Effect.Effect<Option.Option<Caller>, Unrecognised>
}

/** Those beside keys and members, asked before them. None, unless the program says so. */
export const OtherAuthenticators = Context.Reference<ReadonlyArray<Authenticator>>(
  "@kalshibook/api/Authenticators/OtherAuthenticators",
  { defaultValue: () => [] }
)
