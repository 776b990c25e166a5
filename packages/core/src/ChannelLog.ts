/**
 * The holes of the channels that are recorded whole (trades, lifecycle messages): what a gap is to a book. A hole in the numbers
 * ends with the frame that shows it; the end of a subscription opens one that ends when the channel is open again.
 */
import type { GapCause } from "./BookRecord.ts"
import { type ChannelGap, type SideChannel, sideChannels } from "./ChannelGap.ts"

/** By channel: the hole that is open, `null` while the channel is. A channel that never was open has no entry, and nothing to lose. */
export type ChannelLogs = Map<SideChannel, ChannelGap | null>

export const make = (): ChannelLogs => new Map()

export const isSideChannel = (channel: string): channel is SideChannel =>
  (sideChannels as ReadonlyArray<string>).includes(channel)

/** The channel is open from now on. Returns the hole that ends with it. */
export const open = (logs: ChannelLogs, channel: SideChannel, tsReceivedMicros: number): ChannelGap | undefined => {
  const gap = logs.get(channel)
  logs.set(channel, null)
  return gap === null || gap === undefined ? undefined : { ...gap, tsToMicros: tsReceivedMicros }
}

/** Where something was lost, and why. */
export type Loss = Omit<ChannelGap, "channel" | "seqTo" | "tsToMicros">

/** Numbers are missing, or could not be read, up to the frame with the number `seqTo`. Returns the hole. */
export const lose = (channel: SideChannel, loss: Loss, seqTo: number): ChannelGap => ({
  channel,
  ...loss,
  seqTo,
  tsToMicros: loss.tsDetectedMicros
})

/** The channel is not open any more. Returns the hole that begins; none when it was not open. */
export const end = (logs: ChannelLogs, channel: SideChannel, loss: Loss): ChannelGap | undefined => {
  if (logs.get(channel) !== null) return undefined
  const gap: ChannelGap = { channel, ...loss, seqTo: null, tsToMicros: null }
  logs.set(channel, gap)
  return gap
}

/** The holes that a recorder starts with: what happened on these channels since an earlier one stopped was not seen. */
export const resume = (
  cause: GapCause,
  epoch: number,
  tsFromMicros: number,
  tsDetectedMicros: number
): ReadonlyArray<ChannelGap> =>
  sideChannels.map((channel) => ({
    channel,
    epoch,
    sid: 0,
    seqFrom: 0,
    seqTo: null,
    cause,
    tsFromMicros,
    tsDetectedMicros,
    tsToMicros: null
  }))
