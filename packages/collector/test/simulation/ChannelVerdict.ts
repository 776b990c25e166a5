/**
 * Holes of the channels of the whole exchange: each number that a subscription used and that was not received in order is in a hole
 * that is told, each told hole is one, and a trade that is not stored was made while a hole was.
 */
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import * as ChannelLog from "@kalshibook/core/ChannelLog"
import type { Evidence, Violation } from "./Evidence.ts"

export const judge = (evidence: Evidence): ReadonlyArray<Violation> => [
  ...holesAreTold(evidence),
  ...missedTradesAreInHoles(evidence)
]

/** The frames of one subscription that followed one another. */
interface Heard {
  readonly epoch: number
  readonly sid: number
  readonly frames: Array<{ readonly seq: number; readonly tsReceivedMicros: number; readonly isRead: boolean }>
}

const holesAreTold = ({ entries, messages, world }: Evidence): ReadonlyArray<Violation> => {
  const heard = new Map<string, Heard>()
  for (const entry of entries) {
    const message = messages.get(entry)
    if (message === undefined || !("sid" in message) || !("seq" in message)) continue
    const { seq, sid } = message
    if (sid === null || seq === null) continue
    const key = `${entry.epoch} ${sid}`
    const subscription: Heard = heard.get(key) ?? { epoch: entry.epoch, sid, frames: [] }
    const { frames } = subscription
    const last = frames.at(-1)?.seq ?? 0
    heard.set(key, subscription)
    // Numbers of what cannot be read may be as broken as the rest.
    const isRead = message._tag !== "undecodable" && message._tag !== "unknown"
    if (message._tag === "undecodable" ? seq === last + 1 : seq > last) {
      frames.push({ seq, tsReceivedMicros: entry.tsReceivedMicros, isRead })
    }
  }
  const gaps = [...world.database.state.channelGaps.values()]
  return [...heard.values()].flatMap((subscription) => judgeSubscription(subscription, gaps, world))
}

const judgeSubscription = (
  { epoch, frames, sid }: Heard,
  gaps: ReadonlyArray<ChannelGap>,
  { exchange, machine }: Evidence["world"]
): ReadonlyArray<Violation> => {
  const number = machine.connectionOf.get(epoch) ?? 0
  const session =
    exchange.feed.sessions.get(number) ?? exchange.feed.closedSessions.find(({ connection }) => connection === number)
  const channel = session?.subscriptionsBySid.get(sid)?.channel
  if (channel === undefined || !ChannelLog.isSideChannel(channel)) return []
  const all = gaps.filter((gap) => gap.channel === channel)
  const numbered = all.filter((gap) => gap.epoch === epoch && gap.sid === sid && gap.seqFrom > 0)
  const isNumbered = (seq: number): boolean =>
    numbered.some(({ seqFrom, seqTo }) => seqFrom <= seq && seq < (seqTo ?? seq + 1))
  /** The channel may have counted as closed then: not open yet, or after an error that may have meant any subscription. */
  const isInHole = (tsMicros: number): boolean =>
    all.some(({ tsFromMicros, tsToMicros }) => tsFromMicros <= tsMicros && tsMicros <= (tsToMicros ?? Infinity))
  let expected = 1
  for (const { isRead, seq, tsReceivedMicros } of frames) {
    const where = `${channel} ${epoch}/${sid}/${seq}`
    if (isRead && isNumbered(seq)) return [{ rule: "a hole of a channel is one", detail: where }]
    const isLost = !isRead || expected < seq
    const isTold = isRead ? isNumbered(seq - 1) : isNumbered(seq)
    if (isLost && !isTold && !isInHole(tsReceivedMicros))
      return [{ rule: "a hole of a channel is told", detail: where }]
    expected = seq + 1
  }
  return []
}

/** How long a message may be on its way. */
const travelMicrosMax = 6_000

const missedTradesAreInHoles = ({
  deeds,
  derived,
  entries,
  messages,
  trades,
  world
}: Evidence): ReadonlyArray<Violation> => {
  const opened = entries.find((entry) => {
    const message = messages.get(entry)
    return message?._tag === "trade" || (message?._tag === "subscribed" && message.channel === "trade")
  })
  if (opened === undefined) return []
  const { state } = world.database
  const received = new Set(derived.trades.map(({ value }) => value.tradeId))
  const gaps = [...state.channelGaps.values()].filter(({ channel }) => channel === "trade")
  const delayMicros = Math.max(
    0,
    ...deeds.map(({ trouble }) => (trouble.what === "freeze" ? trouble.millis * 1000 : 0)),
    ...deeds.map(({ trouble }) =>
      (trouble.what === "frame" || trouble.what === "storm") && trouble.action._tag === "delay"
        ? trouble.action.millis * 1000
        : 0
    )
  )
  /** The receive clock at a moment: what the entry before it was stamped with. */
  const receivedAt = (atMicros: number): number => {
    let low = 0
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((entries[middle]?.tsMonotonicMicros ?? 0) <= atMicros) low = middle + 1
      else high = middle
    }
    return entries[low - 1]?.tsReceivedMicros ?? 0
  }
  const last = entries.at(-1)?.tsMonotonicMicros ?? 0
  const ids = new Set(trades.map(({ tradeId }) => tradeId))
  const invented = [...state.trades.keys()].find((tradeId) => !ids.has(tradeId))
  if (invented !== undefined) return [{ rule: "every trade that is stored was made", detail: invented }]
  // Trades are looked for by the exchange's clock: where that one leaps, they may stand elsewhere.
  const isClear = !deeds.some(({ trouble }) => trouble.what === "exchange_clock")
  for (const { atMicros, tradeId } of trades) {
    if (state.trades.has(tradeId)) continue
    if (received.has(tradeId) || atMicros <= opened.tsMonotonicMicros || atMicros > last - travelMicrosMax) continue
    const from = receivedAt(atMicros)
    const until = receivedAt(atMicros + travelMicrosMax + delayMicros) + travelMicrosMax
    const holes = gaps.filter(
      ({ tsFromMicros, tsToMicros }) => tsFromMicros <= until && (tsToMicros ?? Infinity) >= from
    )
    const isFilled = isClear && holes.length > 0 && holes.every(({ tsFilledMicros }) => tsFilledMicros !== null)
    if (holes.length === 0 || isFilled)
      return [
        {
          rule: isFilled ? "a hole that is filled lacks nothing" : "a trade that is not stored is in a hole",
          detail: `${tradeId} at ${(atMicros - world.startMicros) / 1e6} s`
        }
      ]
  }
  return []
}
