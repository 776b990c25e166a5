/**
 * A small client of the stream: commands with answers, messages in order, and what it needs to go on after a lost connection. Every message is
 * held to the contract as it comes.
 */
import { ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import { Effect, Schema } from "effect"
import { WebSocket } from "ws"
import * as Follower from "./Follower.ts"
import { messagesOf } from "./ServerFrames.ts"

export interface ClientOptions {
  readonly port: number
  /** Of the URL, such as `format=msgpack&slow=skip`. */
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether every message is held to its schema: costs more than reading it. */
  readonly isStrict?: boolean
  /** Whether messages are kept; else books alone. As `isStrict` when not said. */
  readonly keepsMessages?: boolean
}

type Message = typeof ServerMessage.Type
export type MessageOf<Type extends Message["type"]> = Follower.MessageOf<Type>

export interface StreamClient {
  readonly follower: Follower.Follower
  /** Sends a command and waits for the message that answers it. */
  readonly ask: (command: Readonly<Record<string, unknown>>) => Effect.Effect<Message>
  /** Sends whatever it is. */
  readonly send: (frame: string | Uint8Array) => void
  /** The first message of a type that fits, of those that came or that come. */
  readonly next: <Type extends Message["type"]>(
    type: Type,
    fits?: (message: MessageOf<Type>) => boolean
  ) => Effect.Effect<MessageOf<Type>>
  /** Waits for something to be so; looked at whenever something comes. */
  readonly until: (isSo: () => boolean) => Effect.Effect<void>
  readonly setReading: (isReading: boolean) => void
  /** The code with which the server closed. */
  readonly closed: Effect.Effect<number>
  readonly framesReceived: () => number
}

/** The server answered the upgrade with something else. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  status: Schema.Number,
  body: Schema.Unknown,
  headers: Schema.Unknown
}) {}

/** Messages that some client was sent in this process, by type as the contract names it. */
export const typesSeen = new Set<string>()

const decode = Schema.decodeUnknownSync(ServerMessage, { onExcessProperty: "error" })

/** Until the scope is closed. */
export const connect = Effect.fnUntraced(function* ({
  headers = {},
  isStrict = true,
  keepsMessages = isStrict,
  port,
  query = ""
}: ClientOptions) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/stream${query === "" ? "" : `?${query}`}`, {
    headers,
    perMessageDeflate: false
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => socket.terminate()))
  const follower = Follower.make({ keepsMessages })
  const watching = new Set<() => void>()
  let frames = 0
  let closeCode: number | undefined
  let ids = 0
  const notify = () => {
    for (const look of [...watching]) look()
  }
  socket.on("message", (data, isBinary) => {
    frames++
    for (const message of messagesOf(data as Buffer, isBinary)) {
      typesSeen.add(nameOf(message))
      follower.take(isStrict ? decode(message) : message)
    }
    notify()
  })
  socket.on("close", (code) => {
    closeCode = code
    notify()
  })
  yield* Effect.callback<void, Refused>((resume) => {
    socket.on("open", () => resume(Effect.void))
    socket.on("error", () => undefined)
    socket.on("unexpected-response", (_, response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => {
        const body = JSON.parse(Buffer.concat(chunks).toString())
        resume(Effect.fail(new Refused({ status: response.statusCode ?? 0, body, headers: response.headers })))
      })
    })
  })

  const until = (isSo: () => boolean): Effect.Effect<void> =>
    Effect.callback<void>((resume) => {
      const look = (): void => {
        if (!isSo()) return
        watching.delete(look)
        resume(Effect.void)
      }
      watching.add(look)
      look()
      return Effect.sync(() => watching.delete(look))
    }).pipe(
      Effect.timeoutOrElse({
        duration: "20 seconds",
        orElse: () => Effect.die(new Error(`nothing came; ${JSON.stringify(follower.messages.slice(-3))}`))
      })
    )

  const next: StreamClient["next"] = (type, fits = () => true) => {
    const found = () => follower.of(type).find(fits)
    return Effect.map(
      until(() => found() !== undefined),
      () => found() as never
    )
  }

  const client: StreamClient = {
    follower,
    send: (frame) => socket.send(frame),
    ask: (command) =>
      Effect.suspend(() => {
        const id = `c${++ids}`
        socket.send(JSON.stringify({ id, ...command }))
        const answer = () => follower.messages.find((message) => "id" in message && message.id === id)
        return Effect.map(
          until(() => answer() !== undefined),
          () => answer() as Message
        )
      }),
    next,
    until,
    setReading: (isReading) => (isReading ? socket.resume() : socket.pause()),
    closed: Effect.map(
      until(() => closeCode !== undefined),
      () => closeCode ?? 0
    ),
    framesReceived: () => frames
  }
  return client
})

/** As `messages` of the contract are named: some types have several forms. */
export const nameOf = (message: Message): string => {
  if (message.type === "record") return `record (kind ${message.kind})`
  if (message.type === "skipped")
    return message.channel === "book" ? "skipped (records)" : "skipped (trades and lifecycle)"
  return message.type
}
