/** The outbox of metered use in Postgres. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { acting } from "../AsAccount.ts"
import { during } from "../HotTierError.ts"
import { int8 } from "../PgNumbers.ts"
import type { ComparedHour, MeterOutbox } from "./MeterOutbox.ts"

interface WaitingRow {
  readonly account_id: string
  readonly ts_hour_micros: number
  readonly credits: number
  readonly ts_tried_micros: number | null
}

interface ComparedRow {
  readonly ts_hour_micros: number
  readonly credits_ledger: number
  readonly credits_outbox: number
  readonly state: ComparedHour["state"]
  readonly ts_sent_micros: number | null
}

export const meterInPostgres = (sql: SqlClient.SqlClient): MeterOutbox["Service"] => ({
  fill: (accountId, { fromMicros, untilMicros }) =>
    sql<{ made: number }>`
      select fill_meter_events(${accountId}::text::uuid, ${int8(fromMicros)}, ${int8(untilMicros)}) as made`.pipe(
      Effect.map(([row]) => row?.made ?? 0),
      during("fillMeterEvents")
    ),
  waiting: (eventsMax) =>
    sql<WaitingRow>`
      select account_id, ts_hour_micros, credits, ts_tried_micros from meter_events
      where state = 'waiting' order by ts_hour_micros, account_id limit ${eventsMax}`.pipe(
      Effect.map((rows) =>
        rows.map((row) => ({
          accountId: row.account_id,
          hourMicros: row.ts_hour_micros,
          credits: row.credits,
          triedMicros: row.ts_tried_micros
        }))
      ),
      during("waitingMeterEvents")
    ),
  noteTried: ({ accountId, hourMicros }, nowMicros) =>
    sql`
      update meter_events set ts_tried_micros = ${int8(nowMicros)}
      where account_id = ${accountId}::text::uuid and ts_hour_micros = ${int8(hourMicros)} and state = 'waiting'`.pipe(
      Effect.asVoid,
      during("noteTried")
    ),
  noteSent: ({ accountId, hourMicros }, nowMicros) =>
    sql`
      update meter_events set state = 'sent', ts_sent_micros = ${int8(nowMicros)}
      where account_id = ${accountId}::text::uuid and ts_hour_micros = ${int8(hourMicros)} and state = 'waiting'`.pipe(
      Effect.asVoid,
      during("noteSent")
    ),
  noteRefused: ({ accountId, hourMicros }) =>
    sql`
      update meter_events set state = 'refused'
      where account_id = ${accountId}::text::uuid and ts_hour_micros = ${int8(hourMicros)} and state = 'waiting'`.pipe(
      Effect.asVoid,
      during("noteRefused")
    ),
  compared: (accountId, { fromMicros, toMicros }) =>
    sql<ComparedRow>`
      with range as (
        select least(${int8(toMicros)}, coalesce(
          (select ts_until_micros from meter_marks where account_id = ${accountId}::text::uuid), ${int8(fromMicros)})) as until_micros
      ), used as (
        select ts_micros / 3600000000 * 3600000000 as ts_hour_micros, sum(credits - from_grant - from_bought)::bigint as credits
        from ledger, range
        where account_id = ${accountId}::text::uuid and state = 'used' and ts_micros >= ${int8(fromMicros)} and ts_micros < until_micros
          and credits > from_grant + from_bought
        group by 1
      ), told as (
        select ts_hour_micros, credits, state, ts_sent_micros from meter_events, range
        where account_id = ${accountId}::text::uuid and ts_hour_micros >= ${int8(fromMicros)} and ts_hour_micros < until_micros
      )
      select ts_hour_micros, coalesce(used.credits, 0) as credits_ledger, coalesce(told.credits, 0) as credits_outbox, state,
        ts_sent_micros
      from used full join told using (ts_hour_micros) order by ts_hour_micros`.pipe(
      Effect.map((rows) =>
        rows.map((row) => ({
          hourMicros: row.ts_hour_micros,
          creditsLedger: row.credits_ledger,
          creditsOutbox: row.credits_outbox,
          state: row.state,
          sentMicros: row.ts_sent_micros
        }))
      ),
      during("comparedHours")
    ),
  onAccount: (accountId, fromMicros) =>
    sql<{ credits: number }>`
      select coalesce(sum(credits - from_grant - from_bought), 0)::bigint as credits from ledger
      where account_id = ${accountId}::text::uuid and state = 'used' and ts_micros >= ${int8(fromMicros)}
        and credits > from_grant + from_bought`.pipe(
      acting(sql, { account_id: accountId }),
      Effect.map(([row]) => row?.credits ?? 0),
      during("onAccount")
    )
})
