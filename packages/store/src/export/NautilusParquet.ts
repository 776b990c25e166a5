/**
 * The rows of `NautilusRows` as Parquet files of a `ParquetDataCatalog`: the columns, their types and the metadata that its decoders ask
 * for. The bytes of a price have no logical type, as the engine itself writes them.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as NautilusInstrument from "@kalshibook/core/export/NautilusInstrument"
import * as NautilusRows from "@kalshibook/core/export/NautilusRows"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import type { SchemaElement } from "hyparquet"
import * as ParquetBytes from "./ParquetBytes.ts"

/** Rows of a group: some tenths of a second's work, between which others have their turn. */
const rowsPerGroup = 8_192

const column = (name: string, rest: Partial<SchemaElement>): SchemaElement => ({
  name,
  repetition_type: "REQUIRED",
  ...rest
})
// Gotcha: hyparquet-writer 0.17 writes the logical type INTEGER so that only hyparquet can read the file; the older names do.
const uint8 = (name: string) => column(name, { type: "INT32", converted_type: "UINT_8" })
const uint64 = (name: string) => column(name, { type: "INT64", converted_type: "UINT_64" })
const fixed = (name: string) => column(name, { type: "FIXED_LEN_BYTE_ARRAY", type_length: NautilusRows.fixedBytes })
const text = (name: string) =>
  column(name, { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } })

const deltaSchema = [
  uint8("action"),
  uint8("side"),
  fixed("price"),
  fixed("size"),
  uint64("order_id"),
  uint8("flags"),
  uint64("sequence"),
  uint64("ts_event"),
  uint64("ts_init")
]

const tradeSchema = [
  fixed("price"),
  fixed("size"),
  uint8("aggressor_side"),
  text("trade_id"),
  uint64("ts_event"),
  uint64("ts_init")
]

const nanos = (micros: number): bigint => BigInt(micros) * 1_000n

/** A price or a size as bytes; few of them are different, so each is made once. */
const kept = (raw: (value: number) => Uint8Array) => {
  const known = new Map<number, Uint8Array>()
  return (value: number): Uint8Array => {
    const found = known.get(value)
    if (found !== undefined) return found
    const made = raw(value)
    if (known.size < 100_000) known.set(value, made)
    return made
  }
}

/** The bytes of `order_book_deltas`, in pieces. */
export function* deltas(marketTicker: MarketTicker, rows: NautilusRows.DeltaRows): Generator<Uint8Array> {
  const file = ParquetBytes.make(deltaSchema, NautilusInstrument.metadata(marketTicker))
  const price = kept(NautilusRows.rawPrice)
  const size = kept(NautilusRows.rawSize)
  for (let from = 0; from < rows.rows; from += rowsPerGroup) {
    const to = Math.min(rows.rows, from + rowsPerGroup)
    const list = <A>(of: (at: number) => A): ReadonlyArray<A> =>
      Array.from({ length: to - from }, (_, at) => of(from + at))
    yield file.rowGroup([
      { name: "action", data: list((at) => rows.action[at]) },
      { name: "side", data: list((at) => rows.side[at]) },
      { name: "price", data: list((at) => price(rows.priceE4[at] as number)) },
      { name: "size", data: list((at) => size(rows.sizeE2[at] as number)) },
      { name: "order_id", data: list(() => 0n) },
      { name: "flags", data: list((at) => rows.flags[at]) },
      { name: "sequence", data: list((at) => BigInt(rows.sequence[at] as number)) },
      { name: "ts_event", data: list((at) => nanos(rows.tsEventMicros[at] as number)) },
      { name: "ts_init", data: list((at) => nanos(rows.tsInitMicros[at] as number)) }
    ])
  }
  yield file.end()
}

/** The bytes of `trade_ticks`, in pieces. The trades are in the order of `ts_init`, as the engine's catalogue wants them. */
export function* trades(marketTicker: MarketTicker, all: ReadonlyArray<TradeRecord>): Generator<Uint8Array> {
  const file = ParquetBytes.make(tradeSchema, NautilusInstrument.metadata(marketTicker))
  for (let from = 0; from < all.length; from += rowsPerGroup) {
    const some = all.slice(from, from + rowsPerGroup)
    yield file.rowGroup([
      { name: "price", data: some.map((trade) => NautilusRows.rawPrice(trade.yesPriceE4)) },
      { name: "size", data: some.map((trade) => NautilusRows.rawSize(trade.sizeE2)) },
      { name: "aggressor_side", data: some.map(NautilusRows.aggressorSide) },
      { name: "trade_id", data: some.map((trade) => trade.tradeId) },
      { name: "ts_event", data: some.map((trade) => nanos(trade.tsExchangeMicros)) },
      { name: "ts_init", data: some.map((trade) => nanos(trade.tsReceivedMicros)) }
    ])
  }
  yield file.end()
}
