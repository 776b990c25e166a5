/**
 * The database of a simulation: the stores in memory, behind a door that can be slow or shut, and that lives on when the collector
 * dies. What was asked of it may be done although nobody hears the answer, and may be done after whoever asked is gone.
 */
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier, HotTierError } from "@kalshibook/store/HotTier"
import { HotTierState } from "@kalshibook/store/HotTierState"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Context, Effect, Exit, Layer } from "effect"
import { SqlError } from "effect/sql"
import type { VirtualProcess, VirtualTime } from "./VirtualTime.ts"

/**
 * - `up`: answers within milliseconds
 * - `slow`: within up to one and a half seconds
 * - `away`: refuses everything; what is under way fails, done or not
 * - `hangs`: answers nothing before the mode changes; then some of it is done, and some answered
 * - `forgets`: does everything, and says that it failed
 */
export const databaseModes = ["up", "slow", "away", "hangs", "forgets"] as const
export type DatabaseMode = (typeof databaseModes)[number]

export type Stores = Audits | ChannelGaps | Epochs | HotTier | MarketCatalog

export interface VirtualDatabase {
  /** What is stored, beside the door. */
  readonly state: HotTierState["Service"]
  readonly stores: Context.Context<Stores>
  readonly mode: () => DatabaseMode
  readonly setMode: (mode: DatabaseMode) => void
  /** Ways to it for one process; `onAsked` is told of each question. */
  readonly doorFor: (process: VirtualProcess, onAsked: () => void) => Context.Context<Stores>
  readonly nextDueMicros: () => number
  /** Does what is due. */
  readonly advance: () => void
  /** Defects of what was done after whoever asked was gone. */
  readonly defects: ReadonlyArray<unknown>
}

interface Step {
  readonly dueMicros: number
  readonly perform: () => void
}

const quickMicrosMax = 3_000
const slowMicrosMax = 1_500_000

export const make = (time: VirtualTime, prng: Prng.Prng): VirtualDatabase => {
  const { state, stores } = Effect.runSync(
    Effect.scoped(
      Effect.map(
        Layer.build(
          Layer.mergeAll(
            Audits.layerMemory,
            ChannelGaps.layerMemory,
            Epochs.layerMemory,
            HotTier.layerMemory,
            HotTierState.layer,
            MarketCatalog.layerMemory
          )
        ),
        (built) => ({ state: Context.get(built, HotTierState), stores: built })
      )
    )
  )
  let mode: DatabaseMode = "up"
  /** Not in order; there are few. */
  let steps: ReadonlyArray<Step> = []
  const hanging: Array<() => void> = []
  const defects: Array<unknown> = []

  const after = (micros: number, perform: () => void): void => {
    steps = [...steps, { dueMicros: time.nowMicros + micros, perform }]
  }

  const failed = (operation: string): HotTierError =>
    new HotTierError({
      operation,
      reason: new SqlError.SqlError({
        reason: new SqlError.ConnectionError({ cause: new Error("connection terminated") })
      })
    })

  /** Asks for something to be done, and waits for the answer. */
  const ask =
    (process: VirtualProcess, onAsked: () => void) =>
    <A, E>(operation: string, work: Effect.Effect<A, E>): Effect.Effect<A, E | HotTierError> =>
      Effect.callback<A, E | HotTierError>((hear) => {
        onAsked()
        // Who is dead hears nothing: to hear would be to live on.
        const resume = (effect: Effect.Effect<A, E | HotTierError>): void => {
          if (process.isAlive()) hear(effect)
        }
        const asked = mode
        if (asked === "away") return after(Prng.between(prng, 50, 500), () => resume(Effect.fail(failed(operation))))
        const microsMax = asked === "slow" ? slowMicrosMax : quickMicrosMax
        const survives = Prng.chance(prng, 0.5)
        /** `undefined` while it says that it failed. */
        let outcome: Exit.Exit<A, E> | undefined
        const perform = (): void => {
          if (mode === "away" || (!process.isAlive() && !survives)) return
          const done = Effect.runSyncExit(work)
          if (Exit.isFailure(done) && !process.isAlive()) defects.push(done.cause)
          if (asked !== "forgets" || Exit.isFailure(done)) outcome = done
        }
        const answer = (): void =>
          resume(mode === "away" || outcome === undefined ? Effect.fail(failed(operation)) : outcome)
        if (asked === "hangs") {
          const [isDone, isAnswered] = [Prng.chance(prng, 0.5), Prng.chance(prng, 0.5)]
          hanging.push(() => {
            if (isDone) perform()
            if (!isAnswered) outcome = undefined
            answer()
          })
          return
        }
        after(Prng.between(prng, 50, microsMax), () => {
          perform()
          after(Prng.between(prng, 50, microsMax), answer)
        })
      })

  const doorFor = (process: VirtualProcess, onAsked: () => void): Context.Context<Stores> => {
    const through = ask(process, onAsked)
    const audits = Context.get(stores, Audits)
    const channelGaps = Context.get(stores, ChannelGaps)
    const epochs = Context.get(stores, Epochs)
    const hotTier = Context.get(stores, HotTier)
    const catalog = Context.get(stores, MarketCatalog)
    return stores.pipe(
      Context.add(Audits, {
        ...audits,
        store: (records) => through("audit", audits.store(records)),
        rates: (fromMicros, toMicros) => through("auditRates", audits.rates(fromMicros, toMicros))
      }),
      Context.add(ChannelGaps, {
        ...channelGaps,
        open: through("openChannelGaps", channelGaps.open),
        unfilled: (channel, entriesMax) => through("unfilledChannelGaps", channelGaps.unfilled(channel, entriesMax)),
        fillPart: (trades) => through("fillPart", channelGaps.fillPart(trades)),
        fill: (gap, trades, tsFilledMicros, entriesBefore) =>
          through("fillChannelGap", channelGaps.fill(gap, trades, tsFilledMicros, entriesBefore))
      }),
      Context.add(Epochs, { ...epochs, last: through("lastEpoch", epochs.last) }),
      Context.add(HotTier, {
        ...hotTier,
        append: (batch) => through("append", hotTier.append(batch)),
        watermark: through("watermark", hotTier.watermark),
        heads: through("heads", hotTier.heads),
        state: through("state", hotTier.state),
        keyframeAt: (ticker, atMicros, clock) => through("keyframe", hotTier.keyframeAt(ticker, atMicros, clock)),
        records: (query) => through("records", hotTier.records(query))
      }),
      Context.add(MarketCatalog, { ...catalog, observe: (sight) => through("observe", catalog.observe(sight)) })
    )
  }

  const nextDueMicros = (): number => {
    let due = Number.POSITIVE_INFINITY
    for (const { dueMicros } of steps) due = Math.min(due, dueMicros)
    return due
  }

  return {
    state,
    stores,
    mode: () => mode,
    setMode: (next) => {
      mode = next
      // Those who go on may ask again at once, and hang again.
      for (const goOn of hanging.splice(0)) goOn()
    },
    doorFor,
    nextDueMicros,
    advance: () => {
      const due = steps.filter(({ dueMicros }) => dueMicros <= time.nowMicros)
      if (due.length === 0) return
      steps = steps.filter(({ dueMicros }) => dueMicros > time.nowMicros)
      for (const { perform } of due) perform()
    },
    defects
  }
}
