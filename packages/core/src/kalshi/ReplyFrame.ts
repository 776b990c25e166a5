/**
 * The exchange's answers to commands: `subscribed`, `ok`, `unsubscribed`, `error`. Official AsyncAPI 2.0.0 (September-October 2026) and
 * recorded frames of production (2026-04 to 2026-07).
 */
import { Result, Schema } from "effect"
import { idOrNone, kind } from "./FrameKind.ts"
import * as Field from "./WireField.ts"

const optional = Schema.optionalKey

const subscription = Schema.Struct({ channel: Field.Name, sid: Field.Sid })

export const subscribed = kind({
  envelope: { id: optional(Field.Count), msg: subscription },
  known: { msg: Object.keys(subscription.fields) },
  toMessage: ({ id, msg }) =>
    Result.succeed({ _tag: "subscribed", id: idOrNone(id), channel: msg.channel, sid: msg.sid })
})

const okLists = Schema.Struct({
  market_tickers: optional(Schema.NullOr(Field.TickerList)),
  market_ids: optional(Schema.NullOr(Field.TickerList))
})

/** An `ok` has a list of subscriptions, an object with markets, an empty one, or no `msg` at all. */
const readSubscriptions = Schema.decodeUnknownResult(Schema.Array(subscription))
const readLists = Schema.decodeUnknownResult(okLists)

export const ok = kind({
  envelope: {
    id: optional(Field.Count),
    sid: optional(Field.Sid),
    seq: optional(Field.Count),
    msg: optional(Schema.Unknown)
  },
  known: { msg: Object.keys(okLists.fields) },
  toMessage: ({ id, sid, seq, msg }) => {
    const head = { _tag: "ok" as const, id: idOrNone(id), sid: sid ?? null, seq: seq ?? null }
    if (Array.isArray(msg)) {
      const subscriptions = readSubscriptions(msg)
      return Result.isFailure(subscriptions)
        ? Result.fail(`msg: ${subscriptions.failure.message}`)
        : Result.succeed({ ...head, marketTickers: null, marketIds: null, subscriptions: subscriptions.success })
    }
    const lists = readLists(msg ?? {})
    if (Result.isFailure(lists)) return Result.fail(`msg: ${lists.failure.message}`)
    return Result.succeed({
      ...head,
      marketTickers: lists.success.market_tickers ?? null,
      marketIds: lists.success.market_ids ?? null,
      subscriptions: null
    })
  }
})

export const unsubscribed = kind({
  envelope: {
    id: optional(Field.Count),
    sid: Field.Sid,
    seq: optional(Field.Count),
    msg: optional(Schema.Unknown)
  },
  known: { msg: [] },
  toMessage: ({ id, sid, seq }) => Result.succeed({ _tag: "unsubscribed", id: idOrNone(id), sid, seq: seq ?? null })
})

const errorMsg = Schema.Struct({
  code: Field.Count,
  msg: Schema.String,
  market_ticker: optional(Field.Name),
  market_tickers: optional(Field.TickerList)
})

export const error = kind({
  envelope: {
    id: optional(Field.Count),
    sid: optional(Field.Sid),
    seq: optional(Field.Count),
    msg: errorMsg
  },
  known: { msg: Object.keys(errorMsg.fields) },
  toMessage: ({ id, sid, seq, msg }) =>
    Result.succeed({
      _tag: "error",
      id: idOrNone(id),
      code: msg.code,
      message: msg.msg,
      sid: sid ?? null,
      seq: seq ?? null,
      marketTickers: msg.market_tickers ?? (msg.market_ticker === undefined ? null : [msg.market_ticker])
    })
})
