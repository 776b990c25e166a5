/**
 * The connections to the exchange, numbered for ever: an epoch is what makes `sid` and `seq` unique.
 */
import { Context, type Effect } from "effect"
import type { HotTierError } from "./HotTier.ts"

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
    /** Notes when and why an epoch ended. */
    readonly close: (epoch: number, tsClosedMicros: number, cause: string) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/store/Epochs") {}
