/**
 * Texts on a TCP connection: the length of each, its complement and the CRC-32, big-endian, then its UTF-8. The complement shows
 * at once what is no frame, which would otherwise be waited for. A text of no length says that the
 * other side is there. What cannot be such frames ends the connection, and nothing else.
 */
import { crc32 } from "node:zlib"

const headBytes = 12

/** What came cannot be gone on with. */
export type FrameProblem = "what is no frame" | "a frame that is too long" | "a frame with another checksum"

export const encode = (text: string): Buffer => {
  const bytes = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(headBytes + bytes)
  frame.write(text, headBytes)
  frame.writeUInt32BE(bytes, 0)
  frame.writeUInt32BE(~bytes >>> 0, 4)
  frame.writeUInt32BE(crc32(frame.subarray(headBytes)), 8)
  return frame
}

/** Says that this side is there. */
export const heartbeat = encode("")

/** What came and is not a whole frame yet. Memory is bounded by the longest frame that is allowed. */
export interface FrameReader {
  readonly frameBytesMax: number
  chunks: Array<Buffer>
  bytes: number
}

export const makeReader = (frameBytesMax: number): FrameReader => ({ frameBytesMax, chunks: [], bytes: 0 })

/** Takes what came and returns the texts that are whole now, heartbeats left out, or the problem. */
export const read = (reader: FrameReader, chunk: Buffer): ReadonlyArray<string> | FrameProblem => {
  reader.chunks.push(chunk)
  reader.bytes += chunk.length
  const texts: Array<string> = []
  for (;;) {
    if (reader.bytes < headBytes) return texts
    if ((reader.chunks[0]?.length ?? 0) < headBytes) join(reader)
    const head = reader.chunks[0]
    if (head === undefined) return texts
    const bytes = head.readUInt32BE(0)
    if (head.readUInt32BE(4) !== ~bytes >>> 0) return "what is no frame"
    if (bytes > reader.frameBytesMax) return "a frame that is too long"
    if (reader.bytes < headBytes + bytes) return texts
    if (head.length < headBytes + bytes) join(reader)
    const whole = reader.chunks[0] ?? head
    const body = whole.subarray(headBytes, headBytes + bytes)
    if (crc32(body) !== whole.readUInt32BE(8)) return "a frame with another checksum"
    reader.chunks[0] = whole.subarray(headBytes + bytes)
    reader.bytes -= headBytes + bytes
    if (bytes > 0) texts.push(body.toString())
  }
}

const join = (reader: FrameReader): void => {
  reader.chunks = [Buffer.concat(reader.chunks)]
}
