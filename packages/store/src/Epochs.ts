/**
 * The connections to the exchange, numbered for ever: an epoch is what makes `sid` and `seq` unique.
 */
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "./Database.ts"
import { during, type HotTierError } from "./HotTierError.ts"
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
    /** Stores a new epoch and returns its number, greater than every one before, also over restarts. */
    readonly open: (opening: EpochOpening) => Effect.Effect<number, HotTierError>
    /** Notes when and why an epoch ended. An epoch that does not exist, or has ended, stays as it is. */
    readonly close: (epoch: number, tsClosedMicros: number, cause: string) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/store/Epochs") {
  static readonly layerNoDeps: Layer.Layer<Epochs, never, SqlClient.SqlClient> = Layer.effect(
    Epochs,
    Effect.map(SqlClient.SqlClient, (sql) => Epochs.of(inPostgres(sql)))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = Epochs.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** The same contract in memory, for tests. */
  static readonly layerMemory: Layer.Layer<Epochs> = Layer.sync(Epochs, () => Epochs.of(inMemory()))
}

const inPostgres = (sql: SqlClient.SqlClient): Epochs["Service"] => ({
  open: ({ url, source, tsOpenedMicros }) =>
    sql<{ epoch: number }>`
      insert into epochs (url, source, ts_opened_micros) values (${url}, ${source}, ${int8(tsOpenedMicros)})
      returning epoch`.pipe(
      Effect.flatMap(([row]) =>
        row === undefined ? Effect.die("insert returned no epoch") : Effect.succeed(row.epoch)
      ),
      during("openEpoch")
    ),
  close: (epoch, tsClosedMicros, cause) =>
    sql`update epochs set ts_closed_micros = ${int8(tsClosedMicros)}, close_cause = ${cause}
        where epoch = ${epoch} and ts_closed_micros is null`.pipe(Effect.asVoid, during("closeEpoch"))
})

const inMemory = (): Epochs["Service"] => {
  let epochLast = 0
  return {
    open: () => Effect.sync(() => ++epochLast),
    close: () => Effect.void
  }
}
