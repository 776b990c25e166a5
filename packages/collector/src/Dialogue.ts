/**
 * The commands of one connection and their answers, matched by id: the exchange works on commands side by side, answers them
 * out of order, and sometimes not at all.
 */
import * as Command from "@kalshibook/core/kalshi/Command"
import type { ErrorMessage, Ok, Subscribed } from "@kalshibook/core/kalshi/ServerMessage"
import { Duration, Effect, type Option } from "effect"
import type { KalshiSocket } from "./KalshiSocket.ts"

export type Reply = Subscribed | Ok | ErrorMessage

export interface Dialogue {
  /**
   * Sends a command and gives the first answer with its id; `None` when there is none in time. `onReply` is called within the
   * frame that answers, so that what it notes is noted before the next frame is read.
   */
  readonly ask: (
    make: (id: number) => Command.Command,
    onReply?: (reply: Reply) => void
  ) => Effect.Effect<Option.Option<Reply>>
  /** Sends a command whose answer nobody waits for. `onReply` as in `ask`, should there be one. */
  readonly tell: (make: (id: number) => Command.Command, onReply: (reply: Reply) => void) => void
  /** Takes what may be an answer. */
  readonly take: (reply: Reply) => void
}

export const make = (socket: Pick<KalshiSocket, "send">, replyMillisMax: number): Dialogue => {
  const waiting = new Map<number, (reply: Reply) => void>()
  let idLast = 0
  return {
    ask: (makeCommand, onReply = () => {}) =>
      Effect.callback<Reply>((resume) => {
        const id = ++idLast
        waiting.set(id, (reply) => {
          waiting.delete(id)
          onReply(reply)
          resume(Effect.succeed(reply))
        })
        socket.send(Command.encode(makeCommand(id)))
        return Effect.sync(() => waiting.delete(id))
      }).pipe(Effect.timeoutOption(Duration.millis(replyMillisMax))),
    tell: (makeCommand, onReply) => {
      const id = ++idLast
      waiting.set(id, (reply) => {
        waiting.delete(id)
        onReply(reply)
      })
      socket.send(Command.encode(makeCommand(id)))
    },
    take: (reply) => {
      if (reply.id !== null) waiting.get(reply.id)?.(reply)
    }
  }
}
