/** Lifecycle messages as JSON: as they were received, with where and when (Kalshi docs, "Market & event lifecycle", 2026-10). */
import * as Schema from "effect/Schema"
import type { LifecycleRecord } from "../TradeRecord.ts"
import { isoFromMicros } from "../Units.ts"
import { gapsLeftOut, LifecycleGap } from "./ChannelGapView.ts"
import { answerFields, Cursor, Epoch, Seq, Sid, TsReceived } from "./Scalars.ts"

export const LifecycleMessage = Schema.Struct({
  ticker: Schema.String.annotate({
    description: "The market, or the event where the message is about a whole event.",
    examples: ["KXBTC15M-26NOV211415-15"]
  }),
  event_type: Schema.String.annotate({
    description:
      "Kalshi's `event_type` (`created`, `activated`, `deactivated`, `close_date_updated`, `determined`, `settled`, ...), or the type of a message about an event.",
    examples: ["determined"]
  }),
  msg: Schema.Record(Schema.String, Schema.Unknown).annotate({
    description: "Kalshi's message, whole, with its own field names."
  }),
  ts_received: TsReceived.annotate({ description: "Our time of receipt. The messages carry no time of the exchange." }),
  epoch: Epoch,
  sid: Sid,
  seq: Seq
}).annotate({ identifier: "LifecycleMessage", description: "What the exchange said of the life of a market or event." })

export const Lifecycle = Schema.Struct({
  lifecycle: Schema.Array(LifecycleMessage).annotate({ description: "In the order of receipt." }),
  gaps: Schema.Array(LifecycleGap).annotate({
    description:
      "Where messages between those of this page may be missing: the holes of the channel that touch its time."
  }),
  gaps_left_out: gapsLeftOut,
  cursor: Cursor,
  ...answerFields
}).annotate({ identifier: "Lifecycle", description: "A page of lifecycle messages, with the holes between them." })

export const view = (message: LifecycleRecord): typeof LifecycleMessage.Type => ({
  ticker: message.ticker,
  event_type: message.eventType,
  msg: message.body,
  ts_received: isoFromMicros(message.tsReceivedMicros),
  epoch: message.epoch,
  sid: message.sid,
  seq: message.seq
})
