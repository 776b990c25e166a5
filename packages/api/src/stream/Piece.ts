/**
 * Messages that go out together, written once for all readers of a format: the unit that readers share.
 *
 * A piece has the messages without the brackets of their array, so that a frame is pieces one after another.
 */
import { Buffer } from "node:buffer"
import type { Format, ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import { Packr } from "msgpackr"

export interface Piece {
  readonly messages: ReadonlyArray<ServerMessage>
  /** Written when the first reader of the format needs it. */
  json: Buffer | undefined
  msgpack: Buffer | undefined
}

export const make = (messages: ReadonlyArray<ServerMessage>): Piece => ({
  messages,
  json: undefined,
  msgpack: undefined
})

/** Plain maps that every MessagePack reader knows; no records or extensions of this library. */
const packr = new Packr({ useRecords: false, variableMapSize: true })

export const bytes = (piece: Piece, format: Format): Buffer => {
  const written = piece[format]
  if (written !== undefined) return written
  const made = format === "json" ? jsonOf(piece.messages) : packedOf(piece.messages)
  piece[format] = made
  return made
}

const jsonOf = (messages: ReadonlyArray<ServerMessage>): Buffer => Buffer.from(JSON.stringify(messages).slice(1, -1))

const packedOf = (messages: ReadonlyArray<ServerMessage>): Buffer =>
  Buffer.concat(messages.map((message) => packr.pack(message)))
