/**
 * What is left of a simulation when it is over, laid side by side: the tape with all that follows from it by an uninterrupted
 * recorder, what is stored, what was handed to the collector, and what was done to it.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as Outbox from "@kalshibook/core/Outbox"
import * as RecorderAct from "@kalshibook/core/RecorderAct"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import * as TapeReplay from "@kalshibook/core/TapeReplay"
import type { Deed, Inflicter } from "./Inflict.ts"
import type { World } from "./World.ts"

/** Something that a simulation must not show. */
export interface Violation {
  readonly rule: string
  readonly detail: string
  readonly marketTicker?: MarketTicker | undefined
  /** Offset in the market's log. */
  readonly offset?: number | undefined
}

/** A record with the entry of the tape that it comes from. */
export interface Born<A> {
  readonly value: A
  readonly entry: TapeEntry
}

/** A trade as the exchange made it. */
export interface TrueTrade {
  readonly atMicros: number
  readonly tradeId: string
}

export interface Evidence {
  readonly world: World
  readonly deeds: ReadonlyArray<Deed>
  readonly hits: ReadonlyArray<number>
  readonly entries: ReadonlyArray<TapeEntry>
  /** Of the entries that are frames and acts, by their place. */
  readonly messages: ReadonlyMap<TapeEntry, ServerMessage>
  readonly acts: ReadonlyMap<TapeEntry, RecorderAct.RecorderAct>
  /** All that follows from the tape, in order. */
  readonly derived: { readonly [Kind in keyof Outbox.Outbox]: ReadonlyArray<Born<Outbox.Outbox[Kind][number]>> }
  readonly logs: ReadonlyMap<MarketTicker, ReadonlyArray<Born<BookRecord>>>
  readonly trades: ReadonlyArray<TrueTrade>
}

export const gather = (world: World, { deeds, hits }: Inflicter, trades: ReadonlyArray<TrueTrade>): Evidence => {
  const { entries } = world.disk.tape
  const messages = new Map<TapeEntry, ServerMessage>()
  const acts = new Map<TapeEntry, RecorderAct.RecorderAct>()
  const derived = {
    records: [] as Array<Born<Outbox.Outbox["records"][number]>>,
    keyframes: [] as Array<Born<Outbox.Outbox["keyframes"][number]>>,
    trades: [] as Array<Born<Outbox.Outbox["trades"][number]>>,
    lifecycle: [] as Array<Born<Outbox.Outbox["lifecycle"][number]>>,
    connections: [] as Array<Born<Outbox.Outbox["connections"][number]>>,
    channelGaps: [] as Array<Born<Outbox.Outbox["channelGaps"][number]>>
  }
  const replay = TapeReplay.make()
  for (const entry of entries) {
    if (entry.kind === "received") messages.set(entry, Wire.decode(entry.body))
    if (entry.kind === "act") acts.set(entry, RecorderAct.decode(entry.body))
    TapeReplay.apply(replay, entry)
    const {
      channelGaps,
      connections,
      keyframes,
      lifecycle,
      records,
      trades: traded
    } = Outbox.drain(replay.recorder.outbox)
    for (const value of records) derived.records.push({ value, entry })
    for (const value of keyframes) derived.keyframes.push({ value, entry })
    for (const value of traded) derived.trades.push({ value, entry })
    for (const value of lifecycle) derived.lifecycle.push({ value, entry })
    for (const value of connections) derived.connections.push({ value, entry })
    for (const value of channelGaps) derived.channelGaps.push({ value, entry })
  }
  const logs = new Map<MarketTicker, Array<Born<BookRecord>>>()
  for (const born of derived.records) {
    const log = logs.get(born.value.marketTicker)
    if (log === undefined) logs.set(born.value.marketTicker, [born])
    else log.push(born)
  }
  return { world, deeds, hits, entries, messages, acts, derived, logs, trades }
}
