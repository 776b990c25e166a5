import { assert, describe, it } from "@effect/vitest"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { ChannelGaps, type StoredChannelGap } from "@kalshibook/store/ChannelGaps"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { Context, Effect, Layer, Option } from "effect"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"

const settings = { tradeFillMillis: 50, tradeLagMillis: -9_900, restRequestsPerSecondMax: 500 }

type Stores = Effect.Success<typeof Station.memory>

const holes = (stores: Stores): Effect.Effect<ReadonlyArray<StoredChannelGap>> =>
  Effect.orDie(Context.get(stores, ChannelGaps).overlapping("trade", 0, Number.MAX_SAFE_INTEGER))

const untilFilled = (stores: Stores, holesMin: number): Effect.Effect<ReadonlyArray<StoredChannelGap>> =>
  holes(stores).pipe(
    Effect.flatMap((found) =>
      found.length >= holesMin && found.every(({ tsFilledMicros }) => tsFilledMicros !== null)
        ? Effect.succeed(found)
        : Effect.delay(Effect.fail("not yet"), 20)
    ),
    Effect.eventually,
    Effect.timeoutOrElse({
      duration: 20_000,
      orElse: () => Effect.flatMap(holes(stores), (found) => Effect.die(`not filled: ${JSON.stringify(found)}`))
    })
  )

const stored = Effect.fnUntraced(function* (station: Station.Station) {
  const found: Array<TradeRecord> = []
  for (const marketTicker of station.exchange.exchange.markets.keys()) {
    const query = { marketTicker, fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }
    found.push(...(yield* Effect.orDie(station.hotTier.trades({ ...query, after: Option.none(), tradesMax: 100_000 }))))
  }
  return found
})

/** What is stored of each trade that has happened since the station began to listen, as the exchange has it. */
const isWhole = Effect.fnUntraced(function* (station: Station.Station, fromMicros: number) {
  // The last ones may be on their way.
  const last = station.exchange.exchange.trades.at(-1)?.tradeId
  const records = yield* stored(station).pipe(
    Effect.flatMap((found) =>
      found.some(({ tradeId }) => tradeId === last) ? Effect.succeed(found) : Effect.delay(Effect.fail("not yet"), 20)
    ),
    Effect.eventually,
    Effect.timeoutOrElse({ duration: 10_000, orElse: () => Effect.die("the last trade never came") })
  )
  const byId = new Map(records.map((record) => [record.tradeId, record]))
  assert.strictEqual(byId.size, records.length, "each once")
  const all = station.exchange.exchange.trades.filter(({ tsMicros }) => tsMicros >= fromMicros)
  assert.isAbove(all.length, 0)
  for (const trade of all) {
    const { isBlockTrade, market, sizeE2, takerSide, tradeId, yesPriceE4 } = trade
    assert.deepInclude(byId.get(tradeId), { marketTicker: market.ticker, sizeE2, takerSide, isBlockTrade, yesPriceE4 })
  }
  return records
})

describe("holes in the trades", () => {
  it.live(
    "of lost frames and lost connections are filled from the exchange's list: each trade is there once, and the holes say how many they lacked; who follows is told of all",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ deltasPerSecond: 2_000 })
        const hub = yield* Layer.build(Layer.fresh(FeedHub.layer))
        const stores = Context.merge(yield* Station.memory, hub)
        const told = new Set<string>()
        const follower = Context.get(hub, FeedHub).follow()
        const hear = (): void => {
          for (const message of follower.take(1_000)) {
            if (message._tag === "batch") for (const { tradeId } of message.trades) told.add(tradeId)
          }
          follower.wait(hear)
        }
        follower.wait(hear)
        const station = yield* Station.record(exchange, stores, { settings })
        yield* Station.untilAllLive(station)
        yield* Station.until("trades come", () => station.recording.recorder.channels.get("trade") === null)
        const fromMicros = exchange.exchange.nowMicros
        for (let time = 0; time < 3; time++) {
          const hits = exchange.faults.frameHits()
          yield* Station.inflict(exchange, { fault: "frame", action: { _tag: "drop" }, type: "trade", count: 5 })
          yield* Station.until("trades are lost", () => exchange.faults.frameHits() >= hits + 5)
        }
        yield* Station.inflict(exchange, { fault: "refuse_handshakes", status: 503, millis: 700 })
        yield* Station.inflict(exchange, { fault: "cut" })
        yield* Station.until("the next epoch", () => station.recording.recorder.epochLast === 2)
        yield* Station.until("trades come again", () => station.recording.recorder.channels.get("trade") === null)
        const frames = station.recording.recorder.counts.frames
        yield* Station.until("more come", () => station.recording.recorder.counts.frames > frames + 200)
        yield* Station.inflict(exchange, { fault: "pause_trading" })
        yield* Verdict.untilStored(station)
        const found = yield* untilFilled(stores, 2)
        const records = yield* isWhole(station, fromMicros)
        const filled = records.filter(({ epoch }) => epoch === 0)
        assert.isAtLeast(filled.length, 15)
        // On a busy machine a frame may come after its trade was filled: then the exchange's own word is what is stored.
        assert.isAtLeast(
          found.reduce((sum, { entriesFilled }) => sum + (entriesFilled ?? 0), 0),
          filled.length
        )
        for (const { seq, sid } of filled) assert.deepStrictEqual([sid, seq], [0, 0])
        yield* Station.until("everything is told", () => records.every(({ tradeId }) => told.has(tradeId)))
      }).pipe(Effect.scoped)
  )

  it.live("are filled page by page, though the list fails now and then, and recording goes on meanwhile", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ deltasPerSecond: 10_000 })
      const stores = yield* Station.memory
      const station = yield* Station.record(exchange, stores, { settings })
      yield* Station.untilAllLive(station)
      yield* Station.until("trades come", () => station.recording.recorder.channels.get("trade") === null)
      const fromMicros = exchange.exchange.nowMicros
      yield* Station.inflict(exchange, { fault: "frame", action: { _tag: "drop" }, type: "trade", count: 1_000_000 })
      yield* Station.until("more than a page of trades are lost", () => exchange.faults.frameHits() > 1_500)
      const restFault = { fault: "rest", status: 503, count: 9, pathPrefix: "/trade-api/v2/markets/trades" } as const
      yield* Station.inflict(exchange, { fault: "clear" })
      yield* Station.inflict(exchange, restFault)
      yield* Station.until("trades come again", () => station.recording.recorder.counts.sequenceGaps > 0)
      yield* Verdict.untilStored(station)
      yield* untilFilled(stores, 1)
      yield* Station.inflict(exchange, { fault: "pause_trading" })
      yield* Verdict.untilStored(station)
      yield* isWhole(station, fromMicros)
      const live = Station.live(station).length
      assert.strictEqual(live, Station.active(exchange.exchange).length)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )

  it.live("that a collector leaves when it stops are filled by the next one", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ deltasPerSecond: 2_000 })
      const stores = yield* Station.memory
      const fromMicros = yield* Effect.scoped(
        Effect.gen(function* () {
          const station = yield* Station.record(exchange, stores, {
            settings: { ...settings, tradeFillMillis: 60_000 }
          })
          yield* Station.untilAllLive(station)
          yield* Station.until("trades come", () => station.recording.recorder.channels.get("trade") === null)
          return exchange.exchange.nowMicros
        })
      )
      const { length } = exchange.exchange.trades
      yield* Station.until("trades are missed", () => exchange.exchange.trades.length > length + 100)
      const station = yield* Station.record(exchange, stores, { settings })
      yield* Station.untilAllLive(station)
      yield* untilFilled(stores, 1)
      yield* Station.inflict(exchange, { fault: "pause_trading" })
      yield* Verdict.untilStored(station)
      yield* isWhole(station, fromMicros)
    }).pipe(Effect.scoped)
  )

  it.live("from before what the exchange keeps stay holes, with a line that says so", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      const stores = yield* Station.memory
      const tsFromMicros = exchange.exchange.nowMicros - 90 * 86_400_000_000
      const old = {
        channel: "trade",
        epoch: 1,
        sid: 1,
        seqFrom: 7,
        seqTo: 9,
        cause: "sequence_hole",
        tsFromMicros,
        tsDetectedMicros: tsFromMicros + 1,
        tsToMicros: tsFromMicros + 1
      } as const
      const station = yield* Station.record(exchange, stores, { settings })
      yield* Effect.orDie(
        station.hotTier.append({
          records: [],
          keyframes: [],
          trades: [],
          lifecycle: [],
          connections: [],
          channelGaps: [old],
          watermark: Option.getOrThrow(yield* Effect.orDie(station.hotTier.watermark))
        })
      )
      yield* Station.until("it is told", () => station.lines.some(({ text }) => text.includes("does not keep")))
      yield* Station.untilAllLive(station)
      assert.deepStrictEqual(
        (yield* holes(stores)).map(({ tsFilledMicros }) => tsFilledMicros),
        [null]
      )
      assert.lengthOf(
        station.lines.filter(({ text }) => text.includes("does not keep")),
        1
      )
    }).pipe(Effect.scoped)
  )
})
