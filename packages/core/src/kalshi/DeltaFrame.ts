/** The fast path for order book deltas: bytes to message without JSON. Declines, so far, every frame. */
import type { OrderbookDelta } from "./ServerMessage.ts"

/** Returns the message, or `undefined` for every frame that it leaves to JSON and Schema. */
export const decodeDelta = (_frame: Uint8Array): OrderbookDelta | undefined => undefined
