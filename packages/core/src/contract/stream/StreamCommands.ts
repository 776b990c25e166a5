/**
 * What a client says on `/v1/stream`: JSON text, or MessagePack in a binary frame; one command or an array of them. Each has an `id` of the
 * client's choice, and is answered by exactly one message with the same `id`.
 */
import * as Schema from "effect/Schema"
import { tickerCharsMax } from "../Limits.ts"
import { timeAllowed } from "../TimeParameter.ts"
import { namesMax, replaySpeedMax, replaySpeedMin } from "./StreamLimits.ts"

export const Id = Schema.Union([
  Schema.String.check(Schema.isMaxLength(64)),
  Schema.Finite.check(Schema.isBetween({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }))
]).annotate({ description: "A number, or a text of up to 64 characters: repeated in the answer.", examples: [1] })
export type Id = typeof Id.Type

export const channels = ["book", "trades", "lifecycle", "status"] as const
export type Channel = (typeof channels)[number]

export const Channels = Schema.Array(Schema.Literals(channels))
  .check(Schema.isMinLength(1), Schema.isMaxLength(8))
  .annotate({
    description: "Of `book`, `trades`, `lifecycle` and `status`; `book` alone when left out.",
    examples: [["book", "trades"]]
  })

const Ticker = Schema.NonEmptyString.check(Schema.isMaxLength(tickerCharsMax))

const Names = Schema.Array(Ticker).check(Schema.isMaxLength(namesMax))

const names = (what: string, example: string) =>
  Schema.optionalKey(
    Names.annotate({ description: `${what}, up to ${namesMax} in one command.`, examples: [[example]] })
  )

const Offset = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))

/** Where a reader stands in a market's log. */
export const Place = Schema.Struct({
  offset: Offset.annotate({ description: "The last record that was read.", examples: [18_231] }),
  epoch: Schema.Int.annotate({
    description: "The epoch of that record: by it a log is told from one that a crash of the recorder has changed.",
    examples: [3]
  })
}).annotate({ identifier: "Place" })
export type Place = typeof Place.Type

const Time = Schema.String.check(Schema.isMaxLength(40))
const time = (description: string) => Time.annotate({ description: `${description}: ${timeAllowed}.` })

const selection = {
  markets: names("Tickers of markets", "KXBTC15M-26NOV211415-15"),
  events: names(
    "Tickers of events: all their markets, also those that come to be later, and messages about the event",
    "KXBTC15M-26NOV211415"
  ),
  series: names("Tickers of series: all their markets, also those that come to be later", "KXBTC15M"),
  all: Schema.optionalKey(Schema.Boolean.annotate({ description: "Every market that is recorded, now or later." }))
}

const id = { id: Id }

export const Subscribe = Schema.Struct({
  op: Schema.Literal("subscribe"),
  ...id,
  channels: Schema.optionalKey(Channels),
  ...selection,
  snapshot: Schema.optionalKey(
    Schema.Boolean.annotate({
      description:
        "Whether each book comes first, with its offset. True when left out; a market in `from_offset` never gets one, since its reader has the book."
    })
  ),
  from_offset: Schema.optionalKey(
    Schema.Record(Ticker, Schema.Union([Offset, Place])).annotate({
      description:
        "By market: go on exactly behind this record, out of history and into the live stream. An offset, or the place as a message told it: then a log that a crash has changed is noticed (`resync`). 0 is the beginning of the log.",
      examples: [{ "KXBTC15M-26NOV211415-15": { offset: 18_231, epoch: 3 } }]
    })
  ),
  from: Schema.optionalKey(
    time(
      "For markets that are not in `from_offset`: first the book as of this moment, then every record behind it; trades and lifecycle messages received after it"
    )
  )
}).annotate({
  identifier: "subscribe",
  description:
    "Follow some markets. Answered by `subscribed`; then comes each book (`snapshot`), and from there every record. A market that several subscriptions name comes once."
})
export type Subscribe = typeof Subscribe.Type

const subscription = {
  subscription: Schema.Int.annotate({ description: "Its number, as `subscribed` told it.", examples: [1] })
}

const Unsubscribe = Schema.Struct({
  op: Schema.Literal("unsubscribe"),
  ...id,
  ...subscription
}).annotate({ identifier: "unsubscribe", description: "End a subscription. Answered by `unsubscribed`." })

export const Update = Schema.Struct({
  op: Schema.Literal("update"),
  ...id,
  ...subscription,
  add_markets: names("Markets that join", "KXBTC15M-26NOV211430-30"),
  remove_markets: names("Markets that leave", "KXBTC15M-26NOV211415-15")
}).annotate({
  identifier: "update",
  description:
    "Change the markets that a subscription names. Answered by `updated`; a market that joins begins with its book."
})
export type Update = typeof Update.Type

const Offsets = Schema.Struct({ op: Schema.Literal("offsets"), ...id }).annotate({
  identifier: "offsets",
  description: "Ask where each market stands. Answered by `offsets`."
})

const Speed = Schema.Union([
  Schema.Finite.check(Schema.isBetween({ minimum: replaySpeedMin, maximum: replaySpeedMax })),
  Schema.Literal("max")
]).annotate({
  description: `How many times as fast as it happened, ${replaySpeedMin} to ${replaySpeedMax} and not more than the tier allows, or \`max\`: as fast as it is read.`,
  examples: [10]
})
export type ReplaySpeed = typeof Speed.Type

const Replay = Schema.Struct({
  op: Schema.Literal("replay"),
  ...id,
  channels: Schema.optionalKey(Channels),
  markets: selection.markets,
  events: selection.events,
  series: selection.series,
  all: selection.all,
  from: time("Where to begin: each book as of this moment comes first"),
  to: Schema.optionalKey(time("Where to end; now when left out")),
  speed: Schema.optionalKey(Speed)
}).annotate({
  identifier: "replay",
  description:
    "Past messages in place of live ones: the same messages, of all markets in one order of time. Answered by `replay`. Ends the subscriptions of the connection, and another replay."
})
export type Replay = typeof Replay.Type

const replayCommand = <Op extends string>(op: Op, description: string) =>
  Schema.Struct({ op: Schema.Literal(op), ...id }).annotate({ identifier: op, description })

const Pause = replayCommand("pause", "Hold the replay. Answered by `replay`.")
const Resume = replayCommand("resume", "Go on with the replay. Answered by `replay`.")
const Stop = replayCommand("stop", "End the replay. Answered by `replay`.")

const Seek = Schema.Struct({
  op: Schema.Literal("seek"),
  ...id,
  from: time("Where to go on, before or after the place of now: each book as of this moment comes first"),
  speed: Schema.optionalKey(Speed)
}).annotate({
  identifier: "seek",
  description: "Go on with the replay elsewhere, or at another speed. Answered by `replay`."
})
export type Seek = typeof Seek.Type

export const commands = [Subscribe, Unsubscribe, Update, Offsets, Replay, Pause, Resume, Seek, Stop] as const

export const Command = Schema.Union(commands)
export type Command = typeof Command.Type

/** By `op`. */
export const commandOf: ReadonlyMap<string, Schema.Decoder<Command>> = new Map(
  commands.map((command) => [command.fields.op.literal, command as Schema.Decoder<Command>])
)
