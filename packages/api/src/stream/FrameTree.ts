/**
 * The frames of one tick, each made once however many readers get it.
 *
 * What waits for a reader is a path of pieces from a root; readers for whom the same pieces wait in the same order stand at the same node,
 * and share its frame. So a thousand readers of the same markets cost one frame and a thousand writes, without anybody having to compare
 * subscriptions. After a tick there is a new root.
 */
import { Buffer } from "node:buffer"
import type { Format } from "@kalshibook/core/contract/stream/StreamMessages"
import * as Piece from "./Piece.ts"

export interface FrameNode {
  readonly format: Format
  readonly parent: FrameNode | undefined
  readonly piece: Piece.Piece | undefined
  /** Bytes and messages of all pieces up to here. */
  readonly bytes: number
  readonly messages: number
  /** The frame of the pieces up to here; made when the first reader needs it. */
  frame: Buffer | undefined
  /** The piece that was added here last, and its node: nearly always the one that is asked for next. */
  nextPiece: Piece.Piece | undefined
  next: FrameNode | undefined
  others: Map<Piece.Piece, FrameNode> | undefined
}

export const root = (format: Format): FrameNode => node(format, undefined, undefined, 0, 0)

const node = (
  format: Format,
  parent: FrameNode | undefined,
  piece: Piece.Piece | undefined,
  bytes: number,
  messages: number
): FrameNode => ({
  format,
  parent,
  piece,
  bytes,
  messages,
  frame: undefined,
  nextPiece: undefined,
  next: undefined,
  others: undefined
})

/** The node behind this one with one piece more. O(1). */
export const append = (at: FrameNode, piece: Piece.Piece): FrameNode => {
  if (at.nextPiece === piece && at.next !== undefined) return at.next
  const found = at.others?.get(piece)
  if (found !== undefined) return found
  const bytes = Piece.bytes(piece, at.format).length
  const made = node(at.format, at, piece, at.bytes + bytes + 1, at.messages + piece.messages.length)
  if (at.nextPiece !== undefined && at.next !== undefined) {
    at.others ??= new Map()
    at.others.set(at.nextPiece, at.next)
  }
  at.nextPiece = piece
  at.next = made
  return made
}

/** The frame of everything up to the node, header and all. O(bytes) the first time. */
export const frame = (at: FrameNode): Buffer => (at.frame ??= built(at))

const opcodeText = 0x1
const opcodeBinary = 0x2
const comma = 0x2c

const built = (at: FrameNode): Buffer => {
  const pieces: Array<Buffer> = []
  for (let step: FrameNode | undefined = at; step?.piece !== undefined; step = step.parent) {
    pieces.push(Piece.bytes(step.piece, at.format))
  }
  pieces.reverse()
  return at.format === "json" ? jsonFrame(pieces) : packedFrame(pieces, at.messages)
}

const jsonFrame = (pieces: ReadonlyArray<Buffer>): Buffer => {
  const payload = pieces.reduce((sum, piece) => sum + piece.length, pieces.length + 1)
  const { frame, start } = withHeader(opcodeText, payload)
  let at = start
  for (const [index, piece] of pieces.entries()) {
    frame[at++] = index === 0 ? 0x5b : comma
    at += piece.copy(frame, at)
  }
  frame[at] = 0x5d
  return frame
}

const packedFrame = (pieces: ReadonlyArray<Buffer>, messages: number): Buffer => {
  const head = messages < 16 ? 1 : messages < 65_536 ? 3 : 5
  const payload = pieces.reduce((sum, piece) => sum + piece.length, head)
  const { frame, start } = withHeader(opcodeBinary, payload)
  if (head === 1) frame[start] = 0x90 | messages
  else if (head === 3) {
    frame[start] = 0xdc
    frame.writeUInt16BE(messages, start + 1)
  } else {
    frame[start] = 0xdd
    frame.writeUInt32BE(messages, start + 1)
  }
  let at = start + head
  for (const piece of pieces) at += piece.copy(frame, at)
  return frame
}

/** Room for one unmasked, final frame (RFC 6455, 5.2), its header written. */
const withHeader = (opcode: number, payload: number): { readonly frame: Buffer; readonly start: number } => {
  const start = payload < 126 ? 2 : payload < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(start + payload)
  frame[0] = 0x80 | opcode
  if (start === 2) frame[1] = payload
  else if (start === 4) {
    frame[1] = 126
    frame.writeUInt16BE(payload, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(payload), 2)
  }
  return { frame, start }
}
