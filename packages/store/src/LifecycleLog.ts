/** What the exchange said of the lives of markets and events, as it was received: the hot tier's messages, read back. */
import type { LifecycleRecord } from "@kalshibook/core/TradeRecord"
import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "./Database.ts"
import { during, type HotTierError } from "./HotTierError.ts"
import { HotTierState } from "./HotTierState.ts"
import { int8 } from "./PgNumbers.ts"

/** Where a message stands in the order of receipt; of several at one microsecond, in the order of the frames. */
export type LifecyclePlace = Pick<LifecycleRecord, "tsReceivedMicros" | "epoch" | "sid" | "seq">

/** A slice in the order of receipt, [from, to) by the receive clock, Unix microseconds. */
export interface LifecycleQuery {
  /** Only about this market, or about this event as a whole; absent: about everything. */
  readonly ticker?: string | undefined
  readonly fromMicros: number
  readonly toMicros: number
  /** Continue after this message. */
  readonly after: Option.Option<LifecyclePlace>
  readonly messagesMax: number
}

export class LifecycleLog extends Context.Service<
  LifecycleLog,
  {
    /** Messages in the order of receipt. O(messages answered). */
    readonly messages: (query: LifecycleQuery) => Effect.Effect<ReadonlyArray<LifecycleRecord>, HotTierError>
  }
>()("@kalshibook/store/LifecycleLog") {
  static readonly layerNoDeps: Layer.Layer<LifecycleLog, never, SqlClient.SqlClient> = Layer.effect(
    LifecycleLog,
    Effect.map(SqlClient.SqlClient, (sql) => LifecycleLog.of({ messages: messagesOf(sql) }))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = LifecycleLog.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** The same contract in memory, over what `HotTier.layerMemory` keeps when both are built together. */
  static readonly layerMemory: Layer.Layer<LifecycleLog> = Layer.effect(
    LifecycleLog,
    Effect.map(HotTierState, ({ lifecycle }) =>
      LifecycleLog.of({ messages: (query) => Effect.sync(() => sliceOf([...lifecycle.values()], query)) })
    )
  ).pipe(Layer.provide(HotTierState.layer))
}

const messagesOf = (sql: SqlClient.SqlClient): LifecycleLog["Service"]["messages"] =>
  Effect.fnUntraced(function* (query) {
    const clauses = [
      sql`ts_received_micros >= ${int8(query.fromMicros)}`,
      sql`ts_received_micros < ${int8(query.toMicros)}`
    ]
    if (query.ticker !== undefined) clauses.push(sql`ticker = ${query.ticker}`)
    if (Option.isSome(query.after)) {
      const { epoch, seq, sid, tsReceivedMicros } = query.after.value
      clauses.push(
        sql`(ts_received_micros, epoch, sid, seq) > (${int8(tsReceivedMicros)}, ${epoch}, ${sid}, ${int8(seq)})`
      )
    }
    const rows = yield* sql<Row>`
      select ticker, event_type, epoch, sid, seq, ts_received_micros, body from lifecycle where ${sql.and(clauses)}
      order by ts_received_micros, epoch, sid, seq limit ${query.messagesMax}`
    return rows.map(messageOf)
  }, during("lifecycle"))

interface Row {
  readonly ticker: string
  readonly event_type: string
  readonly epoch: number
  readonly sid: number
  readonly seq: number
  readonly ts_received_micros: number
  readonly body: Readonly<Record<string, unknown>>
}

const messageOf = (row: Row): LifecycleRecord => ({
  ticker: row.ticker,
  eventType: row.event_type,
  epoch: row.epoch,
  sid: row.sid,
  seq: row.seq,
  tsReceivedMicros: row.ts_received_micros,
  body: row.body
})

const sliceOf = (
  messages: ReadonlyArray<LifecycleRecord>,
  { after, fromMicros, messagesMax, ticker, toMicros }: LifecycleQuery
): ReadonlyArray<LifecycleRecord> =>
  messages
    .filter((one) => ticker === undefined || one.ticker === ticker)
    .filter((one) => one.tsReceivedMicros >= fromMicros && one.tsReceivedMicros < toMicros)
    .filter((one) => Option.isNone(after) || compare(one, after.value) > 0)
    .sort(compare)
    .slice(0, messagesMax)

const compare = (left: LifecyclePlace, right: LifecyclePlace): number =>
  left.tsReceivedMicros - right.tsReceivedMicros ||
  left.epoch - right.epoch ||
  left.sid - right.sid ||
  left.seq - right.seq
