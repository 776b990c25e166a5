/** The hot tier in memory behind a door that can be shut: what the real one does when the database goes away. */
import { type HotBatch, HotTier, HotTierError } from "@kalshibook/store/HotTier"
import { Effect } from "effect"
import { SqlError } from "effect/sql"

/** `away` and `refuses` fail, with an error that is worth a retry or not; `hangs` never answers; `forgets` stores, and fails all the same. */
export type Mode = "up" | "away" | "refuses" | "hangs" | "forgets"

export interface UnreliableTier {
  mode: Mode
  /** Calls hang for which it says so, as if it were `hangs`. */
  hangsWhen: (batch: HotBatch) => boolean
  readonly service: HotTier["Service"]
  /** What was stored, in order. */
  readonly batches: ReadonlyArray<HotBatch>
  /** What was sent and hangs: it may still be stored. */
  readonly hanging: Array<HotBatch>
  /** Calls that failed. */
  failures: number
}

const failed = (operation: string, mode: Mode): HotTierError => {
  const fields = { cause: new Error(mode === "refuses" ? "no such column" : "connection refused") }
  const reason = mode === "refuses" ? new SqlError.SqlSyntaxError(fields) : new SqlError.ConnectionError(fields)
  return new HotTierError({ operation, reason: new SqlError.SqlError({ reason }) })
}

export const make = (inner: HotTier["Service"]): UnreliableTier => {
  const batches: Array<HotBatch> = []
  const hanging: Array<HotBatch> = []
  const append = (batch: HotBatch): Effect.Effect<void, HotTierError> =>
    Effect.suspend(() => {
      const { mode } = tier
      if (mode === "hangs" || tier.hangsWhen(batch)) {
        hanging.push(batch)
        return Effect.never
      }
      const store = Effect.tap(
        inner.append(batch),
        Effect.sync(() => batches.push(batch))
      )
      if (mode === "up") return store
      tier.failures++
      const fail = Effect.fail(failed("append", mode))
      return mode === "forgets" ? Effect.andThen(store, fail) : fail
    })
  const service = HotTier.of({ ...inner, append })
  const tier: UnreliableTier = { mode: "up", hangsWhen: () => false, service, batches, hanging, failures: 0 }
  return tier
}
