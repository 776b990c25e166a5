/** What messages in Kalshi's protocol cost: the same as records of `/v1/stream`. Answers to commands, errors and holes cost nothing. */
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Effect } from "effect"
import type { StreamMeter, StreamUnpaid } from "../StreamMeter.ts"

export interface MessagePayments {
  /** Pays for so many messages; waits where not so many are held yet. Fails where credits or a cap do not suffice: the connection then ends. */
  readonly pay: (messages: number) => Effect.Effect<void, StreamUnpaid | HotTierError>
  /** Pays for messages that were sent when the connection ends, as far as something is held. */
  readonly payLast: (messages: number) => void
}

export const of = (meter: StreamMeter): MessagePayments => ({
  payLast: (messages) => {
    meter.take(messages)
  },
  pay: Effect.fnUntraced(function* (messages) {
    let left = messages - meter.take(messages)
    while (left > 0) {
      yield* meter.more
      left -= meter.take(left)
    }
  })
})
