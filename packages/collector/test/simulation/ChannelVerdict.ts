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

/** What came of one subscription. */
interface Heard {
  readonly epoch: number
  readonly sid: number
  /** Numbers that were received in order and could be read. */
  readonly seqs: Set<number>
  /** Receipt of those that could not be read. */
  readonly unread: Map<number, number>
  seqLast: number
  isOpened: boolean
}

const holesAreTold = ({ entries, messages, world }: Evidence): ReadonlyArray<Violation> => {
  const heard = new Map<string, Heard>()
  const of = (epoch: number, sid: number): Heard => {
    const key = `${epoch} ${sid}`
    const known = heard.get(key)
    if (known !== undefined) return known
    const made = { epoch, sid, seqs: new Set<number>(), unread: new Map<number, number>(), seqLast: 0, isOpened: false }
    heard.set(key, made)
    return made
  }
  for (const entry of entries) {
    const message = messages.get(entry)
    if (message === undefined || !("sid" in message) || message.sid === null) continue
    const subscription = of(entry.epoch, message.sid)
    if (message._tag === "subscribed") subscription.isOpened = true
    if (!("seq" in message) || message.seq === null) continue
    const { seq } = message
    if (message._tag === "undecodable") {
      if (seq === subscription.seqLast + 1) subscription.seqLast = seq
      continue
    }
    if (seq <= subscription.seqLast) continue
    subscription.seqLast = seq
    if (message._tag === "unknown") subscription.unread.set(seq, entry.tsReceivedMicros)
    else subscription.seqs.add(seq)
  }
  const gaps = [...world.database.state.channelGaps.values()]
  return [...heard.values()].flatMap((subscription) => judgeSubscription(subscription, gaps, world))
}

const judgeSubscription = (
  { epoch, isOpened, seqLast, seqs, sid, unread }: Heard,
  gaps: ReadonlyArray<ChannelGap>,
  { exchange, machine }: Evidence["world"]
): ReadonlyArray<Violation> => {
  const number = machine.connectionOf.get(epoch) ?? 0
  const session =
    exchange.feed.sessions.get(number) ?? exchange.feed.closedSessions.find(({ connection }) => connection === number)
  const subscription = session?.subscriptionsBySid.get(sid)
  if (subscription === undefined || !ChannelLog.isSideChannel(subscription.channel)) return []
  const own = gaps.filter((gap) => gap.epoch === epoch && gap.sid === sid)
  const violations: Array<Violation> = []
  const seqFirst = Math.min(...seqs)
  for (let seq = 1; seq <= subscription.seq; seq++) {
    const tsUnreadMicros = unread.get(seq)
    const isIn = own.some(
      ({ seqFrom, seqTo, tsFromMicros, tsToMicros }) =>
        (seqFrom > 0 && seqFrom <= seq && seq < (seqTo ?? seq + 1)) ||
        // The channel counted as closed, as after an error that may have meant any subscription.
        (tsUnreadMicros !== undefined && tsFromMicros <= tsUnreadMicros && tsUnreadMicros <= (tsToMicros ?? Infinity))
    )
    if (seqs.has(seq) === !isIn) continue
    // The channel was not open yet, or not any more: the hole that ends, or begins, there has no numbers.
    if (!seqs.has(seq) && ((!isOpened && seq < seqFirst) || seq > seqLast || !isOpened)) continue
    violations.push({
      rule: isIn ? "a hole of a channel is one" : "a hole of a channel is told",
      detail: `${subscription.channel} ${epoch}/${sid}/${seq}`
    })
    break
  }
  return violations
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
  for (const { atMicros, tradeId } of trades) {
    if (received.has(tradeId) || atMicros <= opened.tsMonotonicMicros || atMicros > last - travelMicrosMax) continue
    const from = receivedAt(atMicros)
    const until = receivedAt(atMicros + travelMicrosMax + delayMicros) + travelMicrosMax
    const isIn = gaps.some(({ tsFromMicros, tsToMicros }) => tsFromMicros <= until && (tsToMicros ?? Infinity) >= from)
    if (!isIn)
      return [
        {
          rule: "a trade that is not stored is in a hole",
          detail: `${tradeId} at ${(atMicros - world.startMicros) / 1e6} s`
        }
      ]
  }
  return []
}
