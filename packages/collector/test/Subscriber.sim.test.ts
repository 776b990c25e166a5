/** The rules of `Subscriber`, each against an exchange that works on commands in the most unfortunate order. */
import { assert, describe, it } from "@effect/vitest"
import * as Exchange from "@kalshibook/simulator/exchange/Exchange"
import * as Notices from "@kalshibook/simulator/exchange/Notices"
import { Effect } from "effect"
import type { CollectorSettings } from "../src/CollectorSettings.ts"
import * as HeldCommands from "./HeldCommands.ts"
import * as Lies from "./Lies.ts"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"

/** Nothing is asked for again for lack of an answer. */
const patient = { replyMillisMax: 60_000, snapshotMillisMax: 60_000, closeGraceMillis: 0 }

const startHeld = Effect.fnUntraced(function* (settings: Partial<CollectorSettings> = {}) {
  const exchange = yield* Station.startExchange({ commandDelayMillisMax: 0 })
  /** Commands of one kind that the exchange is to refuse, and how often. */
  const refusal = { action: "", left: 0 }
  const held = HeldCommands.make(exchange, ({ params }) => {
    if (params.action !== refusal.action || refusal.left-- <= 0) return
    exchange.faults.inflict({ fault: "refuse_commands", code: 11, count: 1 })
  })
  const station = yield* Station.record(exchange, yield* Station.memory, { settings: { ...patient, ...settings } })
  yield* Station.untilAllLive(station)
  const ticker = Station.live(station)[4] ?? ""
  const market = exchange.exchange.markets.get(ticker)
  if (market === undefined) return yield* Effect.die("a market")
  const close = Effect.gen(function* () {
    Exchange.setStatus(exchange.exchange, market, "closed")
    market.tsCloseMicros = exchange.exchange.nowMicros
    Notices.closeDateUpdated(exchange.exchange, market)
    yield* Station.until("it is let go", () => !station.recording.cells.has(ticker))
  })
  const reopen = Effect.gen(function* () {
    Exchange.setStatus(exchange.exchange, market, "active")
    market.tsCloseMicros = exchange.exchange.nowMicros + 3_600_000_000
    Notices.closeDateUpdated(exchange.exchange, market)
    yield* Station.until("it is taken up again", () => station.recording.cells.has(ticker))
  })
  const snapshotsOf = Effect.map(Verdict.logOf(station, ticker), (log) => log.filter(({ kind }) => kind === "snapshot"))
  return { exchange, held, refusal, station, ticker, close, reopen, snapshotsOf }
})

describe("a market is followed from the frame on that acknowledges its subscription", () => {
  it.live("so an old snapshot that comes while it is not subscribed is not believed", () =>
    Effect.gen(function* () {
      const { close, exchange, held, reopen, snapshotsOf, station, ticker } = yield* startHeld()
      held.hold()
      Lies.sendChange(exchange, { marketTicker: ticker, side: "yes", priceE4: 100, deltaE2: -1_000_000_000_000 })
      yield* Station.until("a snapshot is asked for", () => held.waiting(ticker).includes("get_snapshot"))
      yield* close
      yield* Station.until("it shall go", () => held.waiting(ticker).includes("delete_markets"))
      held.release("delete_markets", ticker)
      yield* reopen
      yield* Station.until("it shall come back", () => held.waiting(ticker).includes("add_markets"))
      const before = (yield* snapshotsOf).length
      held.release("get_snapshot", ticker)
      yield* Verdict.untilStored(station)
      yield* Station.until(
        "the snapshot is there",
        () => station.recording.recorder.logs.get(ticker)?.replay.last !== undefined
      )
      yield* Verdict.untilStored(station)
      assert.strictEqual((yield* snapshotsOf).length, before + 1)
      assert.notInclude(Station.live(station), ticker, "nothing tells of its changes")

      held.releaseAll()
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )
})

describe("a snapshot is asked for only while its market is followed", () => {
  it.live("also when the first chunk with it was refused, and it was let go of meanwhile", () =>
    Effect.gen(function* () {
      const { exchange, held, refusal, station } = yield* startHeld({ chunkSettleMillisMax: 1_000 })
      const tickers = Station.live(station)
      held.hold()
      Object.assign(refusal, { action: "get_snapshot", left: 1 })
      yield* Station.inflict(exchange, { fault: "frame", action: { _tag: "drop" }, type: "orderbook_delta" })
      const asked = () => tickers.filter((ticker) => held.waiting(ticker).includes("get_snapshot"))
      yield* Station.until("the first half is asked for", () => asked().length === tickers.length / 2)
      const late = tickers.find((ticker) => !asked().includes(ticker)) ?? ""
      const market = exchange.exchange.markets.get(late)
      if (market === undefined) return yield* Effect.die("a market")
      Exchange.setStatus(exchange.exchange, market, "determined")
      Notices.determined(exchange.exchange, market)
      yield* Station.until("it shall go", () => held.waiting(late).includes("delete_markets"))
      held.release("delete_markets", late)
      yield* Station.until("the second half is asked for", () => asked().length === tickers.length - 1)
      assert.deepStrictEqual(held.waiting(late), [])
      assert.isFalse(Station.followed(station).has(late))
      held.releaseAll()
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )
})

describe("a market that was let go of", () => {
  it.live("and that the exchange refuses to let go of is taken up again on a new connection alone", () =>
    Effect.gen(function* () {
      const { close, refusal, reopen, station, ticker } = yield* startHeld()
      Object.assign(refusal, { action: "delete_markets", left: 1 })
      yield* close
      yield* Station.until("it is refused", () => refusal.left === 0)
      yield* reopen
      yield* Station.until("it is recorded again", () => Station.live(station).includes(ticker))
      assert.strictEqual(station.recording.recorder.epochLast, 2)
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )

  it.live("is subscribed again only after the exchange has acknowledged that it let go", () =>
    Effect.gen(function* () {
      const { close, held, reopen, station, ticker } = yield* startHeld()
      held.hold()
      yield* close
      yield* Station.until("it shall go", () => held.waiting(ticker).length > 0)
      yield* reopen
      yield* Verdict.untilStored(station)
      assert.deepStrictEqual(held.waiting(ticker), ["delete_markets"])
      held.release("delete_markets", ticker)
      yield* Station.until("it shall come back", () => held.waiting(ticker).length > 0)
      assert.deepStrictEqual(held.waiting(ticker), ["add_markets"])
      held.releaseAll()
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )
})

describe("when the exchange ends the subscription", () => {
  it.live("nothing is followed until it is acknowledged anew", () =>
    Effect.gen(function* () {
      const { exchange, held, station, ticker } = yield* startHeld()
      held.hold()
      yield* Station.inflict(exchange, { fault: "subscription_error", code: 25 })
      yield* Station.until(
        "it is asked for anew",
        () => held.waiting(ticker).length > 0 || Station.live(station).length === 0
      )
      assert.strictEqual(Station.followed(station).size, 0)
      held.releaseAll()
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )

  it.live("an acknowledgement of before counts for nothing, and nobody waits for it", () =>
    Effect.gen(function* () {
      const { exchange, station } = yield* startHeld()
      const { counts } = station.recording.recorder
      const before = Station.live(station)
      const action = { _tag: "delay", millis: 60_000 } as const
      yield* Station.inflict(exchange, { fault: "frame", action, type: "ok", channel: "orderbook_delta" })
      yield* Station.inflict(exchange, { fault: "unannounced_market" })
      yield* Station.until("it is on its way", () => exchange.faults.frameHits() === 1)
      yield* Station.inflict(exchange, { fault: "subscription_error", code: 10 })
      yield* Station.until("all are back, the new one too", () => Station.live(station).length > before.length)
      yield* Station.untilAllLive(station)
      const { framesRepeated } = counts
      yield* Station.inflict(exchange, { fault: "clear" })
      yield* Station.until("it comes", () => counts.framesRepeated > framesRepeated)
      const { frames } = counts
      yield* Station.until("markets trade on", () => counts.frames > frames + 300)
      yield* Verdict.isTrue(station)
      assert.strictEqual(station.recording.recorder.epochLast, 1)
    }).pipe(Effect.scoped)
  )
})
