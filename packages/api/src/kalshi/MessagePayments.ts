/**
 * What messages in Kalshi's protocol cost: the same as records of `/v1/stream`. Answers to commands, errors and holes cost nothing, and so
 * does what was never written.
 */
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Effect, Exit } from "effect"
import type { StreamMeter, StreamUnpaid } from "../StreamMeter.ts"

export interface MessagePayments {
  /**
   * Pays for so many messages before they are written; waits where not so many are held yet. Fails where credits or a cap do not suffice: the
   * connection then ends. Whoever goes away meanwhile has paid for none of them.
   */
  readonly pay: (messages: number) => Effect.Effect<void, StreamUnpaid | HotTierError>
  /** So many that were paid for were not written after all. */
  readonly giveBack: (messages: number) => void
  /** Pays for messages that were written, as far as something is held, and tells for how many. */
  readonly paySent: (messages: number) => number
  /** Waits until something more is held. Fails as `pay`. */
  readonly more: Effect.Effect<void, StreamUnpaid | HotTierError>
}

export const of = ({ giveBack, more, take }: StreamMeter): MessagePayments => ({
  pay: (messages) =>
    Effect.suspend(() => {
      let paid = take(messages)
      const rest = Effect.gen(function* () {
        while (paid < messages) {
          yield* more
          paid += take(messages - paid)
        }
      })
      return Effect.onExit(rest, (exit) => (Exit.isSuccess(exit) ? Effect.void : Effect.sync(() => giveBack(paid))))
    }),
  giveBack,
  paySent: take,
  more
})
