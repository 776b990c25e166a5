/** Who follows what: readers by channel and by market, event, series or all. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { Channel } from "@kalshibook/core/contract/stream/StreamCommands"
import type { Session, Subscription } from "./Session.ts"

/** To which event and series a market belongs; `undefined` where that is not known yet. */
export interface Family {
  readonly event: string | undefined
  readonly series: string | undefined
}

export interface Topics {
  /** By channel and name: readers, each with how many of its subscriptions say so. */
  readonly readers: Map<string, Map<Session, number>>
  /** Subscriptions by event or series. While there are none nobody needs to know families. */
  familyTopics: number
}

export const make = (): Topics => ({ readers: new Map(), familyTopics: 0 })

type Kind = "market" | "event" | "series" | "all"

const keyOf = (channel: Channel, kind: Kind, name: string): string => `${channel} ${kind} ${name}`

/** One topic of a subscription. */
export interface Topic {
  readonly kind: Kind
  readonly name: string
}

export const topicsOf = ({ all, events, markets, series }: Subscription): ReadonlyArray<Topic> => [
  ...[...markets].map((name) => ({ kind: "market", name }) as const),
  ...events.map((name) => ({ kind: "event", name }) as const),
  ...series.map((name) => ({ kind: "series", name }) as const),
  ...(all ? [{ kind: "all", name: "" } as const] : [])
]

export const join = (
  topics: Topics,
  session: Session,
  channelNames: ReadonlyArray<Channel>,
  joined: ReadonlyArray<Topic>
): void => {
  for (const channel of channelNames) {
    for (const { kind, name } of joined) {
      const key = keyOf(channel, kind, name)
      const readers = topics.readers.get(key) ?? new Map<Session, number>()
      topics.readers.set(key, readers)
      readers.set(session, (readers.get(session) ?? 0) + 1)
      if (kind === "event" || kind === "series") topics.familyTopics++
    }
  }
}

export const leave = (
  topics: Topics,
  session: Session,
  channelNames: ReadonlyArray<Channel>,
  left: ReadonlyArray<Topic>
): void => {
  for (const channel of channelNames) {
    for (const { kind, name } of left) {
      const key = keyOf(channel, kind, name)
      const readers = topics.readers.get(key)
      const count = readers?.get(session)
      if (readers === undefined || count === undefined) continue
      if (kind === "event" || kind === "series") topics.familyTopics--
      if (count > 1) readers.set(session, count - 1)
      else readers.delete(session)
      if (readers.size === 0) topics.readers.delete(key)
    }
  }
}

/** Calls back for each reader of the channel who follows the market in one way or another; for some more than once. */
export const eachReader = (
  topics: Topics,
  channel: Channel,
  marketTicker: MarketTicker,
  family: Family | undefined,
  call: (session: Session) => void
): void => {
  const byMarket = topics.readers.get(keyOf(channel, "market", marketTicker))
  if (byMarket !== undefined) for (const session of byMarket.keys()) call(session)
  const all = topics.readers.get(keyOf(channel, "all", ""))
  if (all !== undefined) for (const session of all.keys()) call(session)
  if (topics.familyTopics === 0 || family === undefined) return
  eachFamilyReader(topics, channel, family, call)
}

/** The same for those alone who follow an event or a series. */
export const eachFamilyReader = (
  topics: Topics,
  channel: Channel,
  { event, series }: Family,
  call: (session: Session) => void
): void => {
  const byEvent = event === undefined ? undefined : topics.readers.get(keyOf(channel, "event", event))
  if (byEvent !== undefined) for (const session of byEvent.keys()) call(session)
  const bySeries = series === undefined ? undefined : topics.readers.get(keyOf(channel, "series", series))
  if (bySeries !== undefined) for (const session of bySeries.keys()) call(session)
}

/** Readers of a channel that knows no markets. */
export const eachReaderOf = (topics: Topics, channel: Channel, call: (session: Session) => void): void => {
  for (const [key, readers] of topics.readers) {
    if (key.startsWith(`${channel} `)) for (const session of readers.keys()) call(session)
  }
}

/** Whether the reader follows the market in this channel. */
export const isReader = (
  topics: Topics,
  channel: Channel,
  session: Session,
  marketTicker: MarketTicker,
  family: Family | undefined
): boolean => {
  const has = (kind: Kind, name: string | undefined) =>
    name !== undefined && topics.readers.get(keyOf(channel, kind, name))?.has(session) === true
  return has("market", marketTicker) || has("all", "") || has("event", family?.event) || has("series", family?.series)
}
