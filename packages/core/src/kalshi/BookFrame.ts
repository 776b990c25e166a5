/**
 * The frames of channel `orderbook_delta`: snapshots and deltas, in the current form and in those until 2026-03-12.
 *
 * Fields: official AsyncAPI "Kalshi Market Data WebSocket API 2.0.0" (September-October 2026). Old forms: integer cents and whole
 * contracts (`yes`, `price`, `delta`), and dollars with whole contracts (`yes_dollars`), from frames of 2025-08 and the changelog.
 * Where a frame of the transition has both, the current fields count.
 */
import { Result, Schema } from "effect"
import { idOrNone, kind } from "./FrameKind.ts"
import type { OrderbookDelta } from "./ServerMessage.ts"
import * as Field from "./WireField.ts"

const optional = Schema.optionalKey

const snapshotMsg = Schema.Struct({
  market_ticker: Field.Name,
  market_id: optional(Schema.String),
  yes_dollars_fp: optional(Field.Levels),
  no_dollars_fp: optional(Field.Levels),
  yes_dollars: optional(Field.LevelsDollarsWhole),
  no_dollars: optional(Field.LevelsDollarsWhole),
  yes: optional(Field.LevelsCents),
  no: optional(Field.LevelsCents)
})

export const orderbookSnapshot = kind({
  envelope: { sid: Field.Sid, seq: Field.Count, id: optional(Field.Count), msg: snapshotMsg },
  known: { msg: Object.keys(snapshotMsg.fields) },
  toMessage: ({ sid, seq, id, msg }) =>
    Result.succeed({
      _tag: "orderbook_snapshot",
      sid,
      seq,
      id: idOrNone(id),
      marketTicker: msg.market_ticker,
      marketId: msg.market_id ?? null,
      levels: {
        yes: msg.yes_dollars_fp ?? msg.yes_dollars ?? msg.yes ?? [],
        no: msg.no_dollars_fp ?? msg.no_dollars ?? msg.no ?? []
      }
    })
})

const deltaMsg = Schema.Struct({
  market_ticker: Field.Name,
  market_id: optional(Schema.String),
  price_dollars: optional(Field.LevelPrice),
  delta_fp: optional(Field.SizeChange),
  side: Field.SideName,
  /** Deprecated since 2026-04-15 and still sent; milliseconds instead of microseconds since about 2026-10-01. */
  ts: optional(Field.TimeText),
  ts_ms: optional(Field.TimeMillis),
  price: optional(Field.LevelPriceCents),
  delta: optional(Field.SizeChangeWhole),
  /** Of the key's own orders only; a recorder has none. */
  client_order_id: optional(Schema.Unknown),
  subaccount: optional(Schema.Unknown),
  last_update_reason: optional(Schema.Unknown)
})

export const orderbookDelta = kind({
  envelope: { sid: Field.Sid, seq: Field.Count, msg: deltaMsg },
  known: { msg: Object.keys(deltaMsg.fields) },
  toMessage: ({ sid, seq, msg }) => {
    const priceE4 = msg.price_dollars ?? msg.price
    if (priceE4 === undefined) return Result.fail("neither msg.price_dollars nor msg.price")
    const deltaE2 = msg.delta_fp ?? msg.delta
    if (deltaE2 === undefined) return Result.fail("neither msg.delta_fp nor msg.delta")
    return Result.succeed({
      _tag: "orderbook_delta" as const,
      sid,
      seq,
      marketTicker: msg.market_ticker,
      marketId: msg.market_id ?? null,
      side: msg.side,
      priceE4,
      deltaE2,
      tsExchangeMicros: msg.ts ?? msg.ts_ms ?? null
    } satisfies Omit<OrderbookDelta, "tsSentMicros" | "unknownFields">)
  }
})
