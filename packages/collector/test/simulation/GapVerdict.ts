/** No gap without a reason: each one has a cause that something which was done to the world, at that time and to that market, can have. */
import type { GapCause, GapRecord } from "@kalshibook/core/BookRecord"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import type { Born, Evidence, Violation } from "./Evidence.ts"
import type { Deed } from "./Inflict.ts"
import { recoveryMicros, type Trouble } from "./Schedule.ts"

export const judge = (evidence: Evidence): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  for (const [marketTicker, log] of evidence.logs) {
    for (const born of log) {
      const { value } = born
      if (value.kind !== "gap" || isJustified(evidence, { ...born, value })) continue
      const detail = `${value.cause}: nothing that was done explains it`
      violations.push({ rule: "every gap has a reason", detail, marketTicker, offset: value.offset })
      break
    }
  }
  return violations
}

/** What can be the reason of a gap, by its cause. */
const isReason: Readonly<Record<GapCause, (trouble: Trouble) => boolean>> = {
  // The collector itself cuts a connection on which the exchange does not answer.
  connection_lost: (trouble) =>
    ["cut", "network", "maintenance", "commands"].includes(trouble.what) || isLoss(trouble, anyType),
  silence: (trouble) => ["freeze", "commands"].includes(trouble.what) || isLoss(trouble, anyType),
  sequence_hole: (trouble) =>
    trouble.what === "overflow" || (trouble.what === "commands" && trouble.how === "lose") || isLoss(trouble, anyType),
  // That a subscription has ended may be told by nobody: the collector finds out.
  channel_error: (trouble) =>
    ["subscription_error", "commands", "overflow"].includes(trouble.what) || isLoss(trouble, anyType),
  undecodable: (trouble) => trouble.what === "unknown_frame" || isFrameFault(trouble, ["corrupt"]),
  // Prices that are new, and a message about them that is late or lost.
  inconsistent: (trouble) =>
    isLie(trouble) ||
    (trouble.what === "life" && trouble.act === "refine_grid") ||
    isLoss(trouble, "market_lifecycle_v2"),
  recorder_stopped: ({ what }) => ["kill", "stop"].includes(what),
  market_closed: () => false,
  unsubscribed: (trouble) => ["commands", "freeze", "stray_frame"].includes(trouble.what) || isLoss(trouble, anyType),
  storage: ({ what }) => what === "disk_full",
  // What comes later than audits allow for is wrong by then; so is a book whose subscription has ended without a word.
  audit: (trouble) =>
    isLie(trouble) || trouble.what === "freeze" || isFrameFault(trouble, ["delay"]) || isLoss(trouble, "error"),
  // Also while trading rests, connections that end are not a fault.
  maintenance: ({ what }) => what === "maintenance" || what === "pause_trading"
}

const anyType = ""

/** Whether it may keep frames of this type from coming, or from coming in time and order. */
function isLoss(trouble: Trouble, type: string): boolean {
  if (trouble.what !== "frame" && trouble.what !== "storm") return false
  const isMet = trouble.what === "storm" || type === anyType || (trouble.type ?? type) === type
  return isMet && ["drop", "delay", "corrupt", "reorder"].includes(trouble.action._tag)
}

function isLie(trouble: Trouble): boolean {
  return trouble.what === "stray_frame" || isFrameFault(trouble, ["swallow"])
}

function isFrameFault(trouble: Trouble, tags: ReadonlyArray<string>): boolean {
  return (trouble.what === "frame" || trouble.what === "storm") && tags.includes(trouble.action._tag)
}

const isJustified = (evidence: Evidence, gap: Born<GapRecord>): boolean => {
  const { entry, value } = gap
  const { cause } = value
  const { machine, startMicros } = evidence.world
  const act = evidence.acts.get(entry)
  if (cause === "market_closed") {
    const tradedMicros = machine.letGo.get(entry.number)
    return tradedMicros !== undefined && (tradedMicros < newsMicrosMax || wasDeaf(evidence, entry, tradedMicros))
  }
  // The end of the simulation.
  if (cause === "recorder_stopped" && act?.act === "close" && entry.tsMonotonicMicros >= machine.stoppedAtMicros)
    return true
  const isOwn = (deed: Deed, mayBeLongAgo: boolean): boolean => {
    const connection = machine.connectionOf.get(value.epoch)
    return (
      deed.problem === undefined &&
      deed.atMicros <= entry.tsMonotonicMicros &&
      // What no number shows may stay unnoticed for long.
      (mayBeLongAgo || isLie(deed.trouble) || deed.untilMicros + recoveryMicros >= entry.tsMonotonicMicros) &&
      (deed.connection === undefined || connection === undefined || deed.connection === connection)
    )
  }
  const isUnheard = cause === "connection_lost" && wasUnheard(evidence, gap)
  if (!evidence.deeds.some((deed) => isOwn(deed, isUnheard) && isReason[cause](deed.trouble))) return false
  return cause !== "sequence_hole" || isHit(evidence, gap, startMicros)
}

/** How long it takes to hear that a market has opened again. */
const newsMicrosMax = 1_000_000

/** Whether the news that a market has opened again, so long before, may have been held back or lost. */
const wasDeaf = ({ deeds }: Evidence, { tsMonotonicMicros }: TapeEntry, tradedMicros: number): boolean =>
  deeds.some(
    ({ atMicros, trouble, untilMicros }) =>
      (["freeze", "cut", "network", "rest", "refuse_handshakes", "commands"].includes(trouble.what) ||
        isLoss(trouble, "market_lifecycle_v2")) &&
      atMicros <= tsMonotonicMicros &&
      untilMicros + newsMicrosMax >= tsMonotonicMicros - tradedMicros
  )

/**
 * Whether the collector left the connection because a market was wanted again of which it had not heard, maybe long before, that the exchange
 * had let go of it.
 */
const wasUnheard = ({ world }: Evidence, { entry }: Born<GapRecord>): boolean =>
  world.machine.lines.some(
    ({ atMicros, text }) => atMicros === entry.tsMonotonicMicros && text.includes("never heard whether")
  )

/** Whether a frame was met between the last one in order and the one that showed the hole. */
const isHit = ({ deeds, entries, hits }: Evidence, { entry, value }: Born<GapRecord>, startMicros: number): boolean => {
  const before = entries.findLast(
    (each) => each.number < entry.number && each.tsReceivedMicros < value.tsReceivedMicros
  )
  const delayMicros = Math.max(
    travelMicrosMax,
    ...deeds.map(({ trouble }) => delayOf(trouble) * 1000 + travelMicrosMax)
  )
  const fromMicros = (before?.tsMonotonicMicros ?? startMicros) - delayMicros
  return hits.some((atMicros) => atMicros >= fromMicros && atMicros <= entry.tsMonotonicMicros)
}

/** Until something happens on the exchange, what was written waits to be sent. */
const travelMicrosMax = 100_000

const delayOf = (trouble: Trouble): number => {
  if (trouble.what === "freeze") return trouble.millis
  if ((trouble.what === "frame" || trouble.what === "storm") && trouble.action._tag === "delay")
    return trouble.action.millis
  return 0
}
