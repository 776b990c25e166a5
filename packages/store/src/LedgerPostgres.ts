/** The ledger in Postgres: the functions of the migration `ledger_functions`, called for all that wait at once. */
import { Effect, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { acting } from "./AsAccount.ts"
import * as Batches from "./Batches.ts"
import * as ChargeGroups from "./ChargeGroups.ts"
import { during } from "./HotTierError.ts"
import type { Admission, Charge, Charged, Ledger, LedgerCall, Outcome, Verdict } from "./Ledger.ts"
import { callsMax, leaseMicros, repeatMicros, statementsMax } from "./LedgerLimits.ts"
import { int8 } from "./PgNumbers.ts"

interface AdmissionRow {
  readonly request_id: string
  readonly verdict: Verdict
  readonly wait_micros: number
  readonly tokens_left: number
  readonly credits_left: number | null
  readonly held: number
}

interface ChargeRow extends Omit<AdmissionRow, "held"> {
  readonly charged: number
}

interface BalanceRow {
  readonly month: number
  readonly month_credits: number
  readonly grant_left: number
  readonly bought_left: number
  readonly month_used: number
  readonly month_held: number
}

interface UsageSum {
  readonly day_micros: number
  readonly endpoint: string
  readonly prefix: string
  readonly calls: number
  readonly credits: number
  readonly rows: number
}

const callOf = (call: LedgerCall) => ({
  request_id: call.requestId,
  account: call.accountId,
  prefix: call.prefix,
  endpoint: call.endpoint,
  question: call.question,
  credits: call.creditsMax,
  cost: call.cost,
  buckets: call.buckets.map(({ name }) => name),
  per_second: call.buckets.map(({ perSecond }) => perSecond),
  burst: call.buckets.map(({ burst }) => burst),
  credits_monthly: call.terms.creditsMonthly,
  is_postpaid: call.terms.isPostpaid,
  cap_credits: call.terms.capCredits,
  key_cap_credits: call.keyCapCredits,
  lease_micros: call.leaseMicros ?? leaseMicros,
  repeat_micros: repeatMicros
})

const outcomeOf = ({ accountId, credits, requestId, rows, state }: Outcome) => ({
  request_id: requestId,
  account: accountId,
  state,
  credits,
  rows
})

const admissionOf = (row: AdmissionRow | undefined): Admission => ({
  verdict: row?.verdict ?? "rate_limited",
  waitMicros: row?.wait_micros ?? 0,
  tokensLeft: row?.tokens_left ?? 0,
  creditsLeft: row?.credits_left ?? null,
  creditsHeld: row?.held ?? 0
})

const chargedOf = (row: ChargeRow | undefined): Charged => ({
  ...admissionOf(row === undefined ? undefined : { ...row, held: 0 }),
  credits: row?.charged ?? 0
})

/** `now`: Unix microseconds, or `null` for the database's own clock. */
export const ledgerInPostgres = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  now: Effect.Effect<number | null>
) {
  const admit = yield* Batches.make({
    itemsMax: callsMax,
    atOnceMax: statementsMax,
    ownerOf: (call: LedgerCall) => call.accountId,
    run: (calls) =>
      Effect.gen(function* () {
        const rows = yield* sql<AdmissionRow>`
          select request_id, verdict, wait_micros, tokens_left, credits_left, held
          from admit_calls(${JSON.stringify(calls.map(callOf))}::text::jsonb, ${int8(yield* now)})`
        const byId = new Map(rows.map((row) => [row.request_id, row]))
        return calls.map(({ requestId }) => admissionOf(byId.get(requestId)))
      }).pipe(during("admitCalls"))
  })
  const settle = yield* Batches.make({
    itemsMax: callsMax,
    atOnceMax: statementsMax,
    ownerOf: (outcome: Outcome) => outcome.accountId,
    run: (outcomes) =>
      Effect.gen(function* () {
        const rows = yield* sql<{ request_id: string }>`
          select settled as request_id
          from settle_calls(${JSON.stringify(outcomes.map(outcomeOf))}::text::jsonb, ${int8(yield* now)}) as settled`
        const settled = new Set(rows.map((row) => row.request_id))
        return outcomes.map(({ requestId }) => settled.has(requestId))
      }).pipe(during("settleCalls"))
  })
  const charge = yield* Batches.make({
    itemsMax: callsMax,
    atOnceMax: statementsMax,
    ownerOf: ({ call }: Charge) => call.accountId,
    run: (charges) =>
      Effect.gen(function* () {
        const rows = yield* sql<ChargeRow>`
          select request_id, verdict, wait_micros, tokens_left, credits_left, charged
          from charge_calls(${JSON.stringify(ChargeGroups.of(charges))}::text::jsonb, ${int8(yield* now)})`
        const byId = new Map(rows.map((row) => [row.request_id, row]))
        return charges.map(({ call }) => chargedOf(byId.get(call.requestId)))
      }).pipe(during("chargeCalls"))
  })
  const ledger: Ledger["Service"] = {
    admit,
    settle,
    charge,
    paidAt: (accountId, requestId) =>
      // `0` is the sign behind `/`.
      sql<{ paid_micros: number | null }>`
        select max(ts_micros) as paid_micros from ledger
        where account_id = ${accountId}::text::uuid and state = 'used'
          and (request_id = ${requestId} or (request_id > ${`${requestId}/`} and request_id < ${`${requestId}0`}))`.pipe(
        acting(sql, { account_id: accountId }),
        Effect.map(([row]) => Option.fromNullishOr(row?.paid_micros)),
        during("paidAt")
      ),
    usage: (accountId, { fromMicros, toMicros }) =>
      sql<UsageSum>`
        select day_micros, endpoint, prefix, sum(calls)::bigint as calls, sum(credits)::bigint as credits, sum(rows)::bigint as rows
        from (
          select ts_micros / 86400000000 * 86400000000 as day_micros, endpoint, prefix,
                 case when position('/' in request_id) = 0 then 1 else 0 end as calls, credits, rows
          from ledger
          where state = 'used' and ts_micros >= ${int8(fromMicros)} and ts_micros < ${int8(toMicros)}
          union all
          select day_micros, endpoint, prefix, calls, credits, rows from ledger_days
          where day_micros >= ${int8(fromMicros)} and day_micros < ${int8(toMicros)}
        ) as used
        group by day_micros, endpoint, prefix order by day_micros, endpoint, prefix`.pipe(
        acting(sql, { account_id: accountId }),
        Effect.map((rows) => rows.map(({ day_micros, ...row }) => ({ dayMicros: day_micros, ...row }))),
        during("usage")
      ),
    balance: (accountId, { creditsMonthly }) =>
      Effect.gen(function* () {
        const [row] = yield* sql<BalanceRow>`
          select month, month_credits, grant_left, bought_left, month_used, month_held
          from balance_at(${accountId}::text::uuid, coalesce(${int8(yield* now)}, micros_now()), ${int8(creditsMonthly)})`
        return {
          month: row?.month ?? -1,
          monthCredits: row?.month_credits ?? 0,
          grantLeft: row?.grant_left ?? 0,
          boughtLeft: row?.bought_left ?? 0,
          monthUsed: row?.month_used ?? 0,
          monthHeld: row?.month_held ?? 0
        }
      }).pipe(acting(sql, { account_id: accountId }), during("balance"))
  }
  return ledger
})
