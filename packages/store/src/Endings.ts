/**
 * Connections and holes of channels are told twice: when they begin and, whole, when they end. Both tellings may lie in one batch,
 * and either may come again. What has ended stays as it is: the first end counts.
 */
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"

/** What names a hole, as one key. */
export const keyOf = ({ channel, epoch, seqFrom, sid, tsFromMicros }: ChannelGap): string =>
  `${channel} ${tsFromMicros} ${epoch} ${sid} ${seqFrom}`

/** Takes the tellings in their order into what is known by epoch. */
export const tellConnections = (
  known: Map<number, ConnectionRecord>,
  connections: ReadonlyArray<ConnectionRecord>
): void => {
  for (const connection of connections) {
    const before = known.get(connection.epoch)
    if (before === undefined) known.set(connection.epoch, connection)
    else if (before.tsClosedMicros === null) {
      const { closeCause, tsClosedMicros } = connection
      known.set(connection.epoch, { ...before, tsClosedMicros, closeCause })
    }
  }
}

/** Takes the tellings in their order into what is known by `keyOf`, and leaves what else is known of a hole there. */
export const tellChannelGaps = <Gap extends ChannelGap>(
  known: Map<string, Gap>,
  gaps: ReadonlyArray<ChannelGap>,
  begun: (gap: ChannelGap) => Gap
): void => {
  for (const gap of gaps) {
    const key = keyOf(gap)
    const before = known.get(key)
    if (before === undefined) known.set(key, begun(gap))
    else if (before.tsToMicros === null) {
      known.set(key, { ...before, seqTo: gap.seqTo ?? before.seqTo, tsToMicros: gap.tsToMicros })
    }
  }
}

/** The connections of a batch, each once, as the batch leaves it. */
export const connectionsOf = (told: ReadonlyArray<ConnectionRecord>): ReadonlyArray<ConnectionRecord> => {
  const known = new Map<number, ConnectionRecord>()
  tellConnections(known, told)
  return [...known.values()]
}

/** The holes of a batch, each once, as the batch leaves it. */
export const channelGapsOf = (told: ReadonlyArray<ChannelGap>): ReadonlyArray<ChannelGap> => {
  const known = new Map<string, ChannelGap>()
  tellChannelGaps(known, told, (gap) => gap)
  return [...known.values()]
}
