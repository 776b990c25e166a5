/**
 * What one type of frame is: a Schema of its envelope, the message it becomes, and the names of the fields that we know.
 *
 * Unknown fields never refuse a frame; they are named in the message. The kinds themselves are in `BookFrame`, `TradeFrame`,
 * `LifecycleFrame` and `ReplyFrame`; `Wire` chooses by `type`.
 */
import { Result, Schema } from "effect"
import { noUnknownFields, type ServerMessage } from "./ServerMessage.ts"
import * as Field from "./WireField.ts"

/** How one type of frame is read. */
export interface FrameKind {
  /** Returns the message, or what is wrong with the frame, for people. */
  readonly decode: (json: Field.JsonObject) => Result.Result<ServerMessage, string>
}

/** A message as a kind makes it; the rest is the same for all. */
export type Unheaded<Message extends ServerMessage = ServerMessage> = Message extends ServerMessage
  ? Omit<Message, "tsSentMicros" | "unknownFields">
  : never

/** Names of fields that may stand inside the object at a path. */
export type KnownFields = Readonly<Record<string, ReadonlyArray<string>>>

/**
 * A kind whose envelope has these fields beside `type` and `sending_ts_ms`, and objects at the paths of `known` with no other
 * fields than those. `toMessage` fails with what is wrong where the fields are well formed but do not make a message.
 */
export const kind = <const Fields extends Schema.Struct.Fields>(options: {
  readonly envelope: Fields
  readonly known: KnownFields
  readonly toMessage: (frame: Schema.Struct<Fields>["Type"]) => Result.Result<Unheaded, string>
}): FrameKind => {
  const { envelope, known, toMessage } = options
  const schema = Schema.Struct({ ...envelope, sending_ts_ms: Schema.optionalKey(Field.TimeMillis) })
  const read = Schema.decodeUnknownResult(schema as unknown as Schema.Codec<Envelope<Fields>, unknown>)
  const levels = [
    { path: [], names: new Set(["type", ...Object.keys(schema.fields)]) },
    ...Object.entries(known).map(([path, names]) => ({ path: path.split("."), names: new Set(names) }))
  ]
  return {
    decode: (json) => {
      const frame = read(json)
      if (Result.isFailure(frame)) return Result.fail(frame.failure.message)
      const message = toMessage(frame.success)
      if (Result.isFailure(message)) return Result.fail(message.failure)
      const tsSentMicros = frame.success.sending_ts_ms ?? null
      return Result.succeed({ ...message.success, tsSentMicros, unknownFields: unknownFieldsOf(json, levels) })
    }
  }
}

type Envelope<Fields extends Schema.Struct.Fields> = Schema.Struct<Fields>["Type"] & {
  readonly sending_ts_ms?: number
}

interface KnownLevel {
  readonly path: ReadonlyArray<string>
  readonly names: ReadonlySet<string>
}

const unknownFieldsOf = (json: Field.JsonObject, levels: ReadonlyArray<KnownLevel>): ReadonlyArray<string> => {
  const unknown = levels.flatMap(({ names, path }) => {
    const object = path.reduce<unknown>((parent, name) => (Field.isJsonObject(parent) ? parent[name] : undefined), json)
    if (!Field.isJsonObject(object)) return []
    return Object.keys(object)
      .filter((name) => !names.has(name))
      .map((name) => [...path, name].join("."))
  })
  return unknown.length === 0 ? noUnknownFields : unknown
}

/** Id 0 stands for "no id" in both directions. */
export const idOrNone = (id: number | undefined): number | null => (id === undefined || id === 0 ? null : id)
