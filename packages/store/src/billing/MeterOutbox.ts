/**
 * What accounts used on account, hour by hour, on its way to the payment service: each hour of an account is decided once, when it is over and
 * nothing of it is held any more, and becomes one event with a name that stays, `account:hour`.
 */
import { hourMicros } from "@kalshibook/core/Units"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AccountsState } from "../AccountsState.ts"
import type { HotTierError } from "../HotTierError.ts"
import { meterInMemory } from "./MeterOutboxMemory.ts"
import { meterInPostgres } from "./MeterOutboxPostgres.ts"

/** Credits that an account used on account in an hour. */
export interface MeteredHour {
  readonly accountId: string
  /** Its beginning, Unix microseconds. */
  readonly hourMicros: number
  readonly credits: number
}

export interface WaitingHour extends MeteredHour {
  /** When it was sent first, or first after it was found not to have arrived; `null` while it was not. */
  readonly triedMicros: number | null
}

/** What an hour is in the ledger and in the outbox. */
export interface ComparedHour {
  readonly hourMicros: number
  readonly creditsLedger: number
  readonly creditsOutbox: number
  readonly state: "waiting" | "sent" | "refused" | null
  /** When it was sent; `null` while it was not. */
  readonly sentMicros: number | null
}

export class MeterOutbox extends Context.Service<
  MeterOutbox,
  {
    /** Decides the hours in [its mark, or `fromMicros`, `untilMicros`), as far as nothing in them is held. Answers how many events came. */
    readonly fill: (
      accountId: string,
      range: { readonly fromMicros: number; readonly untilMicros: number }
    ) => Effect.Effect<number, HotTierError>
    /** The oldest first. */
    readonly waiting: (eventsMax: number) => Effect.Effect<ReadonlyArray<WaitingHour>, HotTierError>
    readonly noteTried: (hour: MeteredHour, nowMicros: number) => Effect.Effect<void, HotTierError>
    readonly noteSent: (hour: MeteredHour, nowMicros: number) => Effect.Effect<void, HotTierError>
    /** It will never be taken. */
    readonly noteRefused: (hour: MeteredHour) => Effect.Effect<void, HotTierError>
    /** Every hour with use on account in [from, to), by the ledger or by the outbox; those that are not decided are not in it. */
    readonly compared: (
      accountId: string,
      range: { readonly fromMicros: number; readonly toMicros: number }
    ) => Effect.Effect<ReadonlyArray<ComparedHour>, HotTierError>
    /** Credits used on account since a moment within the ledger's memory, for the account itself. */
    readonly onAccount: (accountId: string, fromMicros: number) => Effect.Effect<number, HotTierError>
  }
>()("@kalshibook/store/billing/MeterOutbox") {
  static readonly layerNoDeps: Layer.Layer<MeterOutbox, never, SqlClient.SqlClient> = Layer.effect(
    MeterOutbox,
    Effect.map(SqlClient.SqlClient, (sql) => MeterOutbox.of(meterInPostgres(sql)))
  )

  /** The same contract in memory. */
  static readonly layerMemory: Layer.Layer<MeterOutbox> = Layer.effect(
    MeterOutbox,
    Effect.map(AccountsState, (state) => MeterOutbox.of(meterInMemory(state)))
  ).pipe(Layer.provide(AccountsState.layer))
}

/** The beginning of the hour of a moment. */
export const hourOf = (micros: number): number => Math.floor(micros / hourMicros) * hourMicros

/** The name by which the payment service knows an event again. */
export const identifierOf = ({ accountId, hourMicros: hour }: MeteredHour): string =>
  `${accountId}:${Math.floor(hour / hourMicros)}`
