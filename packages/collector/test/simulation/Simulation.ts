/**
 * One simulation, from a seed: a world goes through the troubles of its schedule, comes to rest, and is held to the promises. The same
 * seed gives the same simulation, to the byte.
 */
import { createHash } from "node:crypto"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as Exchange from "@kalshibook/simulator/exchange/Exchange"
import * as ChannelVerdict from "./ChannelVerdict.ts"
import * as Evidence from "./Evidence.ts"
import * as FrameVerdict from "./FrameVerdict.ts"
import * as GapVerdict from "./GapVerdict.ts"
import * as HoleVerdict from "./HoleVerdict.ts"
import * as Inflict from "./Inflict.ts"
import * as Machine from "./Machine.ts"
import * as Schedule from "./Schedule.ts"
import * as StoredVerdict from "./StoredVerdict.ts"
import * as TruthVerdict from "./TruthVerdict.ts"
import * as World from "./World.ts"

export interface Outcome {
  readonly schedule: Schedule.Schedule
  readonly evidence: Evidence.Evidence
  readonly violations: ReadonlyArray<Evidence.Violation>
  /** Digest of all that is stored, in its order. */
  readonly digest: string
}

export const run = (seed: number): Outcome => runSchedule(Schedule.make(seed))

export const runSchedule = (schedule: Schedule.Schedule): Outcome => {
  const world = World.make(schedule)
  const inflicter = Inflict.make(world)
  const trades: Array<Evidence.TrueTrade> = []
  const violations: Array<Evidence.Violation> = []
  world.watchers.add(inflicter.look)
  world.exchange.exchange.listeners.add({
    levelChanged: () => {},
    bookReplaced: () => {},
    traded: ({ tradeId }) => trades.push({ atMicros: world.exchange.exchange.nowMicros, tradeId }),
    noticed: () => {},
    marketForgotten: () => {}
  })
  world.machine.start()
  /** Of the calms so far, by which everything after them comes earlier than it is planned. */
  let sparedMicros = 0
  for (const episode of schedule.episodes) {
    for (const { atMicros, trouble } of episode.troubles) {
      passUntil(world, inflicter, atMicros - sparedMicros)
      inflicter.inflict(trouble)
    }
    const calmMicros = episode.untilMicros - sparedMicros
    passUntil(world, inflicter, calmMicros)
    inflicter.clear()
    sparedMicros += recover(world, inflicter, calmMicros)
    violations.push(...allIsWell(world))
  }
  violations.push(...endIsOrderly(world))
  const evidence = Evidence.gather(world, inflicter, trades)
  for (const detail of world.machine.defects) violations.push({ rule: "the collector does not fail", detail })
  for (const cause of world.database.defects)
    violations.push({ rule: "what is done late does no harm", detail: String(cause) })
  violations.push(...StoredVerdict.judge(evidence))
  violations.push(...FrameVerdict.judge(evidence))
  violations.push(...TruthVerdict.judge(evidence))
  violations.push(...HoleVerdict.judge(evidence))
  violations.push(...ChannelVerdict.judge(evidence))
  violations.push(...GapVerdict.judge(evidence))
  return { schedule, evidence, violations, digest: digestOf(world) }
}

/** `micros` from the beginning. */
const passUntil = (world: World.World, { look, nextDueMicros }: Inflict.Inflicter, micros: number): void => {
  const untilMicros = world.startMicros + micros
  while (world.time.nowMicros < untilMicros) {
    World.advanceTo(world, Math.max(world.time.nowMicros, Math.min(nextDueMicros(), untilMicros)))
    look()
  }
}

/** What the trouble left behind comes out within this. */
const calmMicrosMin = 3_000_000
const calmMicrosStep = 500_000

/**
 * The calm after an episode: as long as everything may take to be right again, or until each market that trades is live, also those
 * that would still have time: more of a calm in which all is right shows nothing. Gives how much of it was spared.
 */
const recover = (world: World.World, inflicter: Inflict.Inflicter, fromMicros: number): number => {
  for (let micros = calmMicrosMin; micros < Schedule.recoveryMicros; micros += calmMicrosStep) {
    passUntil(world, inflicter, fromMicros + micros)
    const live = Machine.live(world.machine)
    const markets = [...world.exchange.exchange.markets.values()]
    if (markets.every(({ status, ticker }) => status !== "active" || live.has(ticker)))
      return Schedule.recoveryMicros - micros
  }
  passUntil(world, inflicter, fromMicros + Schedule.recoveryMicros)
  return 0
}

/** How long a market may trade before it must have been found: until the next walk over all of them. */
const foundMicrosMax = 6_000_000

/** Some time after the last trouble every market that trades is recorded, and its book is trusted. */
const allIsWell = ({ exchange, machine, startMicros, time }: World.World): ReadonlyArray<Evidence.Violation> => {
  const rule = "trust returns when the trouble is over"
  const live = Machine.live(machine)
  const missing: Array<MarketTicker> = []
  for (const { status, ticker, tsOpenMicros, tsUpdatedMicros } of exchange.exchange.markets.values()) {
    const isOld =
      tsOpenMicros < time.nowMicros - foundMicrosMax &&
      tsUpdatedMicros < Exchange.clockMicros(exchange.exchange) - foundMicrosMax
    if (status !== "active" || !isOld || live.has(ticker)) continue
    missing.push(ticker)
  }
  if (missing.length === 0) return []
  const cells = machine.collector()?.recording().cells
  const states = missing.map(
    (ticker) => `${ticker} (${cells?.get(ticker)?.state ?? "not recorded"}: ${cells?.get(ticker)?.fault})`
  )
  return [
    {
      rule,
      detail: `${machine.state()} at ${(time.nowMicros - startMicros) / 1e6} s; not live: ${states.join(", ")}`,
      marketTicker: missing[0]
    }
  ]
}

const stopMicrosMax = 5_000_000

const endIsOrderly = (world: World.World): ReadonlyArray<Evidence.Violation> => {
  const { machine, time } = world
  machine.stoppedAtMicros = time.nowMicros
  machine.startAtMicros = Number.POSITIVE_INFINITY
  machine.stop()
  World.advanceTo(world, time.nowMicros + stopMicrosMax)
  return machine.state() === "off" ? [] : [{ rule: "the collector stops when it is told to", detail: machine.state() }]
}

const digestOf = ({ database }: World.World): string => {
  const { channelGaps, connections, keyframes, lifecycle, logs, trades, watermark } = database.state
  const hash = createHash("sha256")
  for (const [ticker, log] of logs) hash.update(`${ticker} ${JSON.stringify(log)}`)
  for (const [ticker, byOffset] of keyframes) hash.update(`${ticker} ${JSON.stringify([...byOffset.values()])}`)
  for (const map of [channelGaps, connections, lifecycle, trades]) hash.update(JSON.stringify([...map.values()]))
  hash.update(JSON.stringify(watermark))
  return hash.digest("hex")
}
