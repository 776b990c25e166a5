/**
 * A recorder on a bad line to the model exchange: what the exchange does, what the collector asks for, and what becomes of each
 * frame on its way, all at random. Frames may be lost, repeated, late or unreadable, in any combination.
 */
import type { Side } from "@kalshibook/core/BookRecord"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as Recorder from "@kalshibook/core/Recorder"
import { Option } from "effect"
import fc from "fast-check"
import * as Frames from "./Frames.ts"
import * as Listening from "./Listening.ts"
import * as ModelExchange from "./ModelExchange.ts"
import * as TrustOracle from "./TrustOracle.ts"

export const fates = ["sent", "lost", "repeated", "late", "garbled", "illegible", "nonsense"] as const
type Fate = (typeof fates)[number]

export const acts = [
  "change",
  "snapshot",
  "resync",
  "add",
  "delete",
  "ok",
  "trade",
  "unknown",
  "lie",
  "end",
  "cut"
] as const
type Act = (typeof acts)[number]

interface Step {
  readonly act: Act
  /** Index of the market that it is about. */
  readonly market: number
  readonly side: Side
  /** What kind of change, ending or lie. */
  readonly pick: number
  readonly amount: number
  /** True time since the step before, and by how much the frames are slower than the fastest. */
  readonly elapsedMicros: number
  readonly jitterMicros: number
  /** Of the frames of the step, in turn; those of longer bursts repeat them. */
  readonly fates: ReadonlyArray<Fate>
}

export interface Scenario {
  readonly latencyMicros: number
  readonly clockOffsetMicros: number
  readonly givesTimes: boolean
  readonly steps: ReadonlyArray<Step>
}

export const tickers = ["KXA-26NOV22", "KXB-26NOV22-T1.5", "KXC-26NOV22"]
const startMicros = 1_000_000
/** How many frames overtake one that is late. */
const lateFrames = 2

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 150, arbitrary: fc.constant("sent" as const) },
  { weight: 3, arbitrary: fc.constant("lost" as const) },
  { weight: 2, arbitrary: fc.constantFrom<Fate>("repeated", "late") },
  { weight: 1, arbitrary: fc.constantFrom<Fate>("garbled", "illegible", "nonsense") }
)

const weightOf: Record<Act, number> = {
  change: 60,
  snapshot: 3,
  resync: 14,
  add: 3,
  delete: 2,
  ok: 2,
  trade: 2,
  unknown: 1,
  lie: 2,
  end: 1,
  cut: 1
}

const stepOf = (act: fc.Arbitrary<Act>, fateOf: fc.Arbitrary<Fate>): fc.Arbitrary<Step> =>
  fc.record({
    act,
    market: fc.nat({ max: tickers.length - 1 }),
    side: fc.constantFrom<Side>("yes", "no"),
    pick: fc.nat({ max: 20 }),
    amount: fc.nat({ max: 40 }),
    elapsedMicros: fc.oneof(fc.constant(0), fc.nat({ max: 12 })),
    jitterMicros: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 25 }) }),
    fates: fc.array(fateOf, { minLength: 1, maxLength: 3 })
  })

const anyAct = fc.oneof(...acts.map((act) => ({ weight: weightOf[act], arbitrary: fc.constant(act) })))

const badLine = {
  latencyMicros: fc.nat({ max: 30 }),
  clockOffsetMicros: fc.integer({ min: -60, max: 30 }),
  givesTimes: fc.constant(true),
  steps: fc.array(stepOf(anyAct, fate), { minLength: 1, maxLength: 100 })
}

/** The exchange's clock is right or behind ours, or ahead by no more than a frame needs: what its clock is good for. */
export const scenario: fc.Arbitrary<Scenario> = fc
  .record(badLine)
  .map((each) => ({ ...each, clockOffsetMicros: Math.min(each.clockOffsetMicros, each.latencyMicros) }))

/** The exchange's clock is anything, and it may not say what it shows. */
export const strangeClockScenario: fc.Arbitrary<Scenario> = fc.record({
  ...badLine,
  clockOffsetMicros: fc.integer({ min: -200, max: 200 }),
  givesTimes: fc.boolean()
})

/** The exchange's clock is further ahead of ours than a frame needs. */
export const aheadScenario: fc.Arbitrary<Scenario> = fc
  .record({ ...badLine, clockOffsetMicros: fc.integer({ min: 1, max: 90 }) })
  .map((each) => ({ ...each, clockOffsetMicros: each.clockOffsetMicros + each.latencyMicros }))

/** A line that loses and repeats nothing, on which nobody lies, and which is cut at the end alone. */
export const goodScenario: fc.Arbitrary<Scenario> = fc.record({
  latencyMicros: fc.nat({ max: 30 }),
  clockOffsetMicros: fc.integer({ min: -60, max: 0 }),
  givesTimes: fc.constant(true),
  steps: fc.array(
    stepOf(fc.constantFrom<Act>("change", "change", "change", "snapshot", "ok", "trade"), fc.constant("sent")),
    { minLength: 1, maxLength: 80 }
  )
})

interface SnapshotArrival {
  readonly ticker: string
  readonly tsReceivedMicros: number
  readonly tsMadeMicros: number
}

/** What came of it. */
export interface Outcome {
  readonly exchange: ModelExchange.ModelExchange
  readonly recorder: Recorder.Recorder
  readonly oracle: TrustOracle.TrustOracle
  readonly told: ReadonlyArray<string>
  /** Every snapshot that arrived: when, and when the exchange had made it, by its own clock. */
  readonly snapshots: ReadonlyArray<SnapshotArrival>
  /** All that was done to the recorder, in order, to do it to another one. */
  readonly script: ReadonlyArray<Done>
  /** Steps after which the recorder trusted what it must not, or did not trust what it must. */
  readonly disagreements: ReadonlyArray<string>
}

/** One thing that was done to a recorder. */
export type Done = (recorder: Recorder.Recorder) => void

interface Line {
  readonly scenario: Scenario
  readonly script: Array<Done>
  /** Where the logs end that were let go of. */
  readonly ends: Map<string, MarketLog.LogEnd>
  readonly exchange: ModelExchange.ModelExchange
  readonly recorder: Recorder.Recorder
  readonly oracle: TrustOracle.TrustOracle
  readonly snapshots: Array<SnapshotArrival>
  readonly held: Array<{ readonly frame: ModelExchange.Frame; framesLeft: number }>
  /** Our clock: the receipt of the last frame. */
  receivedMicros: number
  epoch: number
}

export const run = (scenario: Scenario): Outcome => {
  const { recorder, told } = Listening.make()
  const exchange = ModelExchange.make(tickers, { startMicros, ...scenario })
  const oracle = TrustOracle.make(tickers)
  const snapshots: Array<SnapshotArrival> = []
  const start = { script: [], ends: new Map(), held: [], receivedMicros: startMicros, epoch: 0 }
  const line: Line = { scenario, exchange, recorder, oracle, snapshots, ...start }
  connect(line, exchange.markets)
  transmitAll(line, ["sent"], 0)
  const disagreements: Array<string> = []
  for (const [index, step] of scenario.steps.entries()) {
    exchange.nowMicros += step.elapsedMicros
    take(line, step)
    transmitAll(line, step.fates, step.jitterMicros)
    for (const ticker of tickers) {
      const log = recorder.logs.get(ticker)
      const isTrusted = log !== undefined && MarketLog.isTrusted(log)
      if (isTrusted !== TrustOracle.isTrusted(oracle, ticker)) {
        disagreements.push(`${ticker} after step ${index} (${step.act}): trusted is ${isTrusted}`)
      }
    }
  }
  disconnect(line)
  return { exchange, recorder, oracle, told, snapshots, script: line.script, disagreements }
}

const perform = (line: Line, done: Done): void => {
  line.script.push(done)
  done(line.recorder)
}

const connect = (line: Line, followed: ReadonlyArray<ModelExchange.ModelMarket>): void => {
  const epoch = ++line.epoch
  const { receivedMicros } = line
  perform(line, (recorder) => Listening.open(recorder, epoch, receivedMicros))
  for (const market of followed) follow(line, market)
  ModelExchange.subscribe(line.exchange, followed)
}

const disconnect = (line: Line): void => {
  line.held.length = 0
  line.receivedMicros = Math.max(line.receivedMicros, line.exchange.nowMicros)
  const { receivedMicros } = line
  perform(line, (recorder) => Listening.close(recorder, "connection_lost", receivedMicros))
  TrustOracle.disconnected(line.oracle, line.receivedMicros)
}

const centGrid = Option.getOrThrow(PriceGrid.gridOf("linear_cent"))

const follow = (line: Line, { ticker }: ModelExchange.ModelMarket): void => {
  const end = line.ends.get(ticker)
  line.ends.delete(ticker)
  perform(line, (recorder) => {
    Listening.follow(recorder, ticker, end)
    Recorder.allowPrices(recorder, ticker, centGrid)
  })
  line.oracle.followed.add(ticker)
}

const letGo = (line: Line, ticker: string, isForgotten: boolean): void => {
  const { ends, oracle, receivedMicros } = line
  perform(line, (recorder) => {
    if (!isForgotten) return Recorder.unfollow(recorder, ticker, "unsubscribed", receivedMicros)
    const end = Recorder.forget(recorder, ticker, "unsubscribed", receivedMicros)
    if (end !== undefined && recorder === line.recorder) ends.set(ticker, end)
  })
  TrustOracle.unfollowed(oracle, ticker, receivedMicros)
}

const take = (line: Line, { act, amount, market: index, pick, side }: Step): void => {
  const { exchange, oracle } = line
  const market = exchange.markets[index] as ModelExchange.ModelMarket
  switch (act) {
    case "change":
      ModelExchange.change(exchange, market, side, pick, amount)
      break
    case "snapshot":
      ModelExchange.sendSnapshot(exchange, market)
      break
    case "resync":
      for (const each of exchange.markets) {
        if (each.isSubscribed && !TrustOracle.isTrusted(oracle, each.ticker)) ModelExchange.sendSnapshot(exchange, each)
      }
      break
    case "add":
      if (market.isSubscribed) break
      follow(line, market)
      ModelExchange.sendOk(exchange)
      market.isSubscribed = true
      ModelExchange.sendSnapshot(exchange, market)
      break
    case "delete":
      letGo(line, market.ticker, pick % 2 === 1)
      market.isSubscribed = false
      ModelExchange.sendOk(exchange)
      break
    case "ok":
      ModelExchange.sendOk(exchange)
      break
    case "trade":
      ModelExchange.sendTrade(exchange, market)
      break
    case "unknown":
      ModelExchange.sendUnknown(exchange)
      break
    case "lie":
      ModelExchange.sendLie(exchange, market, ModelExchange.lies[pick % ModelExchange.lies.length] ?? "negative")
      break
    case "end":
      end(line, ModelExchange.endings[pick % ModelExchange.endings.length] ?? "error")
      break
    case "cut": {
      const followed = exchange.markets.filter(({ isSubscribed }) => isSubscribed)
      if (amount % 2 === 0) disconnect(line)
      else {
        // Nobody tells the recorder: it learns of it by the next connection.
        line.held.length = 0
        TrustOracle.disconnected(oracle, line.receivedMicros)
      }
      ModelExchange.cut(exchange)
      connect(line, followed)
      break
    }
  }
}

/** The subscription ends and is opened again. */
const end = (line: Line, ending: ModelExchange.Ending): void => {
  const { exchange } = line
  const followed = exchange.markets.filter(({ isSubscribed }) => isSubscribed)
  ModelExchange.endSubscription(exchange, ending)
  // What does not say which subscription it ends cannot be overtaken by frames of that subscription.
  if (ending === "error without subscription") line.held.length = 0
  transmitAll(line, ["sent"], 0)
  ModelExchange.subscribe(exchange, followed)
}

const transmitAll = (line: Line, fates: ReadonlyArray<Fate>, jitterMicros: number): void => {
  const { exchange, scenario } = line
  for (const [index, frame] of exchange.line.splice(0).entries()) {
    line.receivedMicros = Math.max(line.receivedMicros, frame.sentMicros + scenario.latencyMicros + jitterMicros)
    transmit(line, frame, fates[index % fates.length] ?? "sent")
    for (const each of line.held) each.framesLeft--
    while (line.held[0] !== undefined && line.held[0].framesLeft < 0) {
      const { frame: late } = line.held.shift() as { frame: ModelExchange.Frame }
      arrive(line, late)
    }
  }
}

const arrive = (line: Line, frame: ModelExchange.Frame): void => {
  const { exchange, oracle, receivedMicros } = line
  if (frame.message._tag === "orderbook_snapshot") {
    line.snapshots.push({
      ticker: frame.message.marketTicker,
      tsReceivedMicros: receivedMicros,
      tsMadeMicros: frame.sentMicros + exchange.clockOffsetMicros
    })
  }
  perform(line, (recorder) => Listening.receive(recorder, frame.message, receivedMicros))
  TrustOracle.arrived(oracle, frame, receivedMicros)
}

const transmit = (line: Line, frame: ModelExchange.Frame, fate: Fate): void => {
  const { oracle, receivedMicros } = line
  const { seq, sid } = frame
  if (fate === "sent" || fate === "repeated") {
    arrive(line, frame)
    if (fate === "repeated") arrive(line, frame)
  } else if (fate === "late") {
    line.held.push({ frame, framesLeft: lateFrames })
  } else if (sid !== null && seq !== null && (fate === "garbled" || fate === "nonsense")) {
    const seqRead = fate === "garbled" ? seq : seq + 1_000
    perform(line, (recorder) => Listening.receive(recorder, Frames.undecodable(sid, seqRead), receivedMicros))
    TrustOracle.garbled(oracle, sid, seqRead, receivedMicros)
  } else if (fate !== "lost") {
    perform(line, (recorder) => Listening.receive(recorder, Frames.undecodable(null, null), receivedMicros))
  }
}
