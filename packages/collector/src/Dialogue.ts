/**
 * The commands of one connection and their answers, matched by id: the exchange works on commands side by side, answers them
 * out of order, and sometimes not at all. No more than so many are sent a second, and fewer once the exchange has said that they
 * come too fast (error 27).
 */
import * as Command from "@kalshibook/core/kalshi/Command"
import type { ErrorMessage, Ok, Subscribed } from "@kalshibook/core/kalshi/ServerMessage"
import { Duration, Effect, type Option } from "effect"
import type { CollectorSettings } from "./CollectorSettings.ts"
import type { KalshiSocket } from "./KalshiSocket.ts"
import * as Pace from "./Pace.ts"

export type Reply = Subscribed | Ok | ErrorMessage

export interface Dialogue {
  /**
   * Sends a command, made when its turn has come, and gives the first answer with its id; `None` when there is none in time.
   * `onReply` is called within the frame that answers, so that what it notes is noted before the next frame is read.
   */
  readonly ask: (
    make: (id: number) => Command.Command,
    onReply?: (reply: Reply) => void
  ) => Effect.Effect<Option.Option<Reply>>
  /** Sends a command whose answer nobody waits for. `onReply` as in `ask`, should there be one. */
  readonly tell: (make: (id: number) => Command.Command, onReply: (reply: Reply) => void) => Effect.Effect<void>
  /** Takes what may be an answer. */
  readonly take: (reply: Reply) => void
}

/** Commands come too fast. */
const tooFast = 27

export const make = (
  socket: Pick<KalshiSocket, "send">,
  { commandsPerSecondMax, replyMillisMax }: Pick<CollectorSettings, "commandsPerSecondMax" | "replyMillisMax">
): Dialogue => {
  const waiting = new Map<number, (reply: Reply) => void>()
  const pace = Pace.make(commandsPerSecondMax)
  let idLast = 0
  const send = (makeCommand: (id: number) => Command.Command, onReply: (reply: Reply) => void): number => {
    const id = ++idLast
    waiting.set(id, (reply) => {
      waiting.delete(id)
      onReply(reply)
    })
    socket.send(Command.encode(makeCommand(id)))
    return id
  }
  return {
    ask: (makeCommand, onReply = () => {}) =>
      Effect.andThen(
        pace.turn,
        Effect.callback<Reply>((resume) => {
          const id = send(makeCommand, (reply) => {
            onReply(reply)
            resume(Effect.succeed(reply))
          })
          return Effect.sync(() => waiting.delete(id))
        }).pipe(Effect.timeoutOption(Duration.millis(replyMillisMax)))
      ),
    tell: (makeCommand, onReply) =>
      Effect.andThen(
        pace.turn,
        Effect.sync(() => send(makeCommand, onReply))
      ),
    take: (reply) => {
      if (reply._tag === "error" && reply.code === tooFast) pace.slowDown()
      if (reply.id !== null) waiting.get(reply.id)?.(reply)
    }
  }
}
