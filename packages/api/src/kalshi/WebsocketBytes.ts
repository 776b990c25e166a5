// adapter: Node's buffers
/** Websocket frames as a server sends them (RFC 6455: unmasked, each message one final frame), many in one piece of bytes. */

const textFrame = 0x81
const pingFrame = 0x89
const headerBytesMax = 10

/** These texts, one message each. O(bytes). */
export const ofTexts = (texts: ReadonlyArray<string>): Uint8Array => {
  let room = 0
  for (const text of texts) room += headerBytesMax + 3 * text.length
  const buffer = Buffer.allocUnsafe(room)
  let at = 0
  for (const text of texts) {
    const bytes = Buffer.byteLength(text)
    at = header(buffer, at, textFrame, bytes)
    at += buffer.write(text, at, bytes, bytes === text.length ? "latin1" : "utf8")
  }
  return buffer.subarray(0, at)
}

/** A ping with a body of up to 125 bytes. */
export const ping = (body: string): Uint8Array => {
  const bytes = Buffer.byteLength(body)
  const buffer = Buffer.allocUnsafe(headerBytesMax + bytes)
  const at = header(buffer, 0, pingFrame, bytes)
  return buffer.subarray(0, at + buffer.write(body, at, bytes, "utf8"))
}

const header = (buffer: Buffer, start: number, kind: number, bytes: number): number => {
  let at = start
  buffer[at++] = kind
  if (bytes < 126) buffer[at++] = bytes
  else if (bytes < 65_536) {
    buffer[at++] = 126
    at = buffer.writeUInt16BE(bytes, at)
  } else {
    buffer[at++] = 127
    at = buffer.writeBigUInt64BE(BigInt(bytes), at)
  }
  return at
}
