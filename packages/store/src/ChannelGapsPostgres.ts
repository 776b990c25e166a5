/** The holes of channels in Postgres: `channel_gaps` read back, and filled. */

import type { GapCause } from "@kalshibook/core/BookRecord"
import type { ChannelGap, SideChannel } from "@kalshibook/core/ChannelGap"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import type { ChannelGaps, StoredChannelGap } from "./ChannelGaps.ts"
import type { HotConnection, HotSession } from "./HotConnection.ts"
import { during } from "./HotTierError.ts"
import * as MarketIds from "./MarketIds.ts"
import { int8 } from "./PgNumbers.ts"
import * as Write from "./PgStatement.ts"
import { holdTradeIds, insertMissingTrades } from "./TradeRows.ts"

/** A statement's arrays stay below some megabytes, whatever the hole was. */
const tradesPerStatementMax = 5_000

export const make = (sql: SqlClient.SqlClient, connection: HotConnection["Service"]): ChannelGaps["Service"] => {
  const markets = MarketIds.make(sql)
  const columns = sql.literal(
    "channel, epoch, sid, seq_from, seq_to, cause, ts_from_micros, ts_detected_micros, ts_to_micros, ts_filled_micros, entries_filled"
  )
  const order = sql.literal(`order by channel collate "C", ts_from_micros, epoch, sid, seq_from`)

  const unfilled = (channel: SideChannel, entriesMax: number) => sql<Row>`
    select ${columns} from channel_gaps
    where channel = ${channel} and ts_filled_micros is null and ts_to_micros is not null
    ${order} limit ${entriesMax}`

  const overlapping = (channel: SideChannel, fromMicros: number, toMicros: number) => sql<Row>`
    select ${columns} from channel_gaps
    where channel = ${channel} and ts_from_micros < ${int8(toMicros)}
      and (ts_to_micros is null or ts_to_micros > ${int8(fromMicros)} or ts_from_micros >= ${int8(fromMicros)})
    ${order}`

  const open = sql<Row>`select ${columns} from channel_gaps where ts_to_micros is null ${order}`

  const addWithin = Effect.fnUntraced(function* (session: HotSession, trades: ReadonlyArray<TradeRecord>) {
    const ids = yield* markets.ensureWithin(session, new Set(trades.map((trade) => trade.marketTicker)))
    const added: Array<TradeRecord> = []
    yield* session.count(holdTradeIds)
    for (let start = 0; start < trades.length; start += tradesPerStatementMax) {
      const rows = trades.slice(start, start + tradesPerStatementMax)
      const found = yield* session.query(insertMissingTrades(rows, (ticker) => ids.get(ticker) as number))
      const missing = new Set(found.map((row) => row["trade_id"]))
      // Of several with one id the first.
      for (const trade of rows) if (missing.delete(trade.tradeId)) added.push(trade)
    }
    return { ids, added }
  })

  const fillPart = (trades: ReadonlyArray<TradeRecord>) =>
    Effect.map(
      connection.transaction((session) => addWithin(session, trades)),
      ({ added, ids }) => {
        markets.remember(ids)
        return added
      }
    )

  const fill = (gap: ChannelGap, trades: ReadonlyArray<TradeRecord>, tsFilledMicros: number, entriesBefore: number) =>
    Effect.map(
      connection.transaction((session) =>
        Effect.tap(addWithin(session, trades), ({ added }) =>
          session.count(markFilled(gap, tsFilledMicros, entriesBefore + added.length))
        )
      ),
      ({ added, ids }) => {
        markets.remember(ids)
        return added
      }
    )

  return {
    unfilled: (channel, entriesMax) => unfilled(channel, entriesMax).pipe(Effect.map(gapsOf), during("unfilled")),
    fillPart: (trades) => fillPart(trades).pipe(during("fill"), Effect.withSpan("ChannelGaps.fillPart")),
    fill: (gap, trades, tsFilledMicros, entriesBefore = 0) =>
      fill(gap, trades, tsFilledMicros, entriesBefore).pipe(during("fill"), Effect.withSpan("ChannelGaps.fill")),
    overlapping: (channel, fromMicros, toMicros) =>
      overlapping(channel, fromMicros, toMicros).pipe(Effect.map(gapsOf), during("overlapping")),
    open: open.pipe(Effect.map(gapsOf), during("open"))
  }
}

const markFilled = (gap: ChannelGap, tsFilledMicros: number, entriesFilled: number): Write.Statement => Write.pg`
  update channel_gaps
  set ts_filled_micros = ${Write.int8(tsFilledMicros)}, entries_filled = ${Write.int4(entriesFilled)}
  where channel = ${Write.text(gap.channel)} and ts_from_micros = ${Write.int8(gap.tsFromMicros)}
    and epoch = ${Write.int4(gap.epoch)} and sid = ${Write.int4(gap.sid)} and seq_from = ${Write.int8(gap.seqFrom)}
    and ts_to_micros is not null and ts_filled_micros is null`

interface Row {
  readonly channel: SideChannel
  readonly epoch: number
  readonly sid: number
  readonly seq_from: number
  readonly seq_to: number | null
  readonly cause: GapCause
  readonly ts_from_micros: number
  readonly ts_detected_micros: number
  readonly ts_to_micros: number | null
  readonly ts_filled_micros: number | null
  readonly entries_filled: number | null
}

const gapsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<StoredChannelGap> =>
  rows.map((row) => ({
    channel: row.channel,
    epoch: row.epoch,
    sid: row.sid,
    seqFrom: row.seq_from,
    seqTo: row.seq_to,
    cause: row.cause,
    tsFromMicros: row.ts_from_micros,
    tsDetectedMicros: row.ts_detected_micros,
    tsToMicros: row.ts_to_micros,
    tsFilledMicros: row.ts_filled_micros,
    entriesFilled: row.entries_filled
  }))
