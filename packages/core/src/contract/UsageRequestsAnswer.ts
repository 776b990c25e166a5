/** The single requests of an account, as an answer: what each cost, and what was refused or failed. */
import * as Schema from "effect/Schema"
import { isoFromMicros } from "../Units.ts"
import { docsOf } from "./ProblemKind.ts"
import { problems } from "./Problems.ts"
import { answerFields, Cursor, Instant } from "./Scalars.ts"

export const outcomes = ["answered", "held", "failed"] as const
export type Outcome = (typeof outcomes)[number]

export const UsageRequest = Schema.Struct({
  time: Instant.annotate({
    description: "When it was let in or, where it failed, answered. Of errors that were counted: the first."
  }),
  request_id: Schema.NullOr(Schema.String).annotate({
    description:
      "As in the answer and its header `X-Request-Id`; null where it is not one request: errors that were counted, and what was paid for a download.",
    examples: ["req_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f"]
  }),
  download_id: Schema.NullOr(Schema.String).annotate({
    description: "The download that was paid for; null for everything else.",
    examples: ["dl_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f"]
  }),
  operation: Schema.NullOr(Schema.String).annotate({
    description: "The call, by its `operationId`; null where several were counted.",
    examples: ["getOrderbook"]
  }),
  key: Schema.String.annotate({
    description: "The public prefix of the key, or `user-` and eight letters of a member's id, as in `/v1/usage`.",
    examples: ["7Yq0hT3kPa"]
  }),
  outcome: Schema.Literals(outcomes).annotate({
    description:
      "`answered`: for the credits told. `held`: it is being answered, and credits are held for it. `failed`: with an error."
  }),
  status: Schema.NullOr(Schema.Int).annotate({
    description: "The HTTP status of an error; null for what did not fail.",
    examples: [404]
  }),
  code: Schema.NullOr(Schema.String).annotate({
    description: "The `code` of the problem; null for what did not fail.",
    examples: ["unknown_market"]
  }),
  docs: Schema.NullOr(Schema.String).annotate({
    description: "Where the documentation says what the code means; null where it does not.",
    examples: [docsOf("unknown_market")]
  }),
  credits: Schema.Int.annotate({
    description: "All that it cost, also where it was paid in parts, and later than `to`."
  }),
  rows: Schema.Int.annotate({ description: "Entries that were paid for." }),
  count: Schema.Int.annotate({
    description: "1; of errors that were counted, how many there were in that minute, of this key, status and code."
  }),
  time_last: Instant.annotate({ description: "As `time`; of errors that were counted, the last." })
}).annotate({ identifier: "UsageRequest", description: "A request, or how many errors of a kind there were more." })
export type UsageRequest = typeof UsageRequest.Type

export const UsageRequests = Schema.Struct({
  from: Instant,
  to: Instant,
  kept_from: Instant.annotate({
    description: "Single requests are kept from here on; what was used before is in `/v1/usage`, by day."
  }),
  requests: Schema.Array(UsageRequest).annotate({ description: "Newest first." }),
  cursor: Cursor,
  ...answerFields
}).annotate({ identifier: "UsageRequests", description: "A page of the requests of an account." })

interface Logged {
  readonly id: string
  readonly tsMicros: number
  readonly tsLastMicros: number
  readonly endpoint: string | null
  readonly prefix: string
  readonly outcome: Outcome
  readonly status: number | null
  readonly code: string | null
  readonly credits: number
  readonly rows: number
  readonly count: number
}

/** What is paid once is named `account/download`. */
const downloadOf = (id: string): string | null => /\/(dl_[0-9a-f]+)/.exec(id)?.[1] ?? null

export const view = (logged: Logged): UsageRequest => {
  const { code, count, credits, endpoint, id, outcome, prefix, rows, status } = logged
  return {
    time: isoFromMicros(logged.tsMicros),
    request_id: endpoint !== null && id.startsWith("req_") ? id : null,
    download_id: downloadOf(id),
    operation: endpoint,
    key: prefix,
    outcome,
    status,
    code,
    docs: code !== null && Object.hasOwn(problems, code) ? docsOf(code) : null,
    credits,
    rows,
    count,
    time_last: isoFromMicros(logged.tsLastMicros)
  }
}
