/**
 * What messages in Kalshi's protocol cost. Here for whoever counts streams: without anything else they cost nothing.
 */
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Context, Effect } from "effect"
import type { Caller } from "../Caller.ts"
import type { CreditsEnded } from "../RowPayments.ts"

export interface MessagePayments {
  /** Pays for so many messages more, before they are sent. Fails where credits or a cap do not suffice: the connection then ends. */
  readonly pay: (messages: number) => Effect.Effect<void, CreditsEnded | HotTierError>
}

export const KalshiCharge = Context.Reference<
  (caller: Caller, connectionId: string, kind: "live" | "replay") => Effect.Effect<MessagePayments>
>("@kalshibook/api/kalshi/KalshiCharge", {
  defaultValue: () => () => Effect.succeed({ pay: () => Effect.void })
})
