/**
 * The single requests in Postgres: ledger and errors side by side, each read by its own index, and sums only of what is answered.
 *
 * A stream may have a hundred thousand parts, each a row of the ledger, so the list walks along requests alone (`ledger_requests`) and
 * looks up the parts of those that it answers (`ledger_parts`). The account is named although the policies of the tables name it: the
 * planner knows how many rows an account has only where it sees which.
 */
import { Effect, Option } from "effect"
import type { SqlClient, Statement } from "effect/sql"
import { acting } from "./AsAccount.ts"
import { during } from "./HotTierError.ts"
import { int8 } from "./PgNumbers.ts"
import type { RequestError, RequestLog, RequestOutcome, RequestQuestion } from "./RequestLog.ts"

interface Row {
  readonly id: string
  readonly ts_micros: number
  readonly endpoint: string | null
  readonly prefix: string
  readonly outcome: RequestOutcome
  readonly status: number | null
  readonly code: string | null
  readonly credits: number
  readonly rows: number
  readonly count: number
  readonly ts_last_micros: number
}

const notedOf = (error: RequestError) => ({
  id: error.errorId,
  account: error.accountId,
  prefix: error.prefix,
  endpoint: error.endpoint,
  status: error.status,
  code: error.code,
  count: error.count,
  ts: error.tsMicros,
  ts_last: error.tsLastMicros
})

export const requestLogInPostgres = (sql: SqlClient.SqlClient): RequestLog["Service"] => {
  /** What restricts both tables alike; `id` is the name of their key. */
  const clausesOf = (id: Statement.Fragment, question: RequestQuestion): ReadonlyArray<Statement.Fragment> => {
    const { after, endpoint, fromMicros, prefix, requestId, toMicros } = question
    const clauses = [sql`ts_micros >= ${int8(fromMicros)}`, sql`ts_micros < ${int8(toMicros)}`]
    if (endpoint !== undefined) clauses.push(sql`endpoint = ${endpoint}`)
    if (prefix !== undefined) clauses.push(sql`prefix = ${prefix}`)
    if (requestId !== undefined) clauses.push(sql`${id} = ${requestId}`)
    if (Option.isSome(after)) {
      const place = after.value
      clauses.push(sql`(ts_micros, ${id}) < (${int8(place.tsMicros)}, ${place.id})`)
    }
    return clauses
  }

  const used = sql`state = 'used'`
  /** Free calls that are being answered hold nothing. */
  const held = sql`(state = 'held' and from_grant + from_bought + on_account > 0)`
  /** In which states calls of the ledger are listed. */
  const states = { answered: used, held, failed: sql`false` }
  const statesOf = ({ outcome }: RequestQuestion): Statement.Fragment =>
    outcome === undefined ? sql.or([used, held]) : states[outcome]

  const isFailedAsked = ({ outcome = "failed" }: RequestQuestion): Statement.Fragment =>
    outcome === "failed" ? sql`true` : sql`false`

  return {
    note: (errors) =>
      sql`select note_request_errors(${JSON.stringify(errors.map(notedOf))}::text::jsonb)`.pipe(
        Effect.asVoid,
        during("noteRequestErrors")
      ),
    list: (question) => {
      const { accountId, requestsMax } = question
      const ledgerId = sql.literal("request_id")
      const errorId = sql.literal("error_id")
      const isOwn = sql`account_id = ${accountId}::text::uuid`
      const newest = (id: Statement.Fragment) => sql`order by ts_micros desc, ${id} desc limit ${requestsMax}`
      const entries = (which: Statement.Fragment) => sql`
        select request_id as id, ts_micros, endpoint, prefix,
          case state when 'used' then 'answered' else 'held' end as outcome,
          null::integer as status, null::text as code, 1::bigint as count, ts_micros as ts_last_micros, credits, rows
        from ledger
        where ${isOwn} and ${which} and ${sql.and([...clausesOf(ledgerId, question), statesOf(question)])}
          and not exists (select from request_errors where error_id = request_id)
        ${newest(ledgerId)}`
      // As the indexes have it, or they are not used.
      const isWhole = sql`position('/' in request_id) = 0`
      const isPart = sql`position('/' in request_id) > 0`
      // `0` is the sign behind `/`, with which the parts of a request go on, and the names of what an account pays once.
      const isOnce = sql`${isPart} and request_id >= ${`${accountId}/`} and request_id < ${`${accountId}0`}`
      return sql<Row>`
        select id, ts_micros, endpoint, prefix, outcome, status, code, count, ts_last_micros,
          credits + coalesce(parts.part_credits, 0) as credits, rows + coalesce(parts.part_rows, 0) as rows
        from (
          select *, id || '/' as parts_from, id || '0' as parts_to from (
            (${entries(isWhole)})
            union all
            (${entries(isOnce)})
            union all
            (select error_id, ts_micros, endpoint, prefix, 'failed', status, code, count, ts_last_micros,
               coalesce((select credits from ledger where request_id = error_id and state = 'used'), 0),
               coalesce((select rows from ledger where request_id = error_id and state = 'used'), 0)
             from request_errors
             where ${isOwn} and ${sql.and([...clausesOf(errorId, question), isFailedAsked(question)])}
             ${newest(errorId)})
          ) as each_kind
          order by ts_micros desc, id desc limit ${requestsMax}
        ) as listed
        left join lateral (
          select sum(ledger.credits)::bigint as part_credits, sum(ledger.rows)::bigint as part_rows from ledger
          where position('/' in listed.id) = 0 and ${isOwn} and ${isPart} and state = 'used'
            and request_id >= listed.parts_from and request_id < listed.parts_to
        ) as parts on true
        order by ts_micros desc, id desc`.pipe(
        acting(sql, { account_id: question.accountId }),
        Effect.map((rows) =>
          rows.map(({ ts_last_micros, ts_micros, ...row }) => ({
            ...row,
            tsMicros: ts_micros,
            tsLastMicros: ts_last_micros
          }))
        ),
        during("listRequests")
      )
    }
  }
}
