/**
 * The credits of the customers, and how fast they may use them. Before a call its tokens are taken and its credits held; after it what it
 * cost is told, and the rest goes back. What is never told lapses by itself, for nothing.
 *
 * Nodes hold nothing in stock: every call is decided by the database, but all calls that wait at a moment are one statement.
 */
import type * as CreditBalance from "@kalshibook/core/CreditBalance"
import { Context, Effect, Layer, type Option } from "effect"
import { SqlClient } from "effect/sql"
import { AccountsState } from "./AccountsState.ts"
import type { HotTierError } from "./HotTierError.ts"
import { ledgerInMemory } from "./LedgerMemory.ts"
import { ledgerInPostgres } from "./LedgerPostgres.ts"

/** A call that asks to be let in. */
export interface LedgerCall {
  /** Unique for ever: a call is let in once. With a `/` behind a call's own: a part of it, which is no call of its own in the usage. */
  readonly requestId: string
  readonly accountId: string
  /** Of the key that asks. */
  readonly prefix: string
  readonly endpoint: string
  /** The same for the same page of the same account, hexadecimal; `null` where a repetition is a new question. */
  readonly question: string | null
  /** Credits that it costs at most. */
  readonly creditsMax: number
  /** How long the hold waits to be settled before it lapses, microseconds; absent for as long as an answer may take, and more. */
  readonly leaseMicros?: number
  /** Tokens that it takes out of each bucket. */
  readonly cost: number
  /** The first is the account's, and the one whose level is answered. */
  readonly buckets: ReadonlyArray<{ readonly name: string; readonly perSecond: number; readonly burst: number }>
  readonly terms: CreditBalance.CreditTerms
  /** Credits a month of the key at most; `null` for no cap of its own. */
  readonly keyCapCredits: number | null
}

export type Verdict =
  | "admitted"
  /** Let in, and free: the same page was answered a moment ago. */
  | "repeated"
  | "rate_limited"
  /** There are not so many credits. */
  | "exhausted"
  /** The account's cap of the month. */
  | "capped"
  | "key_capped"

export interface Admission {
  readonly verdict: Verdict
  /** Until there are enough tokens; 0 but for `rate_limited`. */
  readonly waitMicros: number
  /** In the first bucket, afterwards. */
  readonly tokensLeft: number
  /** Credits that can still be used, less those held; `null` where there is no end. */
  readonly creditsLeft: number | null
  readonly creditsHeld: number
}

/** What became of a call that was let in. */
export interface Outcome {
  readonly requestId: string
  readonly accountId: string
  /** `returned`: it was not answered, and costs nothing. */
  readonly state: "used" | "returned"
  readonly credits: number
  readonly rows: number
}

/** A call of which is known what it costs: `creditsMax` of them, when it is let in. */
export interface Charge {
  readonly call: LedgerCall
  /** `returned`: it was not answered; it takes its tokens, and costs nothing. */
  readonly state: "used" | "returned"
  readonly rows: number
  /** Whether an id that was let in before and never paid may be paid now. */
  readonly isOnce: boolean
}

export interface Charged extends Admission {
  /** Credits that it took; 0 also where the id was charged before. */
  readonly credits: number
}

/** What was used, summed up by UTC day, endpoint and key. */
export interface UsageRow {
  /** Beginning of the day, Unix microseconds. */
  readonly dayMicros: number
  readonly endpoint: string
  readonly prefix: string
  readonly calls: number
  readonly credits: number
  readonly rows: number
}

export class Ledger extends Context.Service<
  Ledger,
  {
    readonly admit: (call: LedgerCall) => Effect.Effect<Admission, HotTierError>
    /** `false` when the call was not held any more: it costs nothing then. */
    readonly settle: (outcome: Outcome) => Effect.Effect<boolean, HotTierError>
    /** Lets in and settles in one step, so that nothing can come between. Repetitions are not looked for. */
    readonly charge: (charge: Charge) => Effect.Effect<Charged, HotTierError>
    /** When the account last paid for this id, or for a later one of it (`id/...`), Unix microseconds; `None` when it never did. */
    readonly paidAt: (accountId: string, requestId: string) => Effect.Effect<Option.Option<number>, HotTierError>
    /**
     * What an account used in [from, to), oldest day first; of days so long ago that they were summed up, those that begin in it. Calls that are being
     * answered are not in it.
     */
    readonly usage: (
      accountId: string,
      range: { readonly fromMicros: number; readonly toMicros: number }
    ) => Effect.Effect<ReadonlyArray<UsageRow>, HotTierError>
    /** As it is now, in the month of now. */
    readonly balance: (
      accountId: string,
      terms: CreditBalance.CreditTerms
    ) => Effect.Effect<CreditBalance.CreditBalance, HotTierError>
  }
>()("@kalshibook/store/Ledger") {
  /** By the database's own clock, which is the same for all nodes. */
  static readonly layerNoDeps: Layer.Layer<Ledger, never, SqlClient.SqlClient> = Layer.effect(
    Ledger,
    Effect.gen(function* () {
      return Ledger.of(yield* ledgerInPostgres(yield* SqlClient.SqlClient, Effect.succeed(null)))
    })
  )

  /** By a clock of one's own: Unix microseconds. */
  static readonly layerAt = (nowMicros: Effect.Effect<number>): Layer.Layer<Ledger, never, SqlClient.SqlClient> =>
    Layer.effect(
      Ledger,
      Effect.gen(function* () {
        return Ledger.of(yield* ledgerInPostgres(yield* SqlClient.SqlClient, nowMicros))
      })
    )

  /** The same contract in memory, by the process' clock. */
  static readonly layerMemory: Layer.Layer<Ledger> = Layer.effect(
    Ledger,
    Effect.map(AccountsState, (state) => Ledger.of(ledgerInMemory(state)))
  ).pipe(Layer.provide(AccountsState.layer))
}
