/** The single requests in Postgres: ledger and errors side by side, each read by its own index, and sums only of what is answered. */
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
      const ledgerId = sql.literal("request_id")
      const errorId = sql.literal("error_id")
      // `0` is the sign behind `/`, with which the parts of a call go on.
      return sql<Row>`
        select id, ts_micros, endpoint, prefix, outcome, status, code, count, ts_last_micros,
          coalesce(paid.credits, listed.credits) as credits, coalesce(paid.rows, listed.rows) as rows
        from (
          (select request_id as id, ts_micros, endpoint, prefix,
             case state when 'used' then 'answered' else 'held' end as outcome,
             null::integer as status, null::text as code, 1::bigint as count, ts_micros as ts_last_micros, credits, rows
           from ledger
           where ${sql.and([...clausesOf(ledgerId, question), statesOf(question)])}
             and (position('/' in request_id) = 0 or starts_with(request_id, account_id || '/'))
             and not exists (select from request_errors where error_id = request_id)
           order by ts_micros desc, request_id desc limit ${question.requestsMax})
          union all
          (select error_id, ts_micros, endpoint, prefix, 'failed', status, code, count, ts_last_micros, 0, 0
           from request_errors
           where ${sql.and([...clausesOf(errorId, question), isFailedAsked(question)])}
           order by ts_micros desc, error_id desc limit ${question.requestsMax})
          order by ts_micros desc, id desc limit ${question.requestsMax}
        ) as listed
        left join lateral (
          select sum(ledger.credits)::bigint as credits, sum(ledger.rows)::bigint as rows from ledger
          where position('/' in listed.id) = 0 and state = 'used'
            and request_id >= listed.id and request_id < listed.id || '0'
        ) as paid on true
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
