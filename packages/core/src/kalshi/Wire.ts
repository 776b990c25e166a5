/**
 * Kalshi's websocket frames to messages and back. The one door: nothing else in the system reads or writes the exchange's JSON.
 *
 * `decode` never throws and never drops: a frame becomes the message of its type, `unknown`, or `undecodable`.
 */
import { Result } from "effect"
import * as BookFrame from "./BookFrame.ts"
import * as DeltaFrame from "./DeltaFrame.ts"
import type { FrameKind } from "./FrameKind.ts"
import * as LifecycleFrame from "./LifecycleFrame.ts"
import * as ReplyFrame from "./ReplyFrame.ts"
import { noUnknownFields, type ServerMessage } from "./ServerMessage.ts"
import * as TradeFrame from "./TradeFrame.ts"
import { isCount, isJsonObject } from "./WireField.ts"

export { encode } from "./WireText.ts"

/** Returns the message of one frame. Order book deltas in the current form skip JSON and Schema (`DeltaFrame`) with the same result. */
export const decode = (frame: Uint8Array | string): ServerMessage => {
  if (typeof frame === "string") return decodeText(frame)
  const delta = DeltaFrame.decodeDelta(frame)
  if (delta !== undefined) return delta
  const text = Result.try(() => strictDecoder.decode(frame))
  if (Result.isFailure(text)) return undecodable("not UTF-8", lenientDecoder.decode(frame))
  return decodeText(text.success)
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true })
const lenientDecoder = new TextDecoder("utf-8")

/** The path through JSON and Schema, which defines what a frame means. Exported so that tests can hold `DeltaFrame` to it. */
export const decodeText = (text: string): ServerMessage => {
  const parsed = Result.try((): unknown => JSON.parse(text))
  if (Result.isFailure(parsed)) return undecodable("not JSON", text)
  const json = parsed.success
  if (!isJsonObject(json)) return undecodable("not a JSON object", text)
  const { type } = json
  const envelope = { sid: isCount(json.sid) ? json.sid : null, seq: isCount(json.seq) ? json.seq : null, text }
  if (typeof type !== "string") {
    return { _tag: "undecodable", problem: "no type", ...envelope, unknownFields: noUnknownFields }
  }
  const kind = kinds.get(type)
  if (kind === undefined) return { _tag: "unknown", type, ...envelope, unknownFields: noUnknownFields }
  const message = kind.decode(json)
  if (Result.isSuccess(message)) return message.success
  return { _tag: "undecodable", problem: `${type}: ${message.failure}`, ...envelope, unknownFields: noUnknownFields }
}

const kinds: ReadonlyMap<string, FrameKind> = new Map([
  ["orderbook_snapshot", BookFrame.orderbookSnapshot],
  ["orderbook_delta", BookFrame.orderbookDelta],
  ["trade", TradeFrame.trade],
  ["ticker", TradeFrame.ticker],
  ["market_lifecycle_v2", LifecycleFrame.marketLifecycle],
  ["multivariate_market_lifecycle", LifecycleFrame.multivariateMarketLifecycle],
  ["event_lifecycle", LifecycleFrame.eventLifecycle],
  ["event_fee_update", LifecycleFrame.eventFeeUpdate],
  ["subscribed", ReplyFrame.subscribed],
  ["ok", ReplyFrame.ok],
  ["unsubscribed", ReplyFrame.unsubscribed],
  ["error", ReplyFrame.error]
])

const undecodable = (problem: string, text: string): ServerMessage => ({
  _tag: "undecodable",
  problem,
  sid: salvage(text, sidPattern),
  seq: salvage(text, seqPattern),
  text,
  unknownFields: noUnknownFields
})

/** A number must be followed by the comma or brace that ends it, so that a cut frame does not yield a cut number. */
const sidPattern = /"sid"\s*:\s*(\d{1,15})\s*[,}]/
const seqPattern = /"seq"\s*:\s*(\d{1,15})\s*[,}]/

/** Reads a number of the envelope from broken JSON: only before `"msg"`, where no payload can pose as the envelope. */
const salvage = (text: string, pattern: RegExp): number | null => {
  const msg = text.indexOf('"msg"')
  const digits = pattern.exec(msg < 0 ? text : text.slice(0, msg))?.[1]
  return digits === undefined ? null : Number(digits)
}
