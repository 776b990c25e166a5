/**
 * The columns of the cold tier's Parquet files: what each holds, in which unit, when it is empty. This table is the definition;
 * the writer makes its files from it and docs/data-format.md is held to it.
 *
 * Prices are dollars and sizes contracts, as decimals, so that whoever loads a file needs no factor; nothing is rounded. Rows are
 * in the order of `order`. Knows nothing of who writes or reads.
 */

/** Raised whenever the meaning of a column changes or one goes; a new column alone does not raise it. */
export const schemaVersion = 1

/** What a file holds. */
export const segmentKinds = ["records", "trades", "lifecycle", "gaps", "channel_gaps", "markets"] as const
export type SegmentKind = (typeof segmentKinds)[number]

export interface SegmentColumn {
  readonly name: string
  /** DuckDB's name of the type: TIMESTAMPTZ is a Parquet TIMESTAMP of microseconds in UTC. */
  readonly type: "VARCHAR" | "INTEGER" | "BIGINT" | "BOOLEAN" | "TIMESTAMPTZ" | "DECIMAL(9,4)" | "DECIMAL(18,2)"
  /** Whether it is empty in some rows. */
  readonly isNullable: boolean
  /** Meaning, unit, and what an empty one says. */
  readonly description: string
}

const column = (name: string, type: SegmentColumn["type"], description: string): SegmentColumn => ({
  name,
  type,
  isNullable: false,
  description
})
const nullable = (name: string, type: SegmentColumn["type"], description: string): SegmentColumn => ({
  ...column(name, type, description),
  isNullable: true
})

const received = column("ts_received", "TIMESTAMPTZ", "Our time of receipt.")
const epoch = column("epoch", "INTEGER", "The connection to the exchange; sid and seq mean something only inside it.")
const sid = column(
  "sid",
  "INTEGER",
  "The exchange's subscription id within the epoch; 0 where no subscription carried it."
)
const seq = column("seq", "BIGINT", "The exchange's sequence number within (epoch, sid); 0 where none is known.")
const ticker = column("market_ticker", "VARCHAR", "Kalshi's name of the market.")

/** Columns of each kind, in the order in which they stand in the file. */
export const segmentColumns: Readonly<Record<SegmentKind, ReadonlyArray<SegmentColumn>>> = {
  records: [
    ticker,
    column(
      "record_offset",
      "BIGINT",
      "Place in the market's log: 1, 2, 3 ... without holes. Of a keyframe: the last record that is part of it."
    ),
    column(
      "kind",
      "VARCHAR",
      "snapshot: the whole book as sent, a row for each level; delta: a change of one level; gap: from here on the book is not known; keyframe: the state before the hour, computed by us, a row for each level."
    ),
    column(
      "ts_received",
      "TIMESTAMPTZ",
      "Our time of receipt, never decreasing within a log. Of a gap: the first microsecond that is not proven."
    ),
    nullable(
      "ts_exchange",
      "TIMESTAMPTZ",
      "The exchange's own time of the change; empty where it gave none, never invented. Of a gap: up to where the log is proven."
    ),
    epoch,
    sid,
    seq,
    nullable(
      "side",
      "VARCHAR",
      "yes or no: the ladder. Both hold bids. Empty on gaps, and on the one row of an empty book."
    ),
    nullable("price", "DECIMAL(9,4)", "Dollars, of the ladder's own side. Empty where side is."),
    nullable(
      "size_delta",
      "DECIMAL(18,2)",
      "Delta: signed change of the level's size, contracts. Empty on other kinds."
    ),
    nullable("size", "DECIMAL(18,2)", "Snapshot and keyframe: the level's size, contracts. Empty on other kinds."),
    nullable(
      "gap_cause",
      "VARCHAR",
      "Gap: why the book stopped being known. Keyframe: of the gap it stands in; empty when it is trusted."
    ),
    nullable("ts_detected", "TIMESTAMPTZ", "When the recorder noticed the gap. Empty where gap_cause is."),
    nullable(
      "since_offset",
      "BIGINT",
      "Keyframe: offset of the snapshot since which the book is trusted or, where gap_cause says so, of the gap in which it stands: its levels are then the last good ones, and its times, epoch, sid and seq the gap's."
    ),
    nullable(
      "ts_exchange_effective",
      "TIMESTAMPTZ",
      "Keyframe: latest time by the exchange's clock of any record up to it."
    ),
    nullable("ts_exchange_proven", "TIMESTAMPTZ", "Keyframe: the same without a snapshot that only an estimate places.")
  ],
  trades: [
    ticker,
    column("trade_id", "VARCHAR", "Kalshi's id of the trade; each stands once."),
    column("ts_exchange", "TIMESTAMPTZ", "Time of the trade; the exchange gives milliseconds."),
    received,
    epoch,
    sid,
    seq,
    column("yes_price", "DECIMAL(9,4)", "Dollars on the yes scale; the no price is one dollar less this."),
    column("size", "DECIMAL(18,2)", "Contracts."),
    column("taker_side", "VARCHAR", "yes or no: the side that the taker bought."),
    column("is_block_trade", "BOOLEAN", "Whether it was a block trade."),
    column("is_filled", "BOOLEAN", "Whether it came by REST, filling a hole; epoch, sid and seq are then 0.")
  ],
  lifecycle: [
    column("ticker", "VARCHAR", "The market, or the event where the message is about a whole event."),
    column("event_type", "VARCHAR", "Kalshi's event_type, or the message type for event messages."),
    received,
    epoch,
    sid,
    seq,
    column("body", "VARCHAR", "The message as received, JSON with its keys in order.")
  ],
  gaps: [
    ticker,
    column("record_offset", "BIGINT", "Offset of the gap's record."),
    column("ts_received", "TIMESTAMPTZ", "The first microsecond that is not proven."),
    column("ts_detected", "TIMESTAMPTZ", "When the recorder noticed."),
    column("gap_cause", "VARCHAR", "Why the book stopped being known."),
    nullable("end_offset", "BIGINT", "Offset of the first snapshot after it; empty where that came after the hour."),
    nullable("ts_end", "TIMESTAMPTZ", "Receipt of that snapshot; empty where end_offset is.")
  ],
  channel_gaps: [
    column("channel", "VARCHAR", "trade or market_lifecycle_v2: messages of all markets."),
    column("ts_from", "TIMESTAMPTZ", "The first microsecond that is not proven."),
    epoch,
    sid,
    column("seq_from", "BIGINT", "The first sequence number that is missing; 0 where none is known."),
    nullable(
      "seq_to",
      "BIGINT",
      "Number of the first frame behind the hole; empty where it is of another subscription, or came after the hour."
    ),
    column("gap_cause", "VARCHAR", "Why messages may be missing."),
    column("ts_detected", "TIMESTAMPTZ", "When the recorder noticed."),
    nullable("ts_to", "TIMESTAMPTZ", "From when on nothing is missing; empty where that was after the hour."),
    nullable("ts_filled", "TIMESTAMPTZ", "When it was filled by REST; empty where that was after the hour, or never."),
    nullable("entries_filled", "INTEGER", "How many messages that brought which were missing.")
  ],
  markets: [
    ticker,
    column("version", "INTEGER", "1, 2, 3 ... of this market's metadata, in the order of observation."),
    column("ts_observed", "TIMESTAMPTZ", "When this version was first seen."),
    nullable("event_ticker", "VARCHAR", "Kalshi's event; empty where the body has none."),
    nullable("series_ticker", "VARCHAR", "Kalshi's series; empty where it is not known."),
    nullable("status", "VARCHAR", "Kalshi's status as the body tells it."),
    column(
      "body",
      "VARCHAR",
      "Kalshi's market object without the fields that trading changes, JSON with its keys in order."
    )
  ]
}

/** By what the rows of each kind are sorted; `records` in addition: a keyframe first, then levels as yes and no, ascending by price. */
export const segmentOrder: Readonly<Record<SegmentKind, ReadonlyArray<string>>> = {
  records: ["market_ticker", "record_offset"],
  trades: ["market_ticker", "ts_exchange", "trade_id"],
  lifecycle: ["ts_received", "epoch", "sid", "seq"],
  gaps: ["market_ticker", "record_offset"],
  channel_gaps: ["channel", "ts_from", "epoch", "sid", "seq_from"],
  markets: ["market_ticker", "version"]
}

/** The kinds that are cut at market boundaries; the others have one object an hour. */
export const isCutByMarket = (kind: SegmentKind): boolean => segmentOrder[kind][0] === "market_ticker"
