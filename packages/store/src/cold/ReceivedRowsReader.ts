/** Rows of `trades` and `lifecycle` files in the order of receipt: of some markets or all, as a replay tells them. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { Effect, Option, Schema } from "effect"
import * as DuckChunk from "./DuckChunk.ts"
import { type Connection, DuckDbError, quoted } from "./DuckDb.ts"

export interface ReceivedQuery {
  /** Path of a local file, in a folder that the database may read. */
  readonly file: string
  /** [from, to) by receipt, Unix microseconds. */
  readonly fromMicros: number
  readonly toMicros: number
  /** How long DuckDB may work for it. */
  readonly workMillisMax: number
}

/** By receipt, then id. */
export const trades = (
  connection: Connection,
  query: ReceivedQuery & { readonly tickers: ReadonlyArray<MarketTicker> | undefined }
): Effect.Effect<ReadonlyArray<TradeRecord>, DuckDbError> =>
  Effect.suspend(() => {
    const found: Array<TradeRecord> = []
    const named =
      query.tickers === undefined ? "" : ` and market_ticker in (${query.tickers.map((one) => quoted(one)).join(", ")})`
    const statement = `
      select market_ticker, trade_id, ts_exchange, ts_received, epoch, sid, seq, (yes_price * 10000)::bigint,
             (size * 100)::bigint, taker_side = 'yes', is_block_trade
      from read_parquet(${quoted(query.file)}) where ${receivedIn(query)}${named}
      order by ts_received, trade_id`
    const options = { operation: "read trades", workMillisMax: query.workMillisMax }
    return Effect.as(
      connection.forEachChunk(statement, (chunk) => decodeTrades(chunk, found), options),
      found
    )
  })

/** By receipt, then epoch, sid and seq. */
export const lifecycle = (
  connection: Connection,
  query: ReceivedQuery
): Effect.Effect<ReadonlyArray<LifecycleRecord>, DuckDbError> =>
  Effect.suspend(() => {
    const found: Array<LifecycleRecord> = []
    let isDamaged = false
    const statement = `
      select ticker, event_type, ts_received, epoch, sid, seq, body
      from read_parquet(${quoted(query.file)}) where ${receivedIn(query)}
      order by ts_received, epoch, sid, seq`
    const operation = "read lifecycle"
    return connection
      .forEachChunk(
        statement,
        (chunk) => {
          isDamaged = !decodeLifecycle(chunk, found) || isDamaged
        },
        { operation, workMillisMax: query.workMillisMax }
      )
      .pipe(
        Effect.flatMap(() =>
          isDamaged
            ? Effect.fail(
                new DuckDbError({ operation, reason: "BadFile", detail: `${query.file}: a body is no object` })
              )
            : Effect.succeed(found)
        )
      )
  })

const receivedIn = ({ fromMicros, toMicros }: ReceivedQuery): string =>
  `ts_received >= make_timestamptz(${fromMicros}) and ts_received < make_timestamptz(${toMicros})`

const decodeTrades = (chunk: DuckChunk.DuckChunk, found: Array<TradeRecord>): void => {
  const [exchange, received, seq, price, size] = [2, 3, 6, 7, 8].map(chunk.int64Words) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array
  ]
  const [epoch, sid] = [chunk.int32s(4), chunk.int32s(5)]
  const [takesYes, isBlockTrade] = [chunk.bytes(9), chunk.bytes(10)]
  for (let row = 0; row < chunk.rows; row++) {
    found.push({
      tradeId: chunk.text(1, row),
      marketTicker: chunk.text(0, row),
      epoch: epoch[row] as number,
      sid: sid[row] as number,
      seq: DuckChunk.int64At(seq, row),
      tsExchangeMicros: DuckChunk.int64At(exchange, row),
      tsReceivedMicros: DuckChunk.int64At(received, row),
      yesPriceE4: DuckChunk.int64At(price, row),
      sizeE2: DuckChunk.int64At(size, row),
      takerSide: takesYes[row] === 1 ? "yes" : "no",
      isBlockTrade: isBlockTrade[row] === 1
    })
  }
}

const decodeBody = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

/** Returns whether all bodies could be read. */
const decodeLifecycle = (chunk: DuckChunk.DuckChunk, found: Array<LifecycleRecord>): boolean => {
  const [received, seq] = [chunk.int64Words(2), chunk.int64Words(5)]
  const [epoch, sid] = [chunk.int32s(3), chunk.int32s(4)]
  for (let row = 0; row < chunk.rows; row++) {
    const body = Option.getOrUndefined(decodeBody(chunk.text(6, row)))
    if (body === undefined) return false
    found.push({
      ticker: chunk.text(0, row),
      eventType: chunk.text(1, row),
      epoch: epoch[row] as number,
      sid: sid[row] as number,
      seq: DuckChunk.int64At(seq, row),
      tsReceivedMicros: DuckChunk.int64At(received, row),
      body
    })
  }
  return true
}
