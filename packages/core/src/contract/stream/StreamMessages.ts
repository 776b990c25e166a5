/**
 * What the server says on `/v1/stream`. A frame is always an array of these messages: JSON text, or MessagePack when the connection asked for
 * it. Records, trades and lifecycle messages have the fields that they have in REST.
 */
import * as Schema from "effect/Schema"
import { LifecycleGap } from "../ChannelGapView.ts"
import { LifecycleMessage } from "../LifecycleView.ts"
import { OrderbookFp } from "../OrderbookFp.ts"
import { RecordAnswer } from "../RecordView.ts"
import { Epoch, Instant, MarketTicker, Offset, Seq, Sid, TsExchange, TsReceived } from "../Scalars.ts"
import { TradeAnswer } from "../TradeView.ts"
import { GapCause, TrustAnswer } from "../TrustView.ts"
import { Channels, Id, Place } from "./StreamCommands.ts"

const type = <Type extends string>(name: Type) => ({ type: Schema.Literal(name) })

export const formats = ["json", "msgpack"] as const
export type Format = (typeof formats)[number]

export const slowPolicies = ["disconnect", "skip", "conflate"] as const
export type SlowPolicy = (typeof slowPolicies)[number]

const FeedState = Schema.Literals(["waiting", "live", "lost"]).annotate({
  description:
    "Whether the recorder is heard: `live`; `waiting` before it was heard first; `lost`: what is known is getting old, and nothing is sent until it is heard again."
})

const FeedTime = Schema.NullOr(Instant).annotate({
  description: "Receive clock: everything received up to this moment was told. Null before the recorder was heard."
})

const Places = Schema.Record(Schema.String, Place).annotate({
  description: "By market: the last record that was sent. As it is, it is the `from_offset` of a resume.",
  examples: [{ "KXBTC15M-26NOV211415-15": { offset: 18_231, epoch: 3 } }]
})

const LeftOut = Schema.Int.annotate({ description: "How many more there are than are listed." })

const limits = Schema.Struct({
  buffer_bytes: Schema.Int.annotate({ description: "Bytes that may wait for you." }),
  conflate_bytes: Schema.Int.annotate({ description: "From so many waiting bytes on `conflate` sends books." }),
  command_bytes: Schema.Int.annotate({ description: "Bytes of a frame of yours." }),
  commands_per_second: Schema.Int,
  subscriptions: Schema.Int,
  names: Schema.Int.annotate({ description: "Markets, events and series that one command names." }),
  connections: Schema.Int.annotate({ description: "Open streams of your account." }),
  replay_speed: Schema.Finite.annotate({ description: "Fastest replay of your tier." }),
  heartbeat_seconds: Schema.Int
}).annotate({ description: "What this connection may do at most, by what we serve and by your plan and key." })

const Welcome = Schema.Struct({
  ...type("welcome"),
  protocol: Schema.Int.annotate({ description: "Version of these messages.", examples: [1] }),
  session: Schema.String.annotate({
    description: "Names this connection in our logs.",
    examples: ["str_5f0c2d6e9a1b"]
  }),
  format: Schema.Literals(formats).annotate({ description: "How frames are written, as the connection asked." }),
  slow: Schema.Literals(slowPolicies).annotate({ description: "What happens when you read too slowly." }),
  feed: FeedState,
  limits
}).annotate({ identifier: "welcome", description: "The first message: what was agreed on, and the limits." })
export type Welcome = typeof Welcome.Type

const LimitsNote = Schema.Struct({ ...type("limits"), limits }).annotate({
  identifier: "limits",
  description:
    "Your plan or key was changed: from now on this counts in place of what `welcome` said. A replay that is faster than it may be by now goes on at the fastest that may be, which `replay` says."
})

const subscription = Schema.Int.annotate({
  description: "Number of the subscription within the connection.",
  examples: [1]
})

const Subscribed = Schema.Struct({
  ...type("subscribed"),
  id: Id,
  subscription,
  channels: Channels,
  matched: Schema.Int.annotate({ description: "Markets that it names now and that are being recorded." }),
  markets: Schema.Array(MarketTicker).annotate({ description: "Those markets, as far as they are listed." }),
  markets_left_out: LeftOut,
  not_recorded: Schema.Array(MarketTicker).annotate({
    description: "Markets that you named, that exist, and that are not being recorded now; they join when they are."
  })
}).annotate({ identifier: "subscribed", description: "The answer to `subscribe`." })

const Unsubscribed = Schema.Struct({ ...type("unsubscribed"), id: Id, subscription }).annotate({
  identifier: "unsubscribed",
  description: "The answer to `unsubscribe`. Nothing of it is sent any more."
})

const Updated = Schema.Struct({
  ...type("updated"),
  id: Id,
  subscription,
  added: Schema.Array(MarketTicker),
  removed: Schema.Array(MarketTicker)
}).annotate({ identifier: "updated", description: "The answer to `update`." })

const offsetsFields = {
  offsets: Places,
  offsets_left_out: LeftOut,
  feed: FeedState,
  ts_received: FeedTime
}

const OffsetsAnswer = Schema.Struct({ ...type("offsets"), id: Id, ...offsetsFields }).annotate({
  identifier: "offsets",
  description: "The answer to `offsets`: where each market of yours stands."
})

const bookFields = {
  market_ticker: MarketTicker,
  offset: Offset.annotate({
    description: "The last record of the log that is part of the book. The next record follows it."
  }),
  epoch: Epoch,
  sid: Sid,
  seq: Seq,
  ts_exchange: TsExchange,
  ts_received: TsReceived,
  orderbook_fp: OrderbookFp,
  trust: TrustAnswer,
  book_hash: Schema.String.annotate({
    description: "Digest of the book, 16 hexadecimal digits, as in REST.",
    examples: ["5b1c9a7e00d3f214"]
  })
}

const Snapshot = Schema.Struct({ ...type("snapshot"), ...bookFields }).annotate({
  identifier: "snapshot",
  description: "A whole book, where a market joins, after `skipped` and after `resync`. Replaces what you had of it."
})

const previous_offset = Offset.annotate({
  description: "Offset of the record before it in the log. Not the last one that you have? Then something is missing."
})

/** What a record has in a plain list, where nothing is derived. */
const recordFields = <Fields extends { readonly derived: unknown }>({
  derived: _,
  ...fields
}: Fields): Omit<Fields, "derived"> => fields

const [SnapshotRecord, DeltaRecord, GapRecord] = RecordAnswer.members

const recordDescription =
  "One entry of a market's log, with the fields of `/v1/markets/{ticker}/deltas`, told apart by `kind`. `to` of a gap is always null here: its end comes as `recovered`."

const SnapshotRecordMessage = Schema.Struct({
  ...type("record"),
  previous_offset,
  ...recordFields(SnapshotRecord.fields)
}).annotate({ identifier: "record_snapshot", title: "record (kind snapshot)", description: recordDescription })

const DeltaRecordMessage = Schema.Struct({
  ...type("record"),
  previous_offset,
  ...recordFields(DeltaRecord.fields)
}).annotate({ identifier: "record_delta", title: "record (kind delta)", description: recordDescription })

const GapRecordMessage = Schema.Struct({
  ...type("record"),
  previous_offset,
  ...recordFields(GapRecord.fields)
}).annotate({ identifier: "record_gap", title: "record (kind gap)", description: recordDescription })

const Recovered = Schema.Struct({
  ...type("recovered"),
  market_ticker: MarketTicker,
  offset: Offset.annotate({ description: "The snapshot that ended the gap; it came just before." }),
  gap: Schema.Struct({
    offset: Offset.annotate({ description: "The gap's record." }),
    cause: GapCause,
    from: Instant.annotate({ description: "Receive clock: since when the book was not known." }),
    to: Instant.annotate({ description: "Receive clock: from when on it is known again." })
  })
}).annotate({ identifier: "recovered", description: "A gap has ended: the book is known again." })

const Trade = Schema.Struct({ ...type("trade"), ...TradeAnswer.fields }).annotate({
  identifier: "trade",
  description: "A trade, with the fields of `/v1/markets/{ticker}/trades`. `trade_id` is unique."
})

const LifecycleNote = Schema.Struct({ ...type("lifecycle"), ...LifecycleMessage.fields }).annotate({
  identifier: "lifecycle",
  description: "What the exchange said of the life of a market or event, with the fields of `/v1/lifecycle`."
})

const ChannelGapNote = Schema.Struct({
  ...type("channel_gap"),
  channel: Schema.Literals(["trades", "lifecycle"]).annotate({ description: "The channel that lost something." }),
  ...LifecycleGap.fields
}).annotate({
  identifier: "channel_gap",
  description:
    "Trades or lifecycle messages of any market may be missing. Comes when it is noticed and, if it was open then, once more when it ends. Trades that are read from the exchange's history later come as `trade`."
})

const Status = Schema.Struct({
  ...type("status"),
  feed: FeedState,
  ts_received: FeedTime,
  feed_id: Schema.NullOr(Schema.String).annotate({
    description: "Names the run of the recorder: another one after it was started again. Null before it was heard."
  })
}).annotate({
  identifier: "status",
  description: "Whether the recorder is heard: at subscription, and whenever it changes."
})

const Heartbeat = Schema.Struct({
  ...type("heartbeat"),
  ts: Instant.annotate({ description: "Our time." }),
  feed: FeedState,
  ts_received: FeedTime,
  subscriptions: Schema.Int.annotate({ description: "Subscriptions of the connection." }),
  catching_up: Schema.Int.annotate({ description: "Markets that are still being brought to now." }),
  buffer: Schema.Struct({
    bytes: Schema.Int.annotate({ description: "Bytes that wait for you." }),
    bytes_max: Schema.Int,
    fill: Schema.Finite.annotate({ description: "The share of the buffer that is used, 0 to 1." })
  })
}).annotate({
  identifier: "heartbeat",
  description:
    "Comes every five seconds, also when nothing happens. Nothing for fifteen seconds means that the connection is dead."
})

const Count = Schema.NullOr(Schema.Int).annotate({
  description: "How many messages were left out; null where that is not known: the recorder was not heard for a while."
})

const SkippedRecords = Schema.Struct({
  ...type("skipped"),
  channel: Schema.Literal("book"),
  market_ticker: MarketTicker,
  from_offset: Offset.annotate({ description: "The first record that was left out." }),
  to_offset: Offset.annotate({ description: "The last one; the `snapshot` that follows has all of them in it." })
}).annotate({
  identifier: "skipped_records",
  title: "skipped (records)",
  description:
    "You read too slowly, and chose `skip`: these records were left out. They are in `/v1/markets/{ticker}/deltas`."
})

const SkippedOthers = Schema.Struct({
  ...type("skipped"),
  channel: Schema.Literals(["trades", "lifecycle"]),
  messages: Count,
  from: Instant.annotate({ description: "Receive clock: when the first that was left out may have been received." }),
  to: Instant.annotate({ description: "Receive clock: the last." })
}).annotate({
  identifier: "skipped_others",
  title: "skipped (trades and lifecycle)",
  description:
    "You read too slowly, or the recorder was not heard for a while: so many trades or lifecycle messages of yours were left out. They are in REST."
})

const Conflated = Schema.Struct({
  ...type("conflated"),
  previous_offset: Offset.annotate({ description: "The last record of the market that was sent." }),
  ...bookFields
}).annotate({
  identifier: "conflated",
  description: "You read too slowly, and chose `conflate`: the newest book in place of the records up to it."
})

const Resync = Schema.Struct({
  ...type("resync"),
  market_ticker: MarketTicker,
  reason: Schema.Literals(["rewritten", "unknown_place"]).annotate({
    description:
      "`rewritten`: the recorder crashed, and the last records that you were sent are not part of the log. `unknown_place`: the log has no such record as the one you wanted to go on behind."
  }),
  offset: Schema.NullOr(Offset).annotate({
    description: "Where you stood, as far as known; records behind the last common one are void."
  })
}).annotate({
  identifier: "resync",
  description: "Forget what you have of this market's end: a `snapshot` follows, and from there on every record."
})

export const ErrorMessage = Schema.Struct({
  ...type("error"),
  id: Schema.NullOr(Id).annotate({
    description: "Of the command that was refused; null where it had none that could be read."
  }),
  code: Schema.String.annotate({
    description: "The kind of problem, as in REST: /problems/{code}.",
    examples: ["bad_parameter"]
  }),
  title: Schema.String,
  detail: Schema.String.annotate({ description: "What is wrong, for a person." }),
  parameter: Schema.optionalKey(Schema.String.annotate({ description: "The field that is wrong." })),
  allowed: Schema.optionalKey(Schema.String.annotate({ description: "What it may be." })),
  suggestion: Schema.optionalKey(Schema.String),
  retry_after_seconds: Schema.optionalKey(Schema.Int)
}).annotate({ identifier: "error", description: "A command was refused; nothing changed. The connection goes on." })
export type ErrorMessage = typeof ErrorMessage.Type

const Credits = Schema.Struct({
  ...type("credits"),
  used: Schema.Int.annotate({ description: "Credits that this connection has cost until now." })
}).annotate({
  identifier: "credits",
  description: "What the connection has cost: with the heartbeat that follows a charge. /v1/usage has all of it."
})

const replayStates = ["playing", "paused", "ended", "stopped"] as const

const ReplayNote = Schema.Struct({
  ...type("replay"),
  id: Schema.NullOr(Id).annotate({
    description:
      "Of the command that it answers; null when the replay came to its end, or has to be slower by your new plan."
  }),
  state: Schema.Literals(replayStates),
  at: Instant.annotate({ description: "Receive clock: how far the replay is." }),
  speed: Schema.Union([Schema.Finite, Schema.Literal("max")]),
  markets: Schema.Int.annotate({ description: "Markets that are replayed." })
}).annotate({ identifier: "replay", description: "The state of the replay: the answer to its commands, and its end." })

export const goodbyeReasons = {
  slow_reader: "you read too slowly, and chose (or left it at) `disconnect`",
  server_stopping: "this server stops; connect again",
  key_revoked: "the key was revoked",
  key_expired: "the key, or what you were let in with, has expired",
  account_closed: "the account is not there any more",
  credits_exhausted: "there are no credits left, or a cap was reached",
  over_limit: "fewer streams may be open than are, by a change of your plan or key: the newest are ended",
  too_many_mistakes: "too many commands in a row were refused",
  failed: "a fault of ours, which is logged under the name of the session"
} as const
export type GoodbyeReason = keyof typeof goodbyeReasons

const Goodbye = Schema.Struct({
  ...type("goodbye"),
  reason: Schema.Literals(Object.keys(goodbyeReasons) as ReadonlyArray<GoodbyeReason>).annotate({
    description: [
      "Why:",
      ...Object.entries(goodbyeReasons).map(([reason, meaning]) => `- \`${reason}\`: ${meaning}`)
    ].join("\n")
  }),
  detail: Schema.String,
  resume: Schema.Struct({
    from_offset: Places,
    from_offset_left_out: LeftOut,
    from: FeedTime
  }).annotate({
    description:
      "Put `from_offset` and `from` into the same `subscribe` on the next connection, and nothing is missing. What came before this message counts as read."
  })
}).annotate({ identifier: "goodbye", description: "The last message before the connection is closed." })

/** In the order of the documentation. */
export const messages = [
  Welcome,
  LimitsNote,
  Subscribed,
  Unsubscribed,
  Updated,
  Snapshot,
  SnapshotRecordMessage,
  DeltaRecordMessage,
  GapRecordMessage,
  Recovered,
  Trade,
  LifecycleNote,
  ChannelGapNote,
  Status,
  Heartbeat,
  OffsetsAnswer,
  SkippedRecords,
  SkippedOthers,
  Conflated,
  Resync,
  ReplayNote,
  Credits,
  ErrorMessage,
  Goodbye
] as const

export const ServerMessage = Schema.Union(messages)
export type ServerMessage = typeof ServerMessage.Type
