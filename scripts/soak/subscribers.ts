/**
 * Subscribers of `/v1/stream` in a process of their own. Most follow two markets, some all; formats and slow-reader policies are mixed. Every
 * second some of those who read are cut off and go on from where they were; some of the others do not read for long.
 *
 * Is told what to do by the process that started it (`SubscriberPlan`), and ends with it.
 */
import { setTimeout as pause } from "node:timers/promises"
import type { ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import { WebSocket } from "ws"
import { messagesOf } from "../../packages/api/test/stream/ServerFrames.ts"
import * as SubscriberLog from "./SubscriberLog.ts"
import type { Figures, SubscriberPlan, SubscriberReport, Tells, Told } from "./SubscriberPlan.ts"

/** Of a hundred: those who follow everything, of whom every other one stalls. */
const followAllPercent = 2.4
const marketsEach = 2
const joinsAtOnce = 40
/** Of a thousand, each second. */
const cutsPermille = 10
const retryMillis = 250
const settleMillisMax = 120_000
/** One record in so many is looked at for its lag. */
const lagEvery = 64

const slows = ["disconnect", "skip", "conflate"] as const
const formats = ["json", "msgpack"] as const

const counts = {
  joined: 0,
  refused: 0,
  records: 0,
  reconnects: 0,
  skipped: 0,
  conflated: 0,
  endedSlow: 0,
  resyncs: 0,
  bufferBytesMax: 0
}
const lagsMillis: Array<number> = []

class Subscriber {
  readonly name: string
  readonly isStalling: boolean
  readonly #markets: ReadonlyArray<string> | "all"
  readonly #url: string
  readonly #plan: SubscriberPlan
  readonly #logs = new Map<string, SubscriberLog.SubscriberLog>()
  readonly #faults: Array<string> = []
  #socket: WebSocket | undefined
  #isJoining = false
  /** Lags count again when it has caught up with what it missed. */
  #calmMillis = 0

  constructor(plan: SubscriberPlan, index: number) {
    const followAll = Math.max(1, Math.round((plan.subscribers * followAllPercent) / 100))
    const isFollowingAll = index < followAll
    this.isStalling = isFollowingAll && index % 2 === 1
    // Whoever follows everything and reads is not to be conflated by half a second of a busy machine.
    const slow = isFollowingAll && !this.isStalling ? slows[index % 4 === 0 ? 0 : 1] : slows[index % slows.length]
    const format = formats[Math.floor(index / 3) % formats.length]
    this.#plan = plan
    this.#url = `${plan.url.replace(/^http/, "ws")}/v1/stream?format=${format}&slow=${slow}`
    this.#markets = isFollowingAll
      ? "all"
      : Array.from(
          { length: marketsEach },
          (_, at) => plan.markets[(index * marketsEach + at) % plan.markets.length] ?? ""
        )
    this.name = `${index} (${format}, ${slow}${isFollowingAll ? ", all" : ""}${this.isStalling ? ", stalls" : ""})`
  }

  /** Connects, and goes on where it was; resolves when it is told that it follows. */
  async join(): Promise<void> {
    if (this.#isJoining) return
    this.#isJoining = true
    while (!(await this.#connect())) await pause(retryMillis)
    this.#isJoining = false
  }

  #connect(): Promise<boolean> {
    const socket = new WebSocket(this.#url, {
      headers: { "X-API-Key": this.#plan.key },
      perMessageDeflate: false
    })
    this.#socket = socket
    this.#calmMillis = performance.now() + 5_000
    for (const log of this.#logs.values()) SubscriberLog.resume(log)
    return new Promise((resolve) => {
      socket.on("error", () => undefined)
      socket.on("unexpected-response", () => {
        counts.refused++
        socket.terminate()
      })
      socket.on("close", () => {
        resolve(false)
        // Ended from there: a reader too slow comes again as soon as it reads.
        if (this.#socket === socket) void this.join()
      })
      socket.on("open", () => {
        const from_offset = Object.fromEntries(
          [...this.#logs].map(([ticker, log]) => [ticker, SubscriberLog.placeOf(log)])
        )
        const what = this.#markets === "all" ? { all: true } : { markets: this.#markets }
        socket.send(JSON.stringify({ op: "subscribe", id: 1, ...what, from_offset }))
      })
      socket.on("message", (data: Buffer, isBinary) => {
        if (this.#socket !== socket) return
        for (const message of messagesOf(data, isBinary)) {
          if (message.type === "subscribed") resolve(true)
          this.#take(message)
        }
      })
    })
  }

  /** Tears the connection down without a word, and comes again. */
  async cut(): Promise<void> {
    if (this.#isJoining) return
    const socket = this.#socket
    this.#socket = undefined
    socket?.terminate()
    counts.reconnects++
    await this.join()
  }

  setReading(isReading: boolean): void {
    if (isReading) this.#socket?.resume()
    else this.#socket?.pause()
  }

  #logOf(ticker: string): SubscriberLog.SubscriberLog {
    const known = this.#logs.get(ticker)
    if (known !== undefined) return known
    const made = SubscriberLog.make()
    this.#logs.set(ticker, made)
    return made
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case "record":
        SubscriberLog.record(this.#logOf(message.market_ticker), message)
        if (++counts.records % lagEvery === 0 && !this.isStalling && performance.now() > this.#calmMillis) {
          lagsMillis.push(Date.now() - Date.parse(message.ts_received))
        }
        break
      case "snapshot":
        SubscriberLog.snapshot(this.#logOf(message.market_ticker), message)
        break
      case "conflated":
        counts.conflated++
        SubscriberLog.conflated(this.#logOf(message.market_ticker), message)
        break
      case "skipped":
        counts.skipped++
        if (message.channel === "book") SubscriberLog.skipped(this.#logOf(message.market_ticker), message.from_offset)
        break
      case "resync":
        counts.resyncs++
        this.#logOf(message.market_ticker).isBookDue = true
        break
      case "heartbeat":
        counts.bufferBytesMax = Math.max(counts.bufferBytesMax, message.buffer.bytes)
        if (message.buffer.bytes > message.buffer.bytes_max) this.#faults.push(`${message.buffer.bytes} bytes waited`)
        break
      case "goodbye":
        if (message.reason === "slow_reader") counts.endedSlow++
        else this.#faults.push(`goodbye: ${message.reason}: ${message.detail}`)
        break
      case "error":
        this.#faults.push(`error: ${message.detail}`)
    }
  }

  hasReached(heads: Readonly<Record<string, number>>): boolean {
    const tickers = this.#markets === "all" ? Object.keys(heads) : this.#markets
    return tickers.every((ticker) => SubscriberLog.placeOf(this.#logOf(ticker)).offset >= (heads[ticker] ?? 0))
  }

  report(): SubscriberReport {
    return {
      name: this.name,
      isStalling: this.isStalling,
      logs: Object.fromEntries([...this.#logs].map(([ticker, { faults, runs }]) => [ticker, { faults, runs }])),
      faults: this.#faults
    }
  }
}

const figures = (): Figures => {
  lagsMillis.sort((left, right) => left - right)
  const quantile = (share: number) =>
    lagsMillis[Math.min(lagsMillis.length - 1, Math.floor(lagsMillis.length * share))] ?? 0
  return { ...counts, lagMillisP50: quantile(0.5), lagMillisP99: quantile(0.99) }
}

/** Numbers in [0, 1), the same for the same seed. */
const randomOf = (seed: number) => {
  let state = seed
  return (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

const tell = (told: Tells): void => void process.send?.(told)

let subscribers: ReadonlyArray<Subscriber> = []
let isSettling = false

const begin = async (plan: SubscriberPlan): Promise<void> => {
  const random = randomOf(plan.seed)
  subscribers = Array.from({ length: plan.subscribers }, (_, index) => new Subscriber(plan, index))
  for (let first = 0; first < subscribers.length; first += joinsAtOnce) {
    const some = subscribers.slice(first, first + joinsAtOnce)
    await Promise.all(some.map((one) => one.join()))
    counts.joined += some.length
    tell({ _tag: "progress", figures: figures() })
  }
  tell({ _tag: "joined" })
  const readers = subscribers.filter(({ isStalling }) => !isStalling)
  const stalling = subscribers.filter(({ isStalling }) => isStalling)
  for (const one of stalling) one.setReading(false)
  void pause(plan.stallMillis).then(() => {
    for (const one of stalling) one.setReading(true)
  })
  const cutsEach = Math.max(1, Math.round((readers.length * cutsPermille) / 1_000))
  while (!isSettling) {
    await pause(1_000)
    if (isSettling) break
    await Promise.all(
      Array.from({ length: cutsEach }, () => readers[Math.floor(random() * readers.length)]).map((one) => one?.cut())
    )
    tell({ _tag: "progress", figures: figures() })
  }
}

const settle = async (heads: Readonly<Record<string, number>>): Promise<void> => {
  isSettling = true
  const until = performance.now() + settleMillisMax
  for (const one of subscribers) one.setReading(true)
  while (performance.now() < until && !subscribers.every((one) => one.hasReached(heads))) await pause(100)
  tell({ _tag: "report", figures: figures(), subscribers: subscribers.map((one) => one.report()) })
}

process.on("disconnect", () => process.exit(0))
process.on("message", (told: Told) => void (told._tag === "begin" ? begin(told.plan) : settle(told.heads)))
