/** Makes the troubles of a schedule happen to a world, and keeps a chronicle of what was done to whom, when, and until when. */
import type { SimMarket } from "@kalshibook/simulator/exchange/MarketModel"
import type { Fault } from "@kalshibook/simulator/fault/Fault"
import { Result } from "effect"
import type { KillMoment, Trouble, Which } from "./Schedule.ts"
import type { World } from "./World.ts"

export interface Deed {
  readonly atMicros: number
  /** By when it is over, `Infinity` until everything is cleared. */
  untilMicros: number
  readonly trouble: Trouble
  /** What it met: the exchange's number of the connection, the market; `undefined` for all. */
  readonly connection: number | undefined
  readonly marketTicker: string | undefined
  /** What came of it, where that was nothing. */
  readonly problem: string | undefined
}

export interface Inflicter {
  readonly deeds: Array<Deed>
  /** When `look` has something to do next, `Infinity` for never. */
  readonly nextDueMicros: () => number
  /** Moments at which a frame fault hit something. */
  readonly hits: Array<number>
  /** Lifts everything: from now on all is well. */
  readonly clear: () => void
  readonly inflict: (trouble: Trouble) => void
  /** Performs what is due. */
  readonly look: () => void
}

export const make = (world: World): Inflicter => {
  const { database, disk, exchange, machine, network, time } = world
  const deeds: Array<Deed> = []
  /** What ends by itself, and how. */
  const later: Array<{ readonly atMicros: number; readonly perform: () => void }> = []
  const hits: Array<number> = []
  let hitsSeen = 0
  let overflowsSeen = 0
  let killWhen: { readonly moment: KillMoment; readonly afterMillis: number; readonly downMillis: number } | null = null
  let askedAtKill = 0
  let dying = { atMicros: Number.POSITIVE_INFINITY, downMillis: 0 }

  const after = (millis: number, perform: () => void): void => {
    later.push({ atMicros: time.nowMicros + millis * 1000, perform })
  }

  const connectionAt = (which: Which | undefined): number | undefined => {
    const open = [...exchange.feed.sessions.keys()]
    return which === undefined ? undefined : open[Math.floor(which * open.length)]
  }

  const marketAt = (which: Which, isMeant: (market: SimMarket) => boolean = isActive): string | undefined => {
    const markets = [...exchange.exchange.markets.values()].filter(isMeant)
    return markets[Math.floor(which * markets.length)]?.ticker
  }

  const note = (trouble: Trouble, fields: Partial<Deed> = {}): void => {
    deeds.push({
      atMicros: time.nowMicros,
      untilMicros: Number.POSITIVE_INFINITY,
      trouble,
      connection: undefined,
      marketTicker: undefined,
      problem: undefined,
      ...fields
    })
  }

  /** Lets the exchange do it, and notes it. */
  const fault = (trouble: Trouble, what: Fault, fields: Partial<Deed> = {}): void => {
    const report = exchange.faults.inflict(what)
    const marketTicker = Result.isSuccess(report) ? (report.success.marketTicker ?? fields.marketTicker) : undefined
    note(trouble, { ...fields, marketTicker, problem: Result.isFailure(report) ? report.failure : undefined })
  }

  const die = (downMillis: number): void => {
    killWhen = null
    dying = { atMicros: Number.POSITIVE_INFINITY, downMillis: 0 }
    machine.kill()
    machine.startAtMicros = time.nowMicros + downMillis * 1000
  }

  const inflict = (trouble: Trouble) => {
    const nowMicros = time.nowMicros
    const forMillis = (millis: number): Partial<Deed> => ({ untilMicros: nowMicros + millis * 1000 })
    switch (trouble.what) {
      case "frame": {
        const connection = connectionAt(trouble.connection)
        const marketTicker = trouble.market === undefined ? undefined : marketAt(trouble.market)
        const { action, after: skip, count, type } = trouble
        return fault(
          trouble,
          { fault: "frame", action, type, connection, marketTicker, after: skip, count },
          { connection, marketTicker }
        )
      }
      case "storm": {
        const { action, millis, probability } = trouble
        fault(trouble, { fault: "frame", action, probability, count: 1_000_000 })
        const armed = exchange.feed.faults.armed.at(-1)
        return after(millis, () => {
          exchange.feed.faults.armed = exchange.feed.faults.armed.filter((one) => one !== armed)
        })
      }
      case "cut": {
        const connection = connectionAt(trouble.connection)
        const { code, cuts, everyMillis } = trouble
        return fault(
          trouble,
          { fault: "cut", connection, code, cuts, everyMillis },
          { connection, ...forMillis(cuts * everyMillis) }
        )
      }
      case "freeze": {
        const connection = connectionAt(trouble.connection)
        const { millis, mode } = trouble
        return fault(trouble, { fault: "freeze", mode, millis, connection }, { connection, ...forMillis(millis) })
      }
      case "subscription_error": {
        const connection = connectionAt(trouble.connection)
        return fault(
          trouble,
          { fault: "subscription_error", code: trouble.code, connection },
          { connection, ...forMillis(0) }
        )
      }
      case "commands": {
        const marketTicker = trouble.market === undefined ? undefined : marketAt(trouble.market)
        const marketTickers = marketTicker === undefined ? undefined : [marketTicker]
        const { code, command, count, how, millis } = trouble
        const commands = { command, count, marketTickers }
        if (how === "ignore") return fault(trouble, { fault: "ignore_commands", ...commands }, { marketTicker })
        if (how === "delay") return fault(trouble, { fault: "delay_commands", millis, ...commands }, { marketTicker })
        if (how === "lose") return fault(trouble, { fault: "lose_until_reply", millis, ...commands }, { marketTicker })
        return fault(trouble, { fault: "refuse_commands", code, ...commands }, { marketTicker })
      }
      case "rest":
        return fault(trouble, { fault: "rest", status: trouble.status, count: trouble.count })
      case "refuse_handshakes":
        return fault(
          trouble,
          { fault: "refuse_handshakes", status: trouble.status, millis: trouble.millis },
          forMillis(trouble.millis)
        )
      case "network":
        network.isUp = false
        exchange.faults.inflict({ fault: "cut" })
        after(trouble.millis, () => {
          network.isUp = true
        })
        return note(trouble, forMillis(trouble.millis))
      case "exchange_clock":
        return fault(trouble, { fault: "clock_offset", millis: trouble.millis })
      case "wall_clock":
        time.wallOffsetMicros += trouble.millis * 1000
        return note(trouble)
      case "pause_trading":
        fault(trouble, { fault: "pause_trading", scope: trouble.scope }, forMillis(trouble.millis))
        return after(trouble.millis, () => exchange.faults.inflict({ fault: "resume_trading" }))
      case "pause_market": {
        const marketTicker = marketAt(trouble.market)
        if (marketTicker === undefined) return
        fault(trouble, { fault: "pause_market", marketTicker }, forMillis(trouble.millis))
        return after(trouble.millis, () => exchange.faults.inflict({ fault: "resume_market", marketTicker }))
      }
      case "close_early": {
        const marketTicker = marketAt(trouble.market)
        if (marketTicker === undefined) return
        return fault(trouble, { fault: "change_close", marketTicker, millis: trouble.millis })
      }
      case "reopen": {
        const marketTicker = marketAt(trouble.market, ({ status }) => status === "closed" || status === "inactive")
        if (marketTicker === undefined) return
        return fault(trouble, { fault: "change_close", marketTicker, millis: trouble.millis })
      }
      case "life": {
        const marketTicker = marketAt(trouble.market, () => true)
        if (marketTicker === undefined) return
        return fault(trouble, { fault: "life", act: trouble.act, marketTicker })
      }
      case "unannounced_market":
        return fault(trouble, { fault: "unannounced_market" })
      case "unknown_frame": {
        const connection = connectionAt(trouble.connection)
        return fault(trouble, { fault: "unknown_frame", connection }, { connection, ...forMillis(0) })
      }
      case "stray_frame": {
        const connection = connectionAt(trouble.connection)
        const marketTicker = marketAt(trouble.market)
        if (marketTicker === undefined) return
        return fault(trouble, { fault: "stray_frame", marketTicker, connection }, { connection, ...forMillis(0) })
      }
      case "maintenance":
        return fault(
          trouble,
          { fault: "maintenance", fromMillis: trouble.fromMillis, untilMillis: trouble.untilMillis },
          forMillis(trouble.untilMillis)
        )
      case "database":
        database.setMode(trouble.mode)
        after(trouble.millis, () => database.setMode("up"))
        return note(trouble, forMillis(trouble.millis))
      case "disk_full":
        disk.setRoom(false)
        after(trouble.millis, () => disk.setRoom(true))
        return note(trouble, forMillis(trouble.millis))
      case "kill":
        note(trouble)
        if (trouble.moment === "now") return die(trouble.downMillis)
        // It is killed while it starts, so it must start: somebody ends it first.
        if (trouble.moment === "starting") die(10)
        killWhen = trouble
        askedAtKill = trouble.afterMillis % startQuestions
        return
      case "stop":
        note(trouble)
        machine.stop()
        machine.startAtMicros = nowMicros + trouble.downMillis * 1000
        return
      case "overflow":
        return
    }
  }

  /** Whether the moment has come at which it is to be killed. */
  const isMoment = (moment: KillMoment): boolean => {
    const recording = machine.collector()?.recording()
    switch (moment) {
      case "now":
        return true
      case "starting":
        return machine.state() === "starting" && machine.asked > askedAtKill
      case "catching_up":
        return recording?.isSpilled === true
      case "checkpoint":
        return machine.entryLast === "checkpoint_part" || machine.entryLast === "checkpoint_begin"
      case "subscribing":
        return machine.entryLast === "sent"
    }
  }

  const look = (): void => {
    const { hits: hitsNow } = exchange.feed.faults
    if (hitsNow > hitsSeen) {
      hitsSeen = hitsNow
      hits.push(time.nowMicros)
    }
    if (exchange.feed.overflows > overflowsSeen) {
      overflowsSeen = exchange.feed.overflows
      hits.push(time.nowMicros)
      note({ what: "overflow" }, { untilMicros: time.nowMicros })
    }
    for (const due of later.filter(({ atMicros }) => atMicros <= time.nowMicros)) {
      later.splice(later.indexOf(due), 1)
      due.perform()
    }
    if (dying.atMicros <= time.nowMicros) die(dying.downMillis)
    if (killWhen === null || !isMoment(killWhen.moment)) return
    const { afterMillis, downMillis, moment } = killWhen
    killWhen = null
    if (moment === "starting" || moment === "checkpoint") die(downMillis)
    else dying = { atMicros: time.nowMicros + afterMillis * 1000, downMillis }
  }

  const clear = (): void => {
    killWhen = null
    dying = { atMicros: Number.POSITIVE_INFINITY, downMillis: 0 }
    for (const { perform } of later.splice(0)) perform()
    exchange.faults.inflict({ fault: "clear" })
    network.isUp = true
    database.setMode("up")
    disk.setRoom(true)
    time.wallOffsetMicros = 0
    for (const deed of deeds) deed.untilMicros = Math.min(deed.untilMicros, time.nowMicros)
    for (const market of [...exchange.exchange.markets.values()]) {
      if (market.status === "inactive") exchange.faults.inflict({ fault: "resume_market", marketTicker: market.ticker })
    }
    machine.startAtMicros = time.nowMicros
  }

  const nextDueMicros = (): number => {
    let due = dying.atMicros
    for (const { atMicros } of later) due = Math.min(due, atMicros)
    return due
  }

  return { deeds, nextDueMicros, hits, clear, inflict, look }
}

/** Questions that a start puts to the database, about. */
const startQuestions = 8

const isActive = ({ status }: SimMarket): boolean => status === "active"
