/** Everything of a simulation, and the passing of its time: the exchange, the database, the disk, and the machine with the collector. */

import * as Prng from "@kalshibook/simulator/exchange/Prng"
import * as VirtualExchange from "@kalshibook/simulator/VirtualExchange"
import type { TapeSettings } from "@kalshibook/store/tape/TapeSettings"
import type { CollectorSettings } from "../../src/CollectorSettings.ts"
import * as Machine from "./Machine.ts"
import * as VirtualDatabase from "./VirtualDatabase.ts"
import * as VirtualDisk from "./VirtualDisk.ts"
import * as VirtualLine from "./VirtualLine.ts"
import type { VirtualTime } from "./VirtualTime.ts"

export interface WorldOptions {
  readonly seed: number
  readonly exchange: VirtualExchange.VirtualExchangeOptions
  readonly settings: Partial<CollectorSettings>
  readonly tape: Pick<TapeSettings, "syncMillisMax"> & Partial<TapeSettings>
}

export interface World {
  readonly time: VirtualTime
  readonly startMicros: number
  readonly exchange: VirtualExchange.VirtualExchange
  readonly network: VirtualLine.VirtualNetwork
  readonly database: VirtualDatabase.VirtualDatabase
  readonly disk: VirtualDisk.VirtualDisk
  readonly machine: Machine.Machine
  /** Looked at whenever something has happened. */
  readonly watchers: Set<() => void>
  readonly prng: Prng.Prng
}

/** Generators of the seed, far from those of the exchange's parts. */
const streams = 900_000

export const make = ({ exchange: options, seed, settings, tape }: WorldOptions): World => {
  const exchange = VirtualExchange.make({ ...options, seed })
  const time: VirtualTime = { nowMicros: exchange.nowMicros(), wallOffsetMicros: 0 }
  const network = VirtualLine.makeNetwork()
  const database = VirtualDatabase.make(time, Prng.make(seed, streams))
  const disk = VirtualDisk.make(time, tape)
  const machine = Machine.make({
    time,
    exchange,
    network,
    database,
    disk,
    settings,
    prng: Prng.make(seed, streams + 1)
  })
  return {
    time,
    startMicros: time.nowMicros,
    exchange,
    network,
    database,
    disk,
    machine,
    watchers: new Set(),
    prng: Prng.make(seed, streams + 2)
  }
}

/** Moments at one time before it is said that time stands still. */
const momentsMax = 100_000

/** Lets time pass until the moment. */
export const advanceTo = (world: World, untilMicros: number): void => {
  const { database, exchange, machine, time, watchers } = world
  let moments = 0
  settle(world)
  for (;;) {
    const due = Math.min(
      exchange.nextDueMicros(),
      database.nextDueMicros(),
      machine.process === null ? machine.startAtMicros : machine.process.nextDueMicros()
    )
    if (due > untilMicros) break
    moments = due > time.nowMicros ? 0 : moments + 1
    if (moments > momentsMax) throw new Error("time stands still")
    time.nowMicros = Math.max(time.nowMicros, due)
    exchange.advanceTo(time.nowMicros)
    settle(world)
    database.advance()
    settle(world)
    machine.process?.wake()
    if (machine.process === null && machine.startAtMicros <= time.nowMicros) machine.start()
    settle(world)
    for (const look of watchers) look()
  }
  time.nowMicros = untilMicros
  exchange.advanceTo(untilMicros)
  settle(world)
}

const settle = ({ machine }: World): void => {
  machine.process?.settle()
}
