/**
 * The collector of a simulation as its machine runs it: started, stopped, killed, and started again when it ended by itself. The
 * exchange, the database and the disk outlive it.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as RecorderAct from "@kalshibook/core/RecorderAct"
import type { TapeEntryKind } from "@kalshibook/core/TapeEntry"
import * as Exchange from "@kalshibook/simulator/exchange/Exchange"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import type { VirtualExchange } from "@kalshibook/simulator/VirtualExchange"
import * as TapeMemory from "@kalshibook/store/tape/TapeMemory"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Cause, Context, Effect, Exit, Latch, Layer, Logger } from "effect"
import { HttpClient } from "effect/http"
import { Collector } from "../../src/Collector.ts"
import { type CollectorSettings, Settings } from "../../src/CollectorSettings.ts"
import { ExchangeAccess } from "../../src/ExchangeAccess.ts"
import { ExchangeLine } from "../../src/ExchangeLine.ts"
import * as ReceiveClock from "../../src/ReceiveClock.ts"
import type { VirtualDatabase } from "./VirtualDatabase.ts"
import type { VirtualDisk } from "./VirtualDisk.ts"
import * as VirtualLine from "./VirtualLine.ts"
import * as VirtualTime from "./VirtualTime.ts"

export interface LogLine {
  readonly atMicros: number
  readonly level: string
  readonly text: string
}

export interface MachineParts {
  readonly time: VirtualTime.VirtualTime
  readonly exchange: VirtualExchange
  readonly network: VirtualLine.VirtualNetwork
  readonly database: VirtualDatabase
  readonly disk: VirtualDisk
  readonly settings: Partial<CollectorSettings>
  readonly prng: Prng.Prng
}

export interface Machine {
  readonly parts: MachineParts
  process: VirtualTime.VirtualProcess | null
  readonly state: () => "off" | "starting" | "running" | "stopping"
  /** Of the collector that runs. */
  readonly collector: () => Collector["Service"] | undefined
  readonly start: () => void
  /** An orderly end; `state` is `off` when it is over. */
  readonly stop: () => void
  /** It dies at once. Of the tape's entries that were not synced some are left. */
  readonly kill: () => void
  /** From when on it is to be started where it is off, `Infinity` for never. */
  startAtMicros: number
  /** What it logged, over all its lives. */
  readonly lines: Array<LogLine>
  /** When it was killed, microseconds of the simulation. */
  readonly kills: Array<number>
  /** Why it ended, where that is its own fault. */
  readonly defects: Array<string>
  /** The exchange's numbers of connections, by epoch. */
  readonly connectionOf: Map<number, number>
  /** When it was stopped for good. */
  stoppedAtMicros: number
  /** By the entry of the tape by which markets were let go of: how long they traded then, 0 for those that did not, microseconds. */
  readonly letGo: Map<number, number>
  /** Kind of the last entry of its tape, and the questions to the database since it was started. */
  entryLast: TapeEntryKind | null
  asked: number
}

/** How long whoever supervises it waits before it is started again, when it could not start. */
const restartMicros = 300_000

export const make = (parts: MachineParts): Machine => {
  const { database, disk, network, prng, time } = parts
  let running: Collector["Service"] | undefined
  let state: ReturnType<Machine["state"]> = "off"
  let stopping = Latch.makeUnsafe(false)

  const layerFor = (process: VirtualTime.VirtualProcess) => {
    const line = { exchange: parts.exchange, network, process, prng }
    const stores = database.doorFor(process, () => machine.asked++)
    const place = disk.placeFor(process, ({ body, epoch, kind }, number) => {
      machine.entryLast = kind
      if (kind === "act") noteClosed(number, RecorderAct.decode(body))
      if (kind === "received") machine.connectionOf.set(epoch, network.delivering)
    })
    const clock = ReceiveClock.make(
      () => time.nowMicros + time.wallOffsetMicros,
      () => time.nowMicros
    )
    const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
      // What a dead one does when its tape fails under it happens nowhere.
      if (!process.isAlive()) return
      const text = [message].flat().map(String).join(" ")
      const why = cause.reasons.length > 0 ? ` ${Cause.pretty(cause)}` : ""
      machine.lines.push({ atMicros: time.nowMicros, level: logLevel, text: `${text}${why}` })
    })
    return Collector.layerNoDeps.pipe(
      Layer.provide(
        Layer.mergeAll(
          Layer.succeedContext(stores),
          Layer.succeed(ExchangeAccess, {
            source: "simulator",
            restUrl: VirtualLine.restUrl,
            wsUrl: VirtualLine.wsUrl,
            headers: () => Effect.succeed({})
          }),
          Layer.succeed(ExchangeLine, VirtualLine.lineOf(line)),
          Layer.succeed(HttpClient.HttpClient, VirtualLine.httpClientOf(line)),
          Layer.succeed(ReceiveClock.ReceiveClock, clock),
          Layer.succeed(TapePlace, place),
          Settings.layerOf(parts.settings),
          Logger.layer([logger])
        )
      )
    )
  }

  const noteClosed = (number: number, act: RecorderAct.RecorderAct): void => {
    if (act.act !== "forget") return
    const { exchange } = parts.exchange
    const tradedMicros = (ticker: string): number => {
      const market = exchange.markets.get(ticker)
      if (market?.status !== "active" && market?.status !== "inactive") return 0
      return Exchange.clockMicros(exchange) - market.tsUpdatedMicros
    }
    machine.letGo.set(number, Math.max(0, ...act.tickers.map(tradedMicros)))
  }

  const main = (process: VirtualTime.VirtualProcess) =>
    Effect.gen(function* () {
      const collector = Context.get(yield* Layer.build(layerFor(process)), Collector)
      running = collector
      state = "running"
      yield* Effect.raceFirst(collector.failed, stopping.await)
      state = "stopping"
    }).pipe(Effect.scoped)

  const ended = (process: VirtualTime.VirtualProcess, exit: Exit.Exit<void, { readonly message: string }>): void => {
    if (machine.process !== process) return
    const isStopping = state === "stopping"
    machine.process = null
    running = undefined
    state = "off"
    if (Exit.isSuccess(exit)) return
    if (Cause.hasDies(exit.cause)) machine.defects.push(Cause.pretty(exit.cause))
    if (!isStopping) machine.startAtMicros = time.nowMicros + restartMicros
  }

  const machine: Machine = {
    parts,
    process: null,
    state: () => state,
    collector: () => running,
    start: () => {
      if (machine.process !== null) return
      const random = Prng.make(Prng.between(prng, 0, 0x7fffffff), 1)
      const process = VirtualTime.makeProcess(time, () => Prng.fraction(random))
      machine.process = process
      machine.startAtMicros = Number.POSITIVE_INFINITY
      machine.asked = 0
      stopping = Latch.makeUnsafe(false)
      state = "starting"
      process.run(main(process)).addObserver((exit) => ended(process, exit))
    },
    stop: () => {
      if (state === "starting") return machine.kill()
      if (state !== "running") return
      stopping.openUnsafe()
    },
    kill: () => {
      const { process } = machine
      if (process === null) return
      process.kill()
      machine.kills.push(time.nowMicros)
      machine.process = null
      running = undefined
      state = "off"
      for (const { abandon } of [...network.open]) abandon()
      const { entries, synced } = disk.tape
      TapeMemory.crash(disk.tape, Prng.between(prng, synced, Math.max(synced, entries.length)))
    },
    startAtMicros: Number.POSITIVE_INFINITY,
    lines: [],
    kills: [],
    defects: [],
    connectionOf: new Map(),
    stoppedAtMicros: Number.POSITIVE_INFINITY,
    letGo: new Map(),
    entryLast: null,
    asked: 0
  }
  return machine
}

/** Tickers of the markets whose books are trusted now. */
export const live = (machine: Machine): ReadonlySet<MarketTicker> => {
  const cells = machine.collector()?.recording().cells.values() ?? []
  return new Set([...cells].flatMap(({ state, ticker }) => (state === "live" ? [ticker] : [])))
}
