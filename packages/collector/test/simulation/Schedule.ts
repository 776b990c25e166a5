/**
 * What goes wrong in a simulation, and when, drawn from a seed: episodes of trouble, each followed by a calm in which everything must
 * become right again. All of it is data, so that it can be printed. Where something is to be met, a fraction says which of what
 * is there then.
 */
import type { LifecycleAct } from "@kalshibook/simulator/exchange/LifecycleAct"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import type { FrameAction } from "@kalshibook/simulator/fault/FrameFaults"
import type { CommandKind } from "@kalshibook/simulator/front/CommandFaults"
import type { VirtualExchangeOptions } from "@kalshibook/simulator/VirtualExchange"
import type { TapeSettings } from "@kalshibook/store/tape/TapeSettings"
import type { CollectorSettings } from "../../src/CollectorSettings.ts"
import type { DatabaseMode } from "./VirtualDatabase.ts"

/** A fraction that says which connection or market of those that are there; absent for all. */
export type Which = number

/** When the collector is killed. */
export type KillMoment = "now" | "starting" | "catching_up" | "checkpoint" | "subscribing"

export type Trouble =
  | {
      readonly what: "frame"
      readonly action: FrameAction
      readonly type?: string | undefined
      readonly market?: Which | undefined
      readonly connection?: Which | undefined
      readonly after: number
      readonly count: number
    }
  | { readonly what: "storm"; readonly action: FrameAction; readonly probability: number; readonly millis: number }
  | {
      readonly what: "cut"
      readonly connection?: Which | undefined
      readonly code?: number | undefined
      readonly cuts: number
      readonly everyMillis: number
    }
  | {
      readonly what: "freeze"
      readonly mode: "data" | "all"
      readonly connection?: Which | undefined
      readonly millis: number
    }
  | { readonly what: "subscription_error"; readonly code: 10 | 25; readonly connection?: Which | undefined }
  | {
      readonly what: "commands"
      readonly how: "ignore" | "delay" | "lose" | "refuse"
      readonly command?: CommandKind | undefined
      readonly market?: Which | undefined
      readonly count: number
      readonly millis: number
      readonly code: number
    }
  | { readonly what: "rest"; readonly status: number; readonly count: number }
  | { readonly what: "refuse_handshakes"; readonly status: number; readonly millis: number }
  | { readonly what: "network"; readonly millis: number }
  | { readonly what: "exchange_clock"; readonly millis: number }
  | { readonly what: "wall_clock"; readonly millis: number }
  | { readonly what: "pause_trading"; readonly millis: number; readonly scope: "trading" | "exchange" }
  | { readonly what: "pause_market"; readonly market: Which; readonly millis: number }
  | { readonly what: "close_early"; readonly market: Which; readonly millis: number }
  | { readonly what: "reopen"; readonly market: Which; readonly millis: number }
  | { readonly what: "life"; readonly act: LifecycleAct; readonly market: Which }
  | { readonly what: "unannounced_market" }
  | { readonly what: "unknown_frame"; readonly connection?: Which | undefined }
  | { readonly what: "stray_frame"; readonly market: Which; readonly connection?: Which | undefined }
  | { readonly what: "maintenance"; readonly fromMillis: number; readonly untilMillis: number }
  | { readonly what: "database"; readonly mode: DatabaseMode; readonly millis: number }
  | { readonly what: "disk_full"; readonly millis: number }
  | { readonly what: "kill"; readonly moment: KillMoment; readonly afterMillis: number; readonly downMillis: number }
  | { readonly what: "stop"; readonly downMillis: number }
  /** Not planned: a subscription left more unread than the exchange keeps (error 25). */
  | { readonly what: "overflow" }

export interface Planned {
  /** From the beginning of the simulation. */
  readonly atMicros: number
  readonly trouble: Trouble
}

export interface Episode {
  readonly fromMicros: number
  readonly untilMicros: number
  readonly troubles: ReadonlyArray<Planned>
}

export interface Schedule {
  readonly seed: number
  readonly exchange: VirtualExchangeOptions
  readonly settings: Partial<CollectorSettings>
  readonly tape: Pick<TapeSettings, "syncMillisMax"> & Partial<TapeSettings>
  readonly episodes: ReadonlyArray<Episode>
}

/** How long everything may take to be right again after the last fault of an episode is over. */
export const recoveryMicros = 10_000_000
const startMicros = 3_000_000

const stream = 910_000

/** The schedule of a seed. */
export const make = (seed: number): Schedule => {
  const prng = Prng.make(seed, stream)
  const { between, chance, pick } = bound(prng)
  const restBookCacheMillis = pick([0, 500, 2_000])
  const retryMillisMin = between(10, 60)
  const exchange: VirtualExchangeOptions = {
    marketsOpen: between(5, 14),
    deltasPerSecond: pick([15, 40, 80, 120]),
    quickLifeSeconds: chance(0.4) ? between(4, 20) : 86_400,
    lifecycleSpeed: chance(0.3) ? 100 : 1,
    pingMillis: 1_000,
    commandDelayMillisMax: pick([0, 20, 150]),
    outboundBytesMax: chance(0.2) ? 60_000 : 64 * 1024 * 1024,
    readTokensPerSecond: 100_000,
    readTokensMax: 100_000,
    restBookCacheMillis,
    sendsSendingTime: chance(0.5),
    closedSessionsMax: 100_000,
    finalizedMarketsMax: 100_000,
    truthChangesMax: 1_000_000,
    sequenceEntriesMax: 1_000_000
  }
  const settings: Partial<CollectorSettings> = {
    marketsPerConnectionMax: between(3, 16),
    connectionsMax: 40,
    chunkMarketsMax: between(1, 8),
    chunkMarketsMin: between(1, 3),
    commandsInFlightMax: between(1, 4),
    replyMillisMax: between(200, 600),
    snapshotMillisMax: between(200, 600),
    chunkSettleMillisMax: between(50, 300),
    flushMillis: between(5, 40),
    watermarkMillis: between(50, 200),
    queueRecordsMax: pick([20, 100, 500, 200_000]),
    catchUpRecordsMax: between(5, 200),
    catchUpEntriesLeft: between(5, 200),
    checkpointPartMillis: between(1, 30),
    storageRetryMillis: between(50, 400),
    lastCommitMillisMax: between(200, 2_000),
    pingSilenceMillisMax: between(2_500, 4_000),
    dataSilenceMillisMax: between(2_000, 4_000),
    retryMillisMin,
    retryMillisMax: retryMillisMin * between(2, 8),
    reconcileMillis: between(1_500, 4_000),
    eventsPerPageMax: pick([3, 20, 100]),
    restRequestsPerSecondMax: between(50, 500),
    restLagMillis: between(0, 500),
    commandsPerSecondMax: between(30, 200),
    handshakesPerSecondMax: between(10, 50),
    slotIdleMillis: between(300, 3_000),
    connectionRefusedMillisMax: between(500, 2_000),
    connectionRetryMillis: between(500, 2_000),
    statusMillisMax: between(300, 1_000),
    maintenanceRetryMillisMin: between(100, 300),
    maintenanceRetryMillisMax: between(300, 800),
    returnMillisMax: between(100, 1_000),
    tradeFillMillis: between(300, 2_000),
    tradeLagMillis: between(0, 300),
    openLeadMillis: between(100, 2_000),
    closeGraceMillis: between(200, 3_000),
    auditMillis: chance(0.5) ? between(1_000, 3_000) : 3_600_000,
    auditCacheMillisMax: restBookCacheMillis,
    auditSlackMillis: 100,
    auditLagMillisMax: 500,
    auditAnswerMillisMax: 500,
    auditStoredMillisMax: 1_000
  }
  const tape: Schedule["tape"] = {
    syncMillisMax: between(2, 60),
    segmentBytesMax: pick([10_000, 50_000, 300_000]),
    segmentMillisMax: between(2_000, 20_000)
  }
  const episodes: Array<Episode> = []
  let atMicros = startMicros
  const count = between(1, 3)
  for (let number = 0; number < count; number++) {
    const lengthMicros = between(2_000, 9_000) * 1_000
    const troubles = Array.from({ length: between(2, 14) }, () => ({
      atMicros: atMicros + Math.floor(Prng.fraction(prng) * lengthMicros),
      trouble: draw(prng)
    })).sort((one, other) => one.atMicros - other.atMicros)
    episodes.push({ fromMicros: atMicros, untilMicros: atMicros + lengthMicros, troubles })
    atMicros += lengthMicros + recoveryMicros
  }
  const leaps = episodes.some(({ troubles }) => troubles.some(({ trouble }) => trouble.what === "exchange_clock"))
  // How old an answer of REST is, the simulated exchange tells by its clock.
  return { seed, exchange: leaps ? { ...exchange, restBookCacheMillis: 0 } : exchange, settings, tape, episodes }
}

const bound = (prng: Prng.Prng) => ({
  between: (low: number, high: number) => Prng.between(prng, low, high),
  chance: (probability: number) => Prng.chance(prng, probability),
  fraction: () => Prng.fraction(prng),
  pick: <A>(items: ReadonlyArray<A>): A => Prng.pick(prng, items)
})

const frameTypes = [
  undefined,
  "orderbook_delta",
  "orderbook_delta",
  "orderbook_snapshot",
  "orderbook_snapshot",
  "ok",
  "ok",
  "subscribed",
  "trade",
  "market_lifecycle_v2",
  "error",
  "unsubscribed"
]

const commandKinds: ReadonlyArray<CommandKind | undefined> = [
  undefined,
  "subscribe",
  "add_markets",
  "delete_markets",
  "get_snapshot",
  "get_snapshot",
  "list_subscriptions"
]

const lifeActs: ReadonlyArray<LifecycleAct> = [
  "refine_grid",
  "refine_grid",
  "change_metadata",
  "change_fees",
  "block_trade",
  "determine",
  "dispute",
  "amend",
  "settle"
]

const actionOf = (prng: Prng.Prng): FrameAction => {
  const { between, pick } = bound(prng)
  return pick<() => FrameAction>([
    () => ({ _tag: "drop" }),
    () => ({ _tag: "drop" }),
    () => ({ _tag: "duplicate" }),
    () => ({ _tag: "delay", millis: between(1, 1_500) }),
    () => ({ _tag: "reorder" }),
    () => ({ _tag: "corrupt", how: pick(["truncate", "field", "envelope", "noise"]) }),
    () => ({ _tag: "extra_fields" })
  ])()
}

const draw = (prng: Prng.Prng): Trouble => {
  const { between, chance, fraction, pick } = bound(prng)
  const some = (): Which | undefined => (chance(0.5) ? fraction() : undefined)
  const kinds: ReadonlyArray<readonly [number, () => Trouble]> = [
    [
      14,
      () => ({
        what: "frame",
        action: actionOf(prng),
        type: pick(frameTypes),
        market: chance(0.2) ? fraction() : undefined,
        connection: some(),
        after: between(0, 5),
        count: between(1, 3)
      })
    ],
    [
      2,
      () => ({
        what: "frame",
        action: { _tag: "swallow" },
        type: "orderbook_delta",
        market: fraction(),
        after: 0,
        count: 1
      })
    ],
    [
      3,
      () => ({
        what: "storm",
        action: actionOf(prng),
        probability: pick([0.01, 0.05, 0.3]),
        millis: between(100, 2_000)
      })
    ],
    [4, () => ({ what: "cut", connection: some(), code: chance(0.5) ? 1001 : undefined, cuts: 1, everyMillis: 0 })],
    [
      2,
      () => ({ what: "cut", connection: undefined, code: undefined, cuts: between(2, 8), everyMillis: between(5, 500) })
    ],
    [5, () => ({ what: "freeze", mode: pick(["data", "all"]), connection: some(), millis: between(50, 6_000) })],
    [4, () => ({ what: "subscription_error", code: pick([10, 25]), connection: some() })],
    [
      8,
      () => ({
        what: "commands",
        how: pick(["ignore", "delay", "refuse"]),
        command: pick(commandKinds),
        market: chance(0.3) ? fraction() : undefined,
        count: between(1, 4),
        millis: between(10, 1_500),
        code: pick([1, 6, 7, 8, 9, 10, 17, 18, 25, 26, 27])
      })
    ],
    // A hole that an acknowledgement shows: that of a market that is added to others.
    [
      8,
      () => ({
        what: "commands",
        how: "lose",
        command: pick(["add_markets", "add_markets", "delete_markets"]),
        count: between(1, 4),
        millis: between(20, 400),
        code: 0
      })
    ],
    [2, () => ({ what: "rest", status: pick([429, 500, 503]), count: between(1, 12) })],
    [1, () => ({ what: "refuse_handshakes", status: pick([401, 429, 503]), millis: between(100, 3_000) })],
    [2, () => ({ what: "network", millis: between(50, 3_000) })],
    [2, () => ({ what: "exchange_clock", millis: pick([-3_600_000, -1_000, 1_000, 3_600_000]) })],
    [2, () => ({ what: "wall_clock", millis: pick([-3_600_000, -2_000, 2_000, 3_600_000]) })],
    [1, () => ({ what: "pause_trading", millis: between(100, 5_000), scope: pick(["trading", "exchange"]) })],
    [2, () => ({ what: "pause_market", market: fraction(), millis: between(100, 4_000) })],
    [2, () => ({ what: "close_early", market: fraction(), millis: between(0, 3_000) })],
    [1, () => ({ what: "reopen", market: fraction(), millis: between(500, 60_000) })],
    [3, () => ({ what: "life", act: pick(lifeActs), market: fraction() })],
    [3, () => ({ what: "unannounced_market" })],
    [2, () => ({ what: "unknown_frame", connection: some() })],
    [1, () => ({ what: "stray_frame", market: fraction(), connection: some() })],
    [1, () => maintenance(between(0, 2_000), between(100, 4_000))],
    [
      6,
      () => ({ what: "database", mode: pick(["slow", "away", "away", "hangs", "forgets"]), millis: between(50, 5_000) })
    ],
    [2, () => ({ what: "disk_full", millis: between(50, 2_000) })],
    [
      6,
      () => ({
        what: "kill",
        moment: pick<KillMoment>(["now", "now", "starting", "catching_up", "checkpoint", "subscribing"]),
        afterMillis: between(0, 60),
        downMillis: between(10, 3_000)
      })
    ],
    [1, () => ({ what: "stop", downMillis: between(10, 2_000) })]
  ]
  let at = fraction() * kinds.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, make] of kinds) {
    at -= weight
    if (at < 0) return make()
  }
  return { what: "unannounced_market" }
}

const maintenance = (fromMillis: number, lengthMillis: number): Trouble => ({
  what: "maintenance",
  fromMillis,
  untilMillis: fromMillis + lengthMillis
})
