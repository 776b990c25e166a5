/** Frames of the server back into messages. */
import type { Buffer } from "node:buffer"
import type { ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import { Unpackr } from "msgpackr"

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true })

const opcodeText = 0x1

/** The messages of a payload: text as JSON, binary as MessagePack. */
export const messagesOf = (payload: Buffer, isBinary: boolean): ReadonlyArray<ServerMessage> =>
  isBinary ? unpackr.unpack(payload) : JSON.parse(payload.toString())

/** The messages of one whole, unmasked frame. */
export const messagesIn = (frame: Buffer): ReadonlyArray<ServerMessage> => {
  const [first = 0, length = 0] = frame
  const start = length < 126 ? 2 : length === 126 ? 4 : 10
  return messagesOf(frame.subarray(start), (first & 0x0f) !== opcodeText)
}
