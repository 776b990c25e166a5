/**
 * Keys and tickets as JSON. A key's secret is in the answer that makes it, and in no other.
 */
import * as Schema from "effect/Schema"
import { isoFromMicros } from "../Units.ts"
import { keyExpiryDaysMax, keyNameCharsMax, rotateOverlapSecondsDefault, rotateOverlapSecondsMax } from "./Limits.ts"
import * as Parameter from "./Parameters.ts"
import { type Scope, scopes } from "./Pricing.ts"
import { answerFields, Instant } from "./Scalars.ts"

const Scopes = Schema.Array(Schema.Literals(scopes)).annotate({
  description:
    "What it may do: `read` the history, `stream` live, `download` files, and `admin`, which is to say manage keys and the account.",
  examples: [["read", "stream"]]
})

const KeyMaker = Schema.Struct({
  kind: Schema.Literals(["member", "key"]),
  name: Schema.String.annotate({
    description: "The member's address then, or the public prefix of the key.",
    examples: ["ada@example.com"]
  }),
  is_gone: Schema.Boolean.annotate({
    description: "Whether that member has left the account, or that key works no more. Revoke what he may still know."
  })
}).annotate({ identifier: "KeyMaker", description: "Who made the key, or replaced the one before it." })

export const KeyView = Schema.Struct({
  id: Schema.String.annotate({
    description: "The public prefix of the key, by which lists, logs and usage name it.",
    examples: ["7Yq0hT3kPa"]
  }),
  name: Schema.String.annotate({ examples: ["nightly backtest"] }),
  scopes: Scopes,
  requests_per_second: Schema.NullOr(Schema.Int).annotate({
    description: "Credits' worth of calls a second, less than the account's; null for the same."
  }),
  connections: Schema.NullOr(Schema.Int).annotate({
    description: "Open streams, fewer than the account's; null for the same."
  }),
  month_credits_cap: Schema.NullOr(Schema.Int).annotate({
    description: "Credits that it may use in a month (UTC); null for no cap of its own."
  }),
  created_at: Instant,
  created_by: Schema.NullOr(KeyMaker).annotate({
    description: "Who made it; null where that was us, or was not noted yet."
  }),
  expires_at: Schema.NullOr(Instant).annotate({ description: "When it stops working; null for never." }),
  revoked_at: Schema.NullOr(Instant).annotate({ description: "When it was revoked; null while it was not." }),
  last_used_at: Schema.NullOr(Instant).annotate({ description: "Its last call, to the minute; null before the first." })
}).annotate({ identifier: "Key", description: "What is known of a key: everything but the key." })

export const KeyList = Schema.Struct({
  keys: Schema.Array(KeyView).annotate({ description: "The oldest first; also those that do not work any more." }),
  ...answerFields
}).annotate({ identifier: "KeyList", description: "The keys of the account." })

export const OneKey = Schema.Struct({ key: KeyView, ...answerFields }).annotate({
  identifier: "OneKey",
  description: "A key of the account, as it is now."
})

export const NewKey = Schema.Struct({
  key: KeyView,
  secret: Schema.String.annotate({
    description: "The key itself. It is shown in this answer and never again: we keep a hash of it.",
    examples: ["kb_live_7Yq0hT3kPa_..."]
  }),
  replaces: Schema.NullOr(KeyView).annotate({
    description: "The key in whose place it comes, which works until its `expires_at`; null for one that is new."
  }),
  ...answerFields
}).annotate({ identifier: "NewKey", description: "A key that was made just now." })

export const Ticket = Schema.Struct({
  ticket: Schema.String.annotate({
    description: "Opens one websocket, once: `/v1/stream?ticket=...`.",
    examples: ["kb_ticket_..."]
  }),
  expires_at: Instant.annotate({ description: "Until when it opens one: a minute." }),
  ...answerFields
}).annotate({
  identifier: "Ticket",
  description: "A ticket for the websocket of a browser, which cannot send a header."
})

const Name = Schema.String.check(Schema.isPattern(Parameter.plainText), Schema.isMaxLength(keyNameCharsMax)).annotate({
  description: "For people.",
  examples: ["nightly backtest"]
})

const wholeOrNull = (description: string, minimum: number, example: number) =>
  Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum, maximum: 999_999_999 }))).annotate({
    description,
    examples: [example]
  })

const changeable = {
  name: Name,
  month_credits_cap: wholeOrNull("Credits a month (UTC) at most; null for no cap of its own.", 0, 500),
  requests_per_second: wholeOrNull("Credits' worth of calls a second at most; null for the account's.", 1, 5),
  connections: wholeOrNull("Open streams at most; null for the account's.", 1, 1)
} as const

const optional = {
  month_credits_cap: Schema.optionalKey(changeable.month_credits_cap),
  requests_per_second: Schema.optionalKey(changeable.requests_per_second),
  connections: Schema.optionalKey(changeable.connections)
} as const

export const CreateKeyBody = Schema.Struct({
  name: changeable.name,
  scopes: Schema.optionalKey(
    Scopes.check(Schema.isUnique(), Schema.isMinLength(1)).annotate({
      description: "What it may do. Without it: `read`, `stream` and `download`, as far as the caller may."
    })
  ),
  expires_at: Schema.optionalKey(
    Schema.NullOr(
      Parameter.time(`When it stops working, at most ${keyExpiryDaysMax} days from now; null for never.`, "2027-01-01")
    )
  ),
  ...optional
}).annotate({ identifier: "CreateKeyBody", description: "A key that is wanted." })

export const ChangeKeyBody = Schema.Struct({ name: Schema.optionalKey(changeable.name), ...optional }).annotate({
  identifier: "ChangeKeyBody",
  description: "What is to be changed; what is absent stays."
})

export const RotateKeyBody = Schema.Struct({
  overlap_seconds: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: rotateOverlapSecondsMax })).annotate({
      description: `How long the old key still works; without it ${rotateOverlapSecondsDefault}, a day.`,
      examples: [rotateOverlapSecondsDefault]
    })
  )
}).annotate({ identifier: "RotateKeyBody", description: "How a key is replaced." })

/** What the store knows of a key. */
export interface KeyFacts {
  readonly prefix: string
  readonly name: string
  readonly scopes: ReadonlyArray<Scope>
  readonly requestsPerSecond: number | null
  readonly connections: number | null
  readonly capCredits: number | null
  readonly createdMicros: number
  readonly expiresMicros: number | null
  readonly revokedMicros: number | null
  readonly usedMicros: number | null
  readonly maker: MakerFacts | null
}

type MakerFacts =
  | { readonly _tag: "member"; readonly userId: string; readonly email: string }
  | { readonly _tag: "key"; readonly prefix: string }

const iso = (micros: number | null): string | null => (micros === null ? null : isoFromMicros(micros))

const makerView = (maker: MakerFacts, isGone: boolean): typeof KeyMaker.Type => ({
  kind: maker._tag,
  name: maker._tag === "member" ? maker.email : maker.prefix,
  is_gone: isGone
})

/** `isGone` tells of a maker whether he is of the account no more. */
export const view = (key: KeyFacts, isGone: (maker: MakerFacts) => boolean): typeof KeyView.Type => ({
  id: key.prefix,
  name: key.name,
  scopes: key.scopes,
  requests_per_second: key.requestsPerSecond,
  connections: key.connections,
  month_credits_cap: key.capCredits,
  created_at: isoFromMicros(key.createdMicros),
  created_by: key.maker === null ? null : makerView(key.maker, isGone(key.maker)),
  expires_at: iso(key.expiresMicros),
  revoked_at: iso(key.revokedMicros),
  last_used_at: iso(key.usedMicros)
})
