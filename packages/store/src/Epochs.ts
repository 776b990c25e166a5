/**
 * The connections to the exchange, numbered for ever: an epoch is what makes `sid` and `seq` unique.
 */
import type { GapCause } from "@kalshibook/core/BookRecord"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "./Database.ts"
import { during, type HotTierError } from "./HotTierError.ts"
import { HotTierState } from "./HotTierState.ts"
import { int8 } from "./PgNumbers.ts"

/** One connection, opened or to be opened. */
export interface EpochOpening {
  /** Address of the websocket, without credentials. */
  readonly url: string
  /** Whether real or simulated: `kalshi`, `simulator` or `recording`. */
  readonly source: string
  readonly tsOpenedMicros: number
}

export class Epochs extends Context.Service<
  Epochs,
  {
    /** The greatest number of any connection ever stored; 0 for none. */
    readonly last: Effect.Effect<number, HotTierError>
    /** Stores a new epoch and returns its number, greater than every one before, also over restarts. */
    readonly open: (opening: EpochOpening) => Effect.Effect<number, HotTierError>
    /** Notes when and why an epoch ended. An epoch that does not exist, or has ended, stays as it is. */
    readonly close: (epoch: number, tsClosedMicros: number, cause: GapCause) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/store/Epochs") {
  static readonly layerNoDeps: Layer.Layer<Epochs, never, SqlClient.SqlClient> = Layer.effect(
    Epochs,
    Effect.map(SqlClient.SqlClient, (sql) => Epochs.of(inPostgres(sql)))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = Epochs.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** The same contract in memory, over what `HotTier.layerMemory` keeps when both are built together. */
  static readonly layerMemory: Layer.Layer<Epochs> = Layer.effect(
    Epochs,
    Effect.map(HotTierState, (state) => Epochs.of(inMemory(state)))
  ).pipe(Layer.provide(HotTierState.layer))
}

const inPostgres = (sql: SqlClient.SqlClient): Epochs["Service"] => ({
  last: sql<{ epoch: number }>`
    select greatest((select max(epoch) from epochs), (select epoch from watermark), 0) as epoch`.pipe(
    Effect.map(([row]) => row?.epoch ?? 0),
    during("lastEpoch")
  ),
  open: ({ url, source, tsOpenedMicros }) =>
    // One after another: numbers that recorders chose themselves are unknown to the sequence of the column.
    sql`select pg_advisory_xact_lock(hashtextextended('kalshibook.epochs', 0))`.pipe(
      Effect.andThen(sql<{ epoch: number }>`
        insert into epochs (epoch, url, source, ts_opened_micros)
        select greatest((select max(epoch) from epochs), (select epoch from watermark), 0) + 1,
               ${url}, ${source}, ${int8(tsOpenedMicros)}
        returning epoch`),
      sql.withTransaction,
      Effect.flatMap(([row]) =>
        row === undefined ? Effect.die("insert returned no epoch") : Effect.succeed(row.epoch)
      ),
      during("openEpoch")
    ),
  close: (epoch, tsClosedMicros, cause) =>
    sql`update epochs set ts_closed_micros = ${int8(tsClosedMicros)}, close_cause = ${cause}
        where epoch = ${epoch} and ts_closed_micros is null`.pipe(Effect.asVoid, during("closeEpoch"))
})

const inMemory = (state: HotTierState["Service"]): Epochs["Service"] => {
  const last = () => Math.max(state.watermark?.epoch ?? 0, ...state.connections.keys())
  return {
    last: Effect.sync(last),
    open: (opening) =>
      Effect.sync(() => {
        const epoch = last() + 1
        state.connections.set(epoch, { epoch, slot: 0, ...opening, tsClosedMicros: null, closeCause: null })
        return epoch
      }),
    close: (epoch, tsClosedMicros, closeCause) =>
      Effect.sync(() => {
        const stored = state.connections.get(epoch)
        if (stored?.tsClosedMicros === null) state.connections.set(epoch, { ...stored, tsClosedMicros, closeCause })
      })
  }
}
