/** Everything that can be made to go wrong, as data: the body of `POST /admin/faults` and the argument of `Faults.inflict`. */
import { Schema } from "effect"
import { lifecycleActs } from "../exchange/LifecycleAct.ts"
import { commandKinds } from "../front/CommandFaults.ts"
import { corruptions } from "./Garble.ts"

const Count = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000_000 }))
const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_400_000 }))
const HttpFailure = Schema.Int.check(Schema.isBetween({ minimum: 400, maximum: 599 }))

/** Which connections; all of them when absent. */
const connection = Schema.optional(Count)

/** A frame is lost, doubled, late, garbled, swapped with the next, has fields too many, or never comes to be (`FrameFaults`). */
const FrameFault = Schema.Struct({
  fault: Schema.Literal("frame"),
  action: Schema.Union([
    Schema.TaggedStruct("drop", {}),
    Schema.TaggedStruct("duplicate", {}),
    Schema.TaggedStruct("delay", { millis: Millis }),
    Schema.TaggedStruct("reorder", {}),
    Schema.TaggedStruct("corrupt", { how: Schema.Literals(corruptions) }),
    Schema.TaggedStruct("extra_fields", {}),
    Schema.TaggedStruct("swallow", {})
  ]),
  connection,
  sid: Schema.optional(Count),
  channel: Schema.optional(Schema.String),
  type: Schema.optional(Schema.String),
  marketTicker: Schema.optional(Schema.String),
  after: Schema.optional(Schema.Int),
  count: Schema.optional(Count),
  probability: Schema.optional(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })))
})

/** Codes that a close frame may carry (RFC 6455 and its registry). */
const CloseCode = Schema.Int.check(
  Schema.makeFilter(
    (code) => (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  )
)

/**
 * A connection ends: with a close frame of `code`, or abruptly. With `cuts` it is a burst: the later ones meet, `everyMillis`
 * apart, whoever is connected then.
 */
const Cut = Schema.Struct({
  fault: Schema.Literal("cut"),
  connection,
  code: Schema.optional(CloseCode),
  cuts: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
  everyMillis: Schema.optional(Millis)
})

/** A connection stalls: data alone (pings go on), or everything, which is silence. Without `millis` until `thaw`. */
const Freeze = Schema.Struct({
  fault: Schema.Literal("freeze"),
  connection,
  mode: Schema.Literals(["data", "all"]),
  millis: Schema.optional(Millis)
})
const Thaw = Schema.Struct({ fault: Schema.Literal("thaw"), connection })

/** Subscriptions die with error 10 or 25. */
const SubscriptionError = Schema.Struct({
  fault: Schema.Literal("subscription_error"),
  code: Schema.Literals([10, 25]),
  connection,
  sid: Schema.optional(Count)
})

/** Which commands: of a kind, or that name one of the markets. Of a `get_snapshot`, only the part about them. */
const commands = {
  connection,
  command: Schema.optional(Schema.Literals(commandKinds)),
  marketTickers: Schema.optional(Schema.Array(Schema.String)),
  count: Count
}

/** The next commands are never answered, answered late, answered late after changes of books that were lost, or answered with an error. */
const IgnoreCommands = Schema.Struct({ fault: Schema.Literal("ignore_commands"), ...commands })
const DelayCommands = Schema.Struct({ fault: Schema.Literal("delay_commands"), ...commands, millis: Millis })
const LoseUntilReply = Schema.Struct({ fault: Schema.Literal("lose_until_reply"), ...commands, millis: Millis })
const RefuseCommands = Schema.Struct({
  fault: Schema.Literal("refuse_commands"),
  ...commands,
  code: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 28 }))
})

/**
 * Trading stops or goes on: everywhere, or in one market. On reactivation a market's orders are cancelled. With `scope`
 * `exchange` it is the rarer pause in which the exchange does nothing at all.
 */
const PauseTrading = Schema.Struct({
  fault: Schema.Literal("pause_trading"),
  scope: Schema.optional(Schema.Literals(["trading", "exchange"]))
})
const ResumeTrading = Schema.Struct({ fault: Schema.Literal("resume_trading") })
const PauseMarket = Schema.Struct({ fault: Schema.Literal("pause_market"), marketTicker: Schema.String })
const ResumeMarket = Schema.Struct({ fault: Schema.Literal("resume_market"), marketTicker: Schema.String })

/** A market's event closes so much later than now: earlier than was said, or again after it had closed. */
const ChangeClose = Schema.Struct({
  fault: Schema.Literal("change_close"),
  marketTicker: Schema.String,
  millis: Millis
})

/** What else may happen in the life of a market, or of its event (`LifecycleAct`). */
const Life = Schema.Struct({
  fault: Schema.Literal("life"),
  act: Schema.Literals(lifecycleActs),
  marketTicker: Schema.String
})

/**
 * Maintenance, from so much later than now until: trading rests, sessions end with 1001, handshakes are refused with 503, and the
 * status and the schedule say so.
 */
const Maintenance = Schema.Struct({
  fault: Schema.Literal("maintenance"),
  fromMillis: Millis,
  untilMillis: Millis
})

/** A market trades that no lifecycle message has named. */
const UnannouncedMarket = Schema.Struct({ fault: Schema.Literal("unannounced_market") })

/** Order book subscriptions get a delta of a market that they do not follow. */
const StrayFrame = Schema.Struct({ fault: Schema.Literal("stray_frame"), marketTicker: Schema.String, connection })

/** Subscriptions get a frame of a type that nobody knows, with the next seq. Of all channels, or of one. */
const UnknownFrame = Schema.Struct({
  fault: Schema.Literal("unknown_frame"),
  connection,
  channel: Schema.optional(Schema.String)
})

/** The next answers of `GET /markets/orderbooks` show a wrong level in the book of the market. */
const WrongRestBook = Schema.Struct({
  fault: Schema.Literal("wrong_rest_book"),
  marketTicker: Schema.String,
  count: Count
})

/** The next REST calls (whose path starts with `pathPrefix`) fail: 429 and 5xx as the exchange words them. */
const RestFailure = Schema.Struct({
  fault: Schema.Literal("rest"),
  status: HttpFailure,
  count: Count,
  pathPrefix: Schema.optional(Schema.String)
})

/** New connections are refused for a time. */
const RefuseHandshakes = Schema.Struct({
  fault: Schema.Literal("refuse_handshakes"),
  status: HttpFailure,
  millis: Millis
})

/** The exchange's clock is off by this much from now on. Time stamps never go back for it: they wait. */
const ClockOffset = Schema.Struct({
  fault: Schema.Literal("clock_offset"),
  millis: Schema.Int.check(Schema.isBetween({ minimum: -86_400_000, maximum: 86_400_000 }))
})

/** Everything armed or planned is off, frozen connections thaw, trading goes on, the clock is right again. */
const Clear = Schema.Struct({ fault: Schema.Literal("clear") })

export const Fault = Schema.Union([
  FrameFault,
  Cut,
  Freeze,
  Thaw,
  SubscriptionError,
  IgnoreCommands,
  DelayCommands,
  LoseUntilReply,
  RefuseCommands,
  PauseTrading,
  ResumeTrading,
  PauseMarket,
  ResumeMarket,
  ChangeClose,
  Life,
  Maintenance,
  UnannouncedMarket,
  StrayFrame,
  UnknownFrame,
  WrongRestBook,
  RestFailure,
  RefuseHandshakes,
  ClockOffset,
  Clear
])

export type Fault = typeof Fault.Type

/** What came of a fault. */
export interface FaultReport {
  /** Connections, subscriptions or markets that it met at once; 0 for what waits for its occasion. */
  readonly met: number
  /** The market that it made or was about, where there is one. */
  readonly marketTicker: string | undefined
}
