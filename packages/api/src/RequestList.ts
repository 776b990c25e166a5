/** The single requests of an account, as a page or as a stream of rows. */
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { timeMicrosMax } from "@kalshibook/core/contract/Limits"
import * as UsageRequestsAnswer from "@kalshibook/core/contract/UsageRequestsAnswer"
import { requestColumns } from "@kalshibook/core/export/TableColumns"
import { isoFromMicros } from "@kalshibook/core/Units"
import * as RowColumns from "@kalshibook/store/export/RowColumns"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Ledger } from "@kalshibook/store/Ledger"
import * as LedgerThinning from "@kalshibook/store/LedgerThinning"
import { type LoggedRequest, RequestLog, type RequestQuestion } from "@kalshibook/store/RequestLog"
import { Clock, Effect, Option, Semaphore } from "effect"
import { requestListsAtOnce, streamPageEntries } from "./ApiLimits.ts"
import * as CallerTerms from "./CallerTerms.ts"
import { type PageQuery, pageOf, rangeOf } from "./Paging.ts"
import { only } from "./Projection.ts"
import { answered, callerHere } from "./RequestMeta.ts"
import * as RowStreams from "./RowStreams.ts"

interface Query extends PageQuery {
  readonly from?: number
  readonly to?: number
  readonly outcome?: UsageRequestsAnswer.Outcome
  readonly operation?: string
  readonly caller?: string
  readonly request_id?: string
  readonly fields?: ReadonlyArray<string>
  readonly format?: RowStreams.Form
}

type Asked = Omit<RequestQuestion, "after" | "requestsMax">

const placeOf = ({ id, tsMicros }: LoggedRequest) => [tsMicros, id] as const

export const make = Effect.gen(function* () {
  const ledger = yield* Ledger
  const log = yield* RequestLog
  const reading = yield* Semaphore.make(requestListsAtOnce)
  const list = (question: RequestQuestion) => reading.withPermits(1)(log.list(question))

  const page = (asked: Asked, keptFromMicros: number, nowMicros: number, query: Query) =>
    Effect.gen(function* () {
      const { caller, from, operation, outcome, request_id, to } = query
      const filters = { from, to, outcome, operation, caller, request_id }
      const { after, cut, entriesMax } = yield* pageOf(Cursor.usageRequests, filters, query)
      const place = Option.map(after, ([tsMicros, id]) => ({ tsMicros, id }))
      const found = yield* list({ ...asked, after: place, requestsMax: entriesMax })
      const { cursor, entries } = cut(found, placeOf)
      return {
        from: isoFromMicros(asked.fromMicros),
        to: isoFromMicros(to ?? nowMicros),
        kept_from: isoFromMicros(keptFromMicros),
        requests: entries.map(UsageRequestsAnswer.view),
        cursor
      }
    })

  const stream = (asked: Asked): RowStreams.RowSource<ReadonlyArray<LoggedRequest>, HotTierError> => ({
    columns: requestColumns,
    toColumns: RowColumns.ofRequests,
    toJson: (requests) => requests.map(UsageRequestsAnswer.view),
    rowsToPay: () => 0,
    parts: RowStreams.paged(streamPageEntries, (after) => list({ ...asked, after, requestsMax: streamPageEntries })),
    name: "kalshibook_requests"
  })

  return Effect.fnUntraced(function* (query: Query) {
    const who = yield* callerHere
    const { accountId } = who.account
    const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
    const keptFromMicros = LedgerThinning.keptFromMicros(nowMicros)
    const range = yield* rangeOf(query)
    // Without an end also what the clock of the database, ahead of ours, has dated later.
    const toMicros = query.to ?? timeMicrosMax
    const asked: Asked = {
      accountId,
      // A time of which nothing is kept is an empty one.
      fromMicros: Math.min(Math.max(range.fromMicros, keptFromMicros), toMicros),
      toMicros,
      endpoint: query.operation,
      prefix: query.caller,
      outcome: query.outcome,
      requestId: query.request_id
    }
    const form = yield* RowStreams.formOf(query)
    // What is held and nobody settles lapses when the balance is looked at.
    yield* ledger.balance(accountId, CallerTerms.callOf(who).terms)
    if (form !== "json") return yield* RowStreams.answer(stream(asked), form)
    return yield* page(asked, keptFromMicros, nowMicros, query).pipe(
      answered(UsageRequestsAnswer.UsageRequests, only(UsageRequestsAnswer.UsageRequests, "requests", query.fields))
    )
  })
})
