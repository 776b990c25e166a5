/**
 * An entry of a market's log as JSON: `snapshot`, `delta` or `gap`.
 */
import * as Schema from "effect/Schema"
import type { BookRecord, RecordHead } from "../BookRecord.ts"
import { contractsFromSizeE2, dollarsFromPriceE4, isoFromMicros } from "../Units.ts"
import { RecordDerived } from "./DerivedView.ts"
import * as OrderbookFp from "./OrderbookFp.ts"
import {
  answerFields,
  Contracts,
  Cursor,
  Dollars,
  Epoch,
  Instant,
  MarketTicker,
  Offset,
  Seq,
  Sid,
  Side,
  TsExchange,
  TsReceived
} from "./Scalars.ts"
import { GapCause } from "./TrustView.ts"

const place = {
  market_ticker: MarketTicker,
  epoch: Epoch,
  sid: Sid,
  seq: Seq,
  ts_exchange: TsExchange,
  derived: Schema.optionalKey(RecordDerived)
}

const SnapshotAnswer = Schema.Struct({
  offset: Offset,
  kind: Schema.Literal("snapshot"),
  ...place,
  ts_received: TsReceived,
  orderbook_fp: OrderbookFp.OrderbookFp
}).annotate({
  identifier: "SnapshotRecord",
  description: "The whole book as the exchange sent it: replaces everything before it, also when it is empty."
})

const DeltaAnswer = Schema.Struct({
  offset: Offset,
  kind: Schema.Literal("delta"),
  ...place,
  ts_received: TsReceived,
  side: Side,
  price_dollars: Dollars.annotate({ description: "The level's price, of `side`." }),
  delta_fp: Contracts.annotate({
    description: "Signed change of the level's size in contracts. A level whose size becomes 0 is gone.",
    examples: ["-78.00"]
  })
}).annotate({ identifier: "DeltaRecord", description: "A signed change of one level." })

const GapAnswer = Schema.Struct({
  offset: Offset,
  kind: Schema.Literal("gap"),
  ...place,
  ts_exchange: TsExchange.annotate({
    description: "The exchange time up to which the log is proven; null where there is none."
  }),
  ts_received: TsReceived.annotate({ description: "The first moment that is not proven: the same as `from`." }),
  ts_detected: Instant.annotate({ description: "When the recorder noticed." }),
  cause: GapCause,
  from: Instant.annotate({ description: "Receive clock: the first moment at which the book is not known." }),
  to: Schema.NullOr(Instant).annotate({
    description: "Receive clock: the next snapshot, from which on the book is known again. Null while the gap is open."
  })
}).annotate({
  identifier: "GapRecord",
  description: "From here on the book is not known, until the next snapshot of this log."
})

export const RecordAnswer = Schema.Union([SnapshotAnswer, DeltaAnswer, GapAnswer]).annotate({
  identifier: "Record",
  description: "An entry of a market's log, told apart by `kind`."
})
export type RecordAnswer = typeof RecordAnswer.Type

export const Records = Schema.Struct({
  records: Schema.Array(RecordAnswer).annotate({
    description: "In log order: ascending by offset, without holes within the range."
  }),
  cursor: Cursor,
  ...answerFields
}).annotate({
  identifier: "Records",
  description: "A page of a market's log."
})

/** `gapEndsMicros` is the receipt of the snapshot that ended this gap, absent while it is open and for other kinds. */
export const view = (record: BookRecord, gapEndsMicros: number | undefined): RecordAnswer => {
  switch (record.kind) {
    case "snapshot":
      return { ...head(record, "snapshot"), orderbook_fp: OrderbookFp.view(record.levels) }
    case "delta":
      return {
        ...head(record, "delta"),
        side: record.side,
        price_dollars: dollarsFromPriceE4(record.priceE4),
        delta_fp: contractsFromSizeE2(record.deltaE2)
      }
    case "gap":
      return {
        ...head(record, "gap"),
        ts_detected: isoFromMicros(record.tsDetectedMicros),
        cause: record.cause,
        from: isoFromMicros(record.tsReceivedMicros),
        to: gapEndsMicros === undefined ? null : isoFromMicros(gapEndsMicros)
      }
  }
}

const head = <Kind extends BookRecord["kind"]>(record: RecordHead, kind: Kind) => ({
  offset: record.offset,
  kind,
  market_ticker: record.marketTicker,
  epoch: record.epoch,
  sid: record.sid,
  seq: record.seq,
  ts_exchange: record.tsExchangeMicros === null ? null : isoFromMicros(record.tsExchangeMicros),
  ts_received: isoFromMicros(record.tsReceivedMicros)
})
