/** The holes of channels in memory: the same contract as in Postgres, for tests. */
import type { ChannelGap, SideChannel } from "@kalshibook/core/ChannelGap"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { Effect } from "effect"
import type { ChannelGaps, StoredChannelGap } from "./ChannelGaps.ts"
import { keyOf } from "./Endings.ts"
import type { HotTierState } from "./HotTierState.ts"

export const make = ({ channelGaps, trades }: HotTierState["Service"]): ChannelGaps["Service"] => {
  const where = (isWanted: (gap: StoredChannelGap) => boolean): ReadonlyArray<StoredChannelGap> =>
    [...channelGaps.values()].filter(isWanted).sort(compare)

  const add = (found: ReadonlyArray<TradeRecord>): ReadonlyArray<TradeRecord> => {
    const added: Array<TradeRecord> = []
    for (const trade of found) {
      if (trades.has(trade.tradeId)) continue
      trades.set(trade.tradeId, trade)
      added.push(trade)
    }
    return added
  }

  const fill = (
    gap: ChannelGap,
    found: ReadonlyArray<TradeRecord>,
    tsFilledMicros: number,
    entriesBefore: number
  ): ReadonlyArray<TradeRecord> => {
    const added = add(found)
    const entriesFilled = entriesBefore + added.length
    const key = keyOf(gap)
    const stored = channelGaps.get(key)
    if (stored !== undefined && stored.tsToMicros !== null && stored.tsFilledMicros === null) {
      channelGaps.set(key, { ...stored, tsFilledMicros, entriesFilled })
    }
    return added
  }

  const isOf = (channel: SideChannel, gap: StoredChannelGap): boolean => gap.channel === channel

  return {
    unfilled: (channel, entriesMax) =>
      Effect.sync(() =>
        where((gap) => isOf(channel, gap) && gap.tsToMicros !== null && gap.tsFilledMicros === null).slice(
          0,
          entriesMax
        )
      ),
    fillPart: (found) => Effect.sync(() => add(found)),
    fill: (gap, found, tsFilledMicros, entriesBefore = 0) =>
      Effect.sync(() => fill(gap, found, tsFilledMicros, entriesBefore)),
    overlapping: (channel, fromMicros, toMicros) =>
      Effect.sync(() =>
        where(
          (gap) =>
            isOf(channel, gap) &&
            gap.tsFromMicros < toMicros &&
            (gap.tsToMicros === null || gap.tsToMicros > fromMicros || gap.tsFromMicros >= fromMicros)
        )
      ),
    open: Effect.sync(() => where((gap) => gap.tsToMicros === null))
  }
}

const compare = (left: StoredChannelGap, right: StoredChannelGap): number =>
  (left.channel < right.channel ? -1 : left.channel > right.channel ? 1 : 0) ||
  left.tsFromMicros - right.tsFromMicros ||
  left.epoch - right.epoch ||
  left.sid - right.sid ||
  left.seqFrom - right.seqFrom
