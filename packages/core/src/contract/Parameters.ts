/**
 * The parameters of the HTTP API. A name means the same on every endpoint; `allowed` says in words what it may be, for
 * the documentation and for the problem that a wrong one gets.
 *
 * Everything is checked strictly, and what is not a parameter of the endpoint is refused: a misspelt `at` must not
 * silently become "now".
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { measureNames, recordMeasureNames } from "../BookMeasures.ts"
import { statuses } from "../kalshi/MarketStatus.ts"
import { searchWordsMax, wordsOf } from "../MarketSearch.ts"
import { isoFromMicros } from "../Units.ts"
import { intervals } from "./CandlesAnswer.ts"
import {
  coverageDaysMax,
  cursorCharsMax,
  depthCentsDefault,
  depthCentsMax,
  depthMax,
  downloadDaysMax,
  everyMicrosMax,
  everyMicrosMin,
  idempotencyKeyCharsMax,
  keyNameCharsMax,
  limitDefault,
  limitMax,
  rotateOverlapSecondsMax,
  textCharsMax,
  tickerCharsMax,
  tickersMax
} from "./Limits.ts"
import { Clock } from "./OrderbookAnswer.ts"
import * as TimeParameter from "./TimeParameter.ts"
import { outcomes } from "./UsageRequestsAnswer.ts"

/** Printable ASCII without spaces: all that Kalshi's names are made of, and nothing that a database refuses. */
const ticker = /^[\x21-\x7e]+$/

/** Any text without control characters. */
export const plainText = /^[^\p{Cc}\p{Cs}]+$/u

const operationName = /^[A-Za-z]{1,64}$/
const callerName = /^(?:[0-9A-Za-z]{10}|user-[0-9a-f]{8})$/

export const Ticker = Schema.String.check(Schema.isPattern(ticker), Schema.isMaxLength(tickerCharsMax))

/** The words of Kalshi's status filter that differ from the status of a market (Kalshi docs, "Market lifecycle", 2026). */
const statusOfFilterWord = {
  unopened: "initialized",
  open: "active",
  paused: "inactive",
  settled: "finalized"
} as const

const named = (words: ReadonlyArray<string>): string => words.map((word) => `\`${word}\``).join(", ")

/** What each parameter may be, in words. */
export const allowed = {
  ticker: `a ticker: 1 to ${tickerCharsMax} printable ASCII characters`,
  at: TimeParameter.timeAllowed,
  as_of: TimeParameter.timeAllowed,
  clock: "`received` or `exchange`",
  depth: `a whole number from 0 (all levels) to ${depthMax}`,
  view: "`full` or `summary`",
  derive: `names separated by commas, of ${named(measureNames)}; for \`deltas\` also \`size_after\``,
  depth_cents: `a whole number from 0 to ${depthCentsMax}`,
  from: TimeParameter.timeAllowed,
  to: `${TimeParameter.timeAllowed}, not before \`from\``,
  limit: `a whole number from 1 to ${limitMax}`,
  cursor: "the `cursor` of an answer to the same question, with the same filters",
  status: `a market's status (${named(statuses)}) or one of the words of Kalshi's filter (${named(Object.keys(statusOfFilterWord))})`,
  series_ticker: `a series ticker: 1 to ${tickerCharsMax} printable ASCII characters`,
  event_ticker: `an event ticker: 1 to ${tickerCharsMax} printable ASCII characters`,
  category: `a category: 1 to ${textCharsMax} characters`,
  q: `1 to ${searchWordsMax} words, ${textCharsMax} characters at most`,
  event: `an event ticker: 1 to ${tickerCharsMax} printable ASCII characters`,
  series: `a series ticker: 1 to ${tickerCharsMax} printable ASCII characters`,
  interval: named(intervals),
  every: "a whole number with its unit, from `1ms` to `1d`: `ms`, `s`, `m`, `h` or `d`",
  tickers: `1 to ${tickersMax} market tickers, separated by commas`,
  fields: "names of fields of the rows, each once, separated by commas",
  "idempotency-key": `1 to ${idempotencyKeyCharsMax} printable ASCII characters`,
  date: "a UTC day as `2026-11-21`",
  user_id: "the id of a member, a UUID",
  invitation_id: "the id of an invitation, a UUID",
  request_id: "the `request_id` of an answer: `req_` and 32 hexadecimal digits",
  outcome: named(outcomes),
  operation: "the `operationId` of a call: up to 64 letters",
  caller: "the public prefix of a key, or `user-` and eight hexadecimal digits, as `key` of a row",
  key_id: "the public prefix of a key: the 10 letters and digits behind `kb_live_`",
  id: "the id of a download: `dl_` and 32 hexadecimal digits",
  format: "one of the formats of the endpoint",
  dry_run: "`true` or `false`",
  max_credits: "a whole number of credits, 0 or more"
} as const

/** The same for the fields of a body. */
export const allowedInBody: Readonly<Record<string, string>> = {
  ...allowed,
  kinds: "a list of `records`, `trades`, `lifecycle`, `gaps`, `channel_gaps` and `markets`, each once",
  dates: `a list of up to ${downloadDaysMax} UTC days as \`2026-11-21\`, instead of \`from\` and \`to\``,
  tickers: "a list of market tickers, each once",
  name: `1 to ${keyNameCharsMax} characters, none of which is a control character`,
  scopes: "a list of one or more of `read`, `stream`, `download` and `admin`, each once",
  expires_at: `null, or ${TimeParameter.timeAllowed}`,
  month_credits_cap: "a whole number of credits, 0 or more, or null",
  requests_per_second: "a whole number, 1 or more, or null",
  connections: "a whole number, 1 or more, or null",
  overlap_seconds: `a whole number from 0 to ${rotateOverlapSecondsMax}`,
  events: `a list of up to ${tickersMax} event tickers`,
  series: `a list of up to ${tickersMax} series tickers`,
  max_credits: "a whole number of credits, 0 or more",
  dry_run: "`true` or `false`",
  email: "a mail address",
  role: "`owner`, `member` or `billing`",
  token: "what an invitation came with: letters, digits, `-` and `_`"
}

const refuse = (text: string) => Effect.fail(new SchemaIssue.InvalidValue({ message: "not allowed" }, text))

/** A whole number in plain digits; no sign, fraction, exponent or space. */
const wholeNumber = (minimum: number, maximum: number, description: string, example: number) =>
  Schema.String.annotate({ description, examples: [String(example)] }).pipe(
    Schema.decodeTo(
      Schema.Int.check(Schema.isBetween({ minimum, maximum })),
      SchemaTransformation.transformEffect({
        decode: (text) => (/^\d{1,9}$/.test(text) ? Effect.succeed(Number(text)) : refuse(text)),
        encode: (value) => Effect.succeed(String(value))
      })
    )
  )

const microsOfUnit: Readonly<Record<string, number>> = {
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000
}

const everyOf = (text: string): number | undefined => {
  const [, count, unit = ""] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  const micros = Number(count) * (microsOfUnit[unit] ?? Number.NaN)
  return micros >= everyMicrosMin && micros <= everyMicrosMax ? micros : undefined
}

/** A time between moments, decoded into microseconds. */
export const Every = Schema.String.annotate({
  description: `From one moment to the next: ${allowed.every}. Without it: \`1m\`.`,
  examples: ["1s"]
}).pipe(
  Schema.decodeTo(
    Schema.Int,
    SchemaTransformation.transformEffect({
      decode: (text) => {
        const micros = everyOf(text)
        return micros === undefined ? refuse(text) : Effect.succeed(micros)
      },
      encode: (micros) => Effect.succeed(`${micros / 1_000}ms`)
    })
  )
)

/** A moment, decoded into Unix microseconds. */
export const time = (description: string, example: string) =>
  Schema.String.annotate({
    description: `${description} Accepts ${TimeParameter.timeAllowed}.`,
    examples: [example]
  }).pipe(
    Schema.decodeTo(
      Schema.Int,
      SchemaTransformation.transformEffect({
        decode: (text) =>
          Option.match(TimeParameter.parse(text), {
            onNone: () => refuse(text),
            onSome: (micros) => Effect.succeed(micros)
          }),
        encode: (micros) => Effect.succeed(isoFromMicros(micros))
      })
    )
  )

export const At = time(
  "The moment of the book: all records up to and including it are part of the book. Without it: now.",
  "2026-11-21T14:03:00Z"
)

export const AsOf = time(
  "What was known at this moment: of each object the newest version that had been seen by then; filters mean those versions, and what was seen later is not there. Without it: what is known now.",
  "2026-11-21T14:03:00Z"
)

export const From = time(
  "Only what was at this moment or later, by the receive clock. Without it: from the beginning.",
  "2026-11-21T14:00:00Z"
)

export const To = time(
  "Only what was before this moment, by the receive clock. Without it: up to the end.",
  "2026-11-21T15:00:00Z"
)

export const TradesFrom = time(
  "Only trades at this moment or later, by the exchange's clock. Without it: from the beginning.",
  "2026-11-21T14:00:00Z"
)

export const TradesTo = time(
  "Only trades before this moment, by the exchange's clock. Without it: up to the end.",
  "2026-11-21T15:00:00Z"
)

export const SamplesFrom = time(
  "The first moment, by the receive clock. Without it: an hour before `to`.",
  "2026-11-21T14:00:00Z"
)

export const SamplesTo = time(
  "Only moments before this one. Without it, and at most: up to where everything received is stored.",
  "2026-11-21T15:00:00Z"
)

export const Interval = Schema.Literals(intervals).annotate({
  description: "How long a bucket is; they begin at whole multiples of it since 1970, UTC.",
  examples: ["1m"]
})

export const CandlesFrom = time(
  `From the bucket of this moment on. Without it: ${limitDefault} buckets before \`to\`.`,
  "2026-11-21T14:00:00Z"
)

export const CandlesTo = time(
  "Only buckets that begin before this moment. Without it, and at most: up to where everything received is stored.",
  "2026-11-21T15:00:00Z"
)

export const SettledFrom = time("Only what was settled at this moment or later.", "2026-11-21T00:00:00Z")

export const SettledTo = time("Only what was settled before this moment.", "2026-11-22T00:00:00Z")

export const CoverageFrom = time(
  "From the hour of this moment on. Without it: from a day before `to`.",
  "2026-11-21T00:00:00Z"
)

export const CoverageTo = time(
  `Up to the end of the hour that this moment lies in, or to its beginning when it is one. At most ${coverageDaysMax} days after \`from\`. Without it: now.`,
  "2026-11-22T00:00:00Z"
)

export const UsageFrom = time(
  "Only what was used at this moment or later; of days more than 40 days ago, those that begin then or later. Without it: from the beginning of the month (UTC) of `to`.",
  "2026-11-01T00:00:00Z"
)

export const UsageTo = time("Only what was used before this moment. Without it: now.", "2026-11-22T00:00:00Z")

export const RequestsFrom = time(
  "Only what was at this moment or later. Without it, and at least: from `kept_from`.",
  "2026-11-01T00:00:00Z"
)

export const RequestsTo = time("Only what was before this moment. Without it: now.", "2026-11-22T00:00:00Z")

export const Outcome = Schema.Literals(outcomes).annotate({
  description: `Only requests of which this became: ${named(outcomes)}. Without it: all.`,
  examples: ["failed"]
})

export const OperationName = Schema.String.check(Schema.isPattern(operationName)).annotate({
  description: "Only of this call, by its `operationId`.",
  examples: ["getOrderbook"]
})

export const CallerName = Schema.String.check(Schema.isPattern(callerName)).annotate({
  description: "Only of this key, or member, as `key` of a row names it.",
  examples: ["7Yq0hT3kPa"]
})

export const RequestId = Schema.String.check(Schema.isPattern(/^req_[0-9a-f]{32}$/)).annotate({
  description: "Only the request of this id.",
  examples: ["req_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f"]
})

export const ClockName = Clock.annotate({
  description:
    "By which clock `at` is meant: `received` (the default), our time of receipt, or `exchange`, the exchange's own time. Without `at` it changes nothing.",
  examples: ["received"]
})

export const Depth = wholeNumber(
  0,
  depthMax,
  "Only the best so many levels of each side. 0, the default, gives all of them.",
  10
)

export const View = Schema.Literals(["full", "summary"]).annotate({
  description:
    "`summary`: short answers, for agents and dashboards: the top of the book and whether it may be believed, without the proof; ladders only where `depth` asks for some. The default is `full`.",
  examples: ["summary"]
})
export type View = typeof View.Type

export const DepthCents = wholeNumber(
  0,
  depthCentsMax,
  `How far from the best price \`yes_depth\`, \`no_depth\` and \`depth_imbalance\` go, in cents. The default is ${depthCentsDefault}.`,
  depthCentsDefault
)

const deriveOf = <Name extends string>(names: ReadonlyArray<Name>, description: string) =>
  Schema.String.annotate({
    description: `${description} ${named(names)}, separated by commas.`,
    examples: [names.slice(0, 4).join(",")]
  }).pipe(
    Schema.decodeTo(
      Schema.Array(Schema.Literals(names)).check(Schema.isUnique()),
      SchemaTransformation.transformEffect<ReadonlyArray<Name>, string>({
        decode: (text) => {
          const unknown = text.split(",").some((name) => !names.some((known) => known === name))
          return unknown
            ? refuse(text)
            : Effect.succeed(text.split(",") as ReadonlyArray<string> as ReadonlyArray<Name>)
        },
        encode: (asked) => Effect.succeed(asked.join(","))
      })
    )
  )

export const Derive = deriveOf(measureNames, "Measures of each book besides its levels, computed from the whole book:")
export const DeriveOfRecords = deriveOf(
  recordMeasureNames,
  "In streams: measures of the book right after each record, besides the record:"
)

export const Limit = wholeNumber(
  1,
  limitMax,
  `Entries of a page, at most. The default is ${limitDefault}.`,
  limitDefault
)

export const CursorText = Schema.String.check(Schema.isMaxLength(cursorCharsMax)).annotate({
  description: "The `cursor` of the page before. Only together with the same filters. Without it: the first page."
})

const tickerOf = (description: string, example: string) => Ticker.annotate({ description, examples: [example] })

export const EventOfBooks = tickerOf("The same as `event_ticker`.", "KXBTC15M-26NOV211415")
export const SeriesOfBooks = tickerOf("The same as `series_ticker`.", "KXBTC15M")
export const MarketTickerPath = tickerOf("A market.", "KXBTC15M-26NOV211415-15")
export const EventTickerPath = tickerOf("An event.", "KXBTC15M-26NOV211415")
export const SeriesTickerPath = tickerOf("A series.", "KXBTC15M")
export const SeriesTicker = tickerOf("Only of this series.", "KXBTC15M")
export const EventTicker = tickerOf("Only of this event.", "KXBTC15M-26NOV211415")

export const Category = Schema.String.check(Schema.isPattern(plainText), Schema.isMaxLength(textCharsMax)).annotate({
  description: "Only of this category, as Kalshi writes it.",
  examples: ["Crypto"]
})

/** Words to search by. */
export const Question = Schema.String.check(
  Schema.makeFilter((text) => {
    const { length } = wordsOf(text)
    return length > 0 && length <= searchWordsMax
  }),
  Schema.isPattern(plainText),
  Schema.isMaxLength(textCharsMax)
).annotate({
  description:
    "Only markets in which each of these words begins one of ticker, title or subtitles, or of the title of their event or series. What can be traded comes first, then what will be, then what has ended; of each, what has all the words itself.",
  examples: ["bitcoin 15 min"]
})

export const Tickers = Schema.String.annotate({
  description: `Only these markets: up to ${tickersMax} tickers, separated by commas.`,
  examples: ["KXBTC15M-26NOV211415-15,KXBTC15M-26NOV211430-30"]
}).pipe(
  Schema.decodeTo(
    Schema.Array(Ticker).check(Schema.isMaxLength(tickersMax)),
    SchemaTransformation.transformEffect<ReadonlyArray<string>, string>({
      decode: (text) => Effect.succeed(text.split(",")),
      encode: (tickers) => Effect.succeed(tickers.join(","))
    })
  )
)

export const Status = Schema.Literals([...statuses, "unopened", "open", "paused", "settled"]).annotate({
  description:
    "Only markets of this status, as in their `status` field. The words of Kalshi's filter are understood too: `unopened` is `initialized`, `open` is `active`, `paused` is `inactive`, `settled` is `finalized`; `closed` is the status of that name alone.",
  examples: ["active"]
})
export type Status = typeof Status.Type

/** The status of a market that a filter means. */
export const marketStatus = (status: Status): string =>
  status in statusOfFilterWord ? statusOfFilterWord[status as keyof typeof statusOfFilterWord] : status

export const Fields = Schema.String.annotate({
  description: "Only these fields of each row, separated by commas. In pages of JSON. Without it: all of them.",
  examples: ["ticker,status"]
}).pipe(
  Schema.decodeTo(
    Schema.Array(Schema.String).check(Schema.isUnique()),
    SchemaTransformation.transformEffect<ReadonlyArray<string>, string>({
      decode: (text) => (/^[a-z0-9_]+(,[a-z0-9_]+)*$/.test(text) ? Effect.succeed(text.split(",")) : refuse(text)),
      encode: (names) => Effect.succeed(names.join(","))
    })
  )
)

export const IdempotencyKey = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]+$/),
  Schema.isMaxLength(idempotencyKeyCharsMax)
).annotate({
  description:
    "A name of your own for this request. Repeated with the same name and body within 24 hours, it gives the same again, and is paid once; with another body it is refused.",
  examples: ["2026-11-21-btc"]
})

const DryRun = Schema.Literals(["true", "false"]).annotate({
  description:
    "`true`: does nothing, costs nothing, and answers an `Estimate`: how many rows, bytes and credits the call has at most.",
  examples: ["false"]
})

const MaxCredits = wholeNumber(
  0,
  999_999_999,
  "Refuses the call beforehand when it may cost more credits than this.",
  10
)

/** What every call has that costs credits. */
export const charged = { dry_run: Schema.optionalKey(DryRun), max_credits: Schema.optionalKey(MaxCredits) }

export const ListForm = Schema.Literals(["json", "ndjson", "csv", "parquet", "arrow"]).annotate({
  description:
    "`json`, the default, is a page. The others are the whole range in one stream: `ndjson` the same entries, one a line; `csv`, `parquet` and `arrow` (an IPC stream) rows as docs/data-format.md describes them. Without it the header Accept decides.",
  examples: ["ndjson"]
})

/** A UTC day, decoded into its beginning, Unix microseconds. */
export const Date = Schema.String.annotate({ description: "A UTC day.", examples: ["2026-11-21"] }).pipe(
  Schema.decodeTo(
    Schema.Int,
    SchemaTransformation.transformEffect({
      decode: (text) =>
        Option.match(/^\d{4}-\d\d-\d\d$/.test(text) ? TimeParameter.parse(text) : Option.none(), {
          onNone: () => refuse(text),
          onSome: (micros) => Effect.succeed(micros)
        }),
      encode: (micros) => Effect.succeed(isoFromMicros(micros).slice(0, 10))
    })
  )
)

export const KeyIdPath = Schema.String.check(Schema.isPattern(/^[0-9A-Za-z]{10}$/)).annotate({
  description: "A key, by its public prefix.",
  examples: ["7Yq0hT3kPa"]
})

const uuid = Schema.String.check(Schema.isPattern(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/))

export const UserIdPath = uuid.annotate({
  description: "A member, by the auth server's id.",
  examples: ["0d9c8b7a-6f5e-4d3c-8b2a-1f0e9d8c7b6a"]
})

export const InvitationIdPath = uuid.annotate({
  description: "An invitation.",
  examples: ["7e6d5c4b-3a29-4180-9f7e-6d5c4b3a2918"]
})

export const DownloadIdPath = Schema.String.check(Schema.isPattern(/^dl_[0-9a-f]{32}$/)).annotate({
  description: "A download.",
  examples: ["dl_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f"]
})
