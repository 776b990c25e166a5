/**
 * The single requests of a customer: what was answered, as the ledger has it, and what was refused or failed, which is noted here. It knows
 * neither what was asked beyond the operation nor with what: a question may have secrets, and nobody needs it to find his request again.
 */
import { Context, Effect, Layer, type Option } from "effect"
import { SqlClient } from "effect/sql"
import { AccountsState } from "./AccountsState.ts"
import type { HotTierError } from "./HotTierError.ts"
import { requestLogInMemory } from "./RequestLogMemory.ts"
import { requestLogInPostgres } from "./RequestLogPostgres.ts"

/** A request that was answered with an error, or how many there were of a kind. */
export interface RequestError {
  /** The id of the request; of those that were counted a name of their own. Unique for ever. */
  readonly errorId: string
  readonly accountId: string
  /** What the usage names the caller by. */
  readonly prefix: string
  /** `null` where several were counted. */
  readonly endpoint: string | null
  /** Of HTTP, from 400 to 599. */
  readonly status: number
  readonly code: string
  /** 1, or how many were counted until now. */
  readonly count: number
  /** When it was answered, Unix microseconds; of those that were counted, the first. */
  readonly tsMicros: number
  readonly tsLastMicros: number
}

/** What cost nothing and was no error (a free call, a dry run, one whose caller went away) is not listed. */
export type RequestOutcome = "answered" | "held" | "failed"

export interface LoggedRequest {
  /** Of the request; of errors that were counted a name of their own; of a payment that is made once, `account/what`. */
  readonly id: string
  readonly tsMicros: number
  readonly endpoint: string | null
  readonly prefix: string
  readonly outcome: RequestOutcome
  /** Of HTTP, where it failed. */
  readonly status: number | null
  readonly code: string | null
  /** All that it cost, also where it was paid in parts. */
  readonly credits: number
  readonly rows: number
  readonly count: number
  readonly tsLastMicros: number
}

/** Where a request stands in the list. */
export type RequestPlace = Pick<LoggedRequest, "tsMicros" | "id">

/** [from, to). Absent fields do not restrict. */
export interface RequestQuestion {
  readonly accountId: string
  readonly fromMicros: number
  readonly toMicros: number
  readonly endpoint?: string | undefined
  readonly prefix?: string | undefined
  readonly outcome?: RequestOutcome | undefined
  readonly requestId?: string | undefined
  readonly after: Option.Option<RequestPlace>
  readonly requestsMax: number
}

export class RequestLog extends Context.Service<
  RequestLog,
  {
    /** Keeps errors, each once, of any accounts. The same again later changes nothing, and a count only grows. What a closed account had is not kept. */
    readonly note: (errors: ReadonlyArray<RequestError>) => Effect.Effect<void, HotTierError>
    /** Newest first. */
    readonly list: (question: RequestQuestion) => Effect.Effect<ReadonlyArray<LoggedRequest>, HotTierError>
  }
>()("@kalshibook/store/RequestLog") {
  static readonly layerNoDeps: Layer.Layer<RequestLog, never, SqlClient.SqlClient> = Layer.effect(
    RequestLog,
    Effect.map(SqlClient.SqlClient, (sql) => RequestLog.of(requestLogInPostgres(sql)))
  )

  /** The same contract in memory. */
  static readonly layerMemory: Layer.Layer<RequestLog> = Layer.effect(
    RequestLog,
    Effect.map(AccountsState, (state) => RequestLog.of(requestLogInMemory(state)))
  ).pipe(Layer.provide(AccountsState.layer))
}
