/**
 * Websocket frames collected into one buffer, so that a tick's worth of messages costs one write: it is the write that is
 * expensive, not the frame. RFC 6455: servers send unmasked, each message here is one final frame.
 */

export interface FrameBatch {
  buffer: Buffer
  length: number
}

const bytesFirst = 16 * 1024
const textFrame = 0x81
const binaryFrame = 0x82
const headerBytesMax = 10

export const make = (): FrameBatch => ({ buffer: Buffer.allocUnsafe(bytesFirst), length: 0 })

const reserve = (batch: FrameBatch, bytes: number): void => {
  if (batch.length + bytes <= batch.buffer.length) return
  const grown = Buffer.allocUnsafe(Math.max(batch.buffer.length * 2, batch.length + bytes))
  batch.buffer.copy(grown, 0, 0, batch.length)
  batch.buffer = grown
}

/** Appends one message: text as a text frame, bytes as a binary one. */
export const append = (batch: FrameBatch, message: string | Uint8Array): void => {
  const isText = typeof message === "string"
  const bytes = isText ? Buffer.byteLength(message) : message.length
  reserve(batch, bytes + headerBytesMax)
  const { buffer } = batch
  let at = batch.length
  buffer[at++] = isText ? textFrame : binaryFrame
  if (bytes < 126) {
    buffer[at++] = bytes
  } else if (bytes < 65_536) {
    buffer[at++] = 126
    at = buffer.writeUInt16BE(bytes, at)
  } else {
    buffer[at++] = 127
    at = buffer.writeBigUInt64BE(BigInt(bytes), at)
  }
  if (isText) buffer.write(message, at, bytes, bytes === message.length ? "latin1" : "utf8")
  else buffer.set(message, at)
  batch.length = at + bytes
}

/** Takes all that was collected; the batch goes on with a buffer of its own. */
export const take = (batch: FrameBatch): Buffer => {
  const taken = batch.buffer.subarray(0, batch.length)
  batch.buffer = Buffer.allocUnsafe(Math.max(bytesFirst, Math.min(batch.length, batch.buffer.length)))
  batch.length = 0
  return taken
}
