/** Why somebody may not ask: keys, scopes, credits and limits. */
import { Problem } from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"
import * as ProblemKind from "./ProblemKind.ts"

export const kinds = {
  key_required: {
    status: 401,
    title: "This call needs a key",
    meaning:
      "The call needs a key: send it as `Authorization: Bearer kb_live_...` or `X-API-Key: kb_live_...`. Without one there are status, coverage, the documentation, and the first day of each month."
  },
  key_invalid: {
    status: 401,
    title: "The key is not valid",
    meaning: "The key is not one of ours, was not copied whole, has expired or was revoked. `detail` says which."
  },
  key_in_query: {
    status: 400,
    title: "A key does not belong into the URL",
    meaning:
      "URLs are written into logs and histories. Send the key as a header, `Authorization: Bearer ...` or `X-API-Key: ...`, and replace it: whoever saw the URL has it."
  },
  scope_missing: {
    status: 403,
    title: "The key may not do this",
    meaning: "The key is valid, but was not made for this. `scope` names what it lacks."
  },
  credits_exhausted: {
    status: 402,
    title: "There are not enough credits",
    meaning:
      "The call may cost more credits than are left. Ask for less, wait for the next month's credits, or buy some: /v1/pricing."
  },
  cap_reached: {
    status: 402,
    title: "The cap of this month is reached",
    meaning:
      "The call may cost more than the monthly cap that was set leaves over, of the account or of the key. Raise the cap, or wait for the next month."
  },
  max_credits_exceeded: {
    status: 402,
    title: "The call may cost more than `max_credits`",
    meaning:
      "The call may cost `credits_needed`, more than `max_credits` allows. Nothing was done. Ask for less, or allow more."
  },
  rate_limited: {
    status: 429,
    title: "Too fast",
    meaning:
      "More was asked for than the limit allows. Go on after the seconds in Retry-After; RateLimit says how much is left."
  },
  too_many_connections: {
    status: 429,
    title: "Too many open streams",
    meaning:
      "The account, or the key, has as many open streams as it may. Close one: `connections_max` says how many there can be."
  },
  unknown_key: {
    status: 404,
    title: "No such key",
    meaning: "The account has no key of this prefix. `/v1/keys` lists those that it has."
  },
  too_many_keys: {
    status: 409,
    title: "There are as many keys as there can be",
    meaning: "An account has a bounded number of keys that work at a time. Revoke one that is not needed any more."
  }
} as const satisfies ProblemKind.Kinds

const { annotations, declaration, fields } = ProblemKind.of(kinds)

const creditsNeeded = Schema.Int.annotate({ description: "Credits that the call costs at most." })
const creditsRemaining = Schema.Int.annotate({ description: "Credits that are left." })

export class KeyRequired extends Problem<KeyRequired>()(
  "KeyRequired",
  declaration("key_required"),
  fields("key_required"),
  annotations("key_required")
) {}

export class KeyInvalid extends Problem<KeyInvalid>()(
  "KeyInvalid",
  declaration("key_invalid"),
  fields("key_invalid"),
  annotations("key_invalid")
) {}

export class KeyInQuery extends Problem<KeyInQuery>()(
  "KeyInQuery",
  declaration("key_in_query"),
  fields("key_in_query"),
  annotations("key_in_query")
) {}

export class ScopeMissing extends Problem<ScopeMissing>()(
  "ScopeMissing",
  declaration("scope_missing"),
  {
    ...fields("scope_missing"),
    scope: Schema.String.annotate({ description: "What the key would need." })
  },
  annotations("scope_missing")
) {}

export class CreditsExhausted extends Problem<CreditsExhausted>()(
  "CreditsExhausted",
  declaration("credits_exhausted"),
  { ...fields("credits_exhausted"), credits_needed: creditsNeeded, credits_remaining: creditsRemaining },
  annotations("credits_exhausted")
) {}

export class CapReached extends Problem<CapReached>()(
  "CapReached",
  declaration("cap_reached"),
  { ...fields("cap_reached"), credits_needed: creditsNeeded },
  annotations("cap_reached")
) {}

export class MaxCreditsExceeded extends Problem<MaxCreditsExceeded>()(
  "MaxCreditsExceeded",
  declaration("max_credits_exceeded"),
  { ...fields("max_credits_exceeded"), credits_needed: creditsNeeded },
  annotations("max_credits_exceeded")
) {}

export class RateLimited extends Problem<RateLimited>()(
  "RateLimited",
  declaration("rate_limited"),
  {
    ...fields("rate_limited"),
    retry_after_seconds: Schema.Int.annotate({ description: "Seconds to wait, as in Retry-After." })
  },
  annotations("rate_limited")
) {}

export class TooManyConnections extends Problem<TooManyConnections>()(
  "TooManyConnections",
  declaration("too_many_connections"),
  {
    ...fields("too_many_connections"),
    connections_max: Schema.Int.annotate({ description: "How many there can be." })
  },
  annotations("too_many_connections")
) {}

export class UnknownKey extends Problem<UnknownKey>()(
  "UnknownKey",
  declaration("unknown_key"),
  fields("unknown_key"),
  annotations("unknown_key")
) {}

export class TooManyKeys extends Problem<TooManyKeys>()(
  "TooManyKeys",
  declaration("too_many_keys"),
  fields("too_many_keys"),
  annotations("too_many_keys")
) {}

export const classes = {
  key_required: KeyRequired,
  key_invalid: KeyInvalid,
  key_in_query: KeyInQuery,
  scope_missing: ScopeMissing,
  credits_exhausted: CreditsExhausted,
  cap_reached: CapReached,
  max_credits_exceeded: MaxCreditsExceeded,
  rate_limited: RateLimited,
  too_many_connections: TooManyConnections,
  unknown_key: UnknownKey,
  too_many_keys: TooManyKeys
} as const satisfies Record<keyof typeof kinds, unknown>
