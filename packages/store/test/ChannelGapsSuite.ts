/** What is promised of the holes in channels. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import type { SideChannel } from "@kalshibook/core/ChannelGap"
import { ChannelGaps, type StoredChannelGap } from "@kalshibook/store/ChannelGaps"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Option } from "effect"
import { batch, channelGap, hourStartMicros, trade } from "./Batch.ts"

const at = (seconds: number) => hourStartMicros + seconds * 1_000_000

const unfilled = { tsFilledMicros: null, entriesFilled: null }

/** Cases share a database: each looks at an hour of its own. */
const inHour = (hour: number) => (channel: SideChannel) =>
  Effect.flatMap(ChannelGaps, (gaps) => gaps.overlapping(channel, at(hour * 3_600), at((hour + 1) * 3_600)))

export const channelGapsSuite = (it: Vitest.MethodsNonLive<HotTier | ChannelGaps>): void => {
  it.effect("a hole is open until its end is told, ends once, and is never opened again", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const gaps = yield* ChannelGaps
      const stored = inHour(1)
      const begun = channelGap({ tsFromMicros: at(3_600), tsDetectedMicros: at(3_601) })
      const ended = { ...begun, tsToMicros: at(3_650), seqTo: 9 }
      yield* hot.append(batch({ channelGaps: [begun] }))
      yield* hot.append(batch({ channelGaps: [begun] }))
      assert.deepStrictEqual(yield* gaps.open, [{ ...begun, ...unfilled }])
      assert.deepStrictEqual(yield* gaps.unfilled("trade", 10), [])
      yield* hot.append(batch({ channelGaps: [ended] }))
      assert.deepStrictEqual(yield* gaps.open, [])
      for (const channelGaps of [[begun], [{ ...ended, tsToMicros: at(3_660) }], [begun, ended]]) {
        yield* hot.append(batch({ channelGaps }))
        assert.deepStrictEqual(yield* stored("trade"), [{ ...ended, ...unfilled }])
      }
      yield* gaps.fill(ended, [], at(0))
    })
  )

  it.effect("a hole that begins and ends within one batch is one hole, and so is one told twice", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const begun = channelGap({ channel: "market_lifecycle_v2", tsFromMicros: at(7_200), seqFrom: 0 })
      const ended = { ...begun, tsToMicros: at(7_201) }
      yield* hot.append(batch({ channelGaps: [begun, ended, begun] }))
      yield* hot.append(batch({ channelGaps: [begun, ended] }))
      assert.deepStrictEqual(yield* inHour(2)("market_lifecycle_v2"), [{ ...ended, ...unfilled }])
      assert.deepStrictEqual(yield* inHour(2)("trade"), [])
    })
  )

  it.effect("holes that reach into a range are found: open ones, and those that began before or end after it", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const gaps = yield* ChannelGaps
      const hole = (from: number, to: number | null) =>
        channelGap({ tsFromMicros: at(10_800 + from), tsToMicros: to === null ? null : at(10_800 + to), seqFrom: from })
      const holes = [hole(0, 10), hole(10, 20), hole(15, 15), hole(20, 30), hole(25, 40), hole(30, 31)]
      yield* hot.append(batch({ channelGaps: holes }))
      const found = Effect.map(gaps.overlapping("trade", at(10_815), at(10_830)), seqsFrom)
      assert.deepStrictEqual(yield* found, [10, 15, 20, 25])
      yield* hot.append(batch({ channelGaps: [hole(5, null)] }))
      assert.deepStrictEqual(yield* found, [5, 10, 15, 20, 25])
      yield* hot.append(batch({ channelGaps: [hole(5, 14)] }))
      assert.deepStrictEqual(yield* found, [10, 15, 20, 25])
      yield* Effect.forEach(holes, (gap) => gaps.fill(gap, [], at(0)))
      yield* gaps.fill(hole(5, 14), [], at(0))
    })
  )

  it.effect("filling stores the trades that were missing, once, and says how many that were", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const gaps = yield* ChannelGaps
      const marketTicker = "KXFILLED"
      const inTrades = hot.trades({
        marketTicker,
        fromMicros: 0,
        toMicros: Number.MAX_SAFE_INTEGER,
        after: Option.none(),
        tradesMax: 10
      })
      const [one, two, three] = ["fill-1", "fill-2", "fill-3"].map((tradeId) => trade({ marketTicker, tradeId }))
      const early = channelGap({ tsFromMicros: at(14_400), tsToMicros: at(14_410) })
      const late = channelGap({ tsFromMicros: at(14_420), tsToMicros: at(14_430) })
      assert.isDefined(one)
      assert.isDefined(two)
      assert.isDefined(three)
      yield* hot.append(batch({ trades: [one], channelGaps: [late, early] }))
      assert.deepStrictEqual(beginnings(yield* gaps.unfilled("trade", 10)), [early.tsFromMicros, late.tsFromMicros])
      assert.deepStrictEqual(beginnings(yield* gaps.unfilled("trade", 1)), [early.tsFromMicros])
      const missed = { ...three, epoch: 0, sid: 0, seq: 0 }
      assert.deepStrictEqual(yield* gaps.fill(early, [one, two, two, missed], at(20_000)), [two, missed])
      assert.deepStrictEqual(yield* inTrades, [one, two, { ...three, epoch: 0, sid: 0, seq: 0 }])
      assert.deepStrictEqual(beginnings(yield* gaps.unfilled("trade", 10)), [late.tsFromMicros])
      const filled = { ...early, tsFilledMicros: at(20_000), entriesFilled: 2 }
      assert.deepStrictEqual(yield* inHour(4)("trade"), [filled, { ...late, ...unfilled }])
      // Once more, after an answer that was lost: nothing changes, also when its beginning is told again.
      assert.deepStrictEqual(yield* gaps.fill(early, [one, two, three], at(20_001)), [])
      yield* hot.append(batch({ channelGaps: [early, { ...early, tsToMicros: null }], trades: [three] }))
      assert.deepStrictEqual(yield* inHour(4)("trade"), [filled, { ...late, ...unfilled }])
      assert.lengthOf(yield* inTrades, 3)
      assert.deepStrictEqual(yield* gaps.fill(late, [], at(20_002)), [])
      assert.deepStrictEqual(yield* gaps.unfilled("trade", 10), [])
    })
  )

  it.effect("a trade that REST told before the exchange's own frame was stored is stored as it was sent", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const gaps = yield* ChannelGaps
      const hole = channelGap({ tsFromMicros: at(25_200), tsToMicros: at(25_210) })
      const sent = trade({ marketTicker: "KXBOTH", tradeId: "both-1", tsExchangeMicros: at(25_210) })
      const told = { ...sent, epoch: 0, sid: 0, seq: 0, tsReceivedMicros: at(25_300), tsExchangeMicros: at(25_210) + 7 }
      const stored = hot.trades({
        marketTicker: "KXBOTH",
        fromMicros: 0,
        toMicros: Number.MAX_SAFE_INTEGER,
        after: Option.none(),
        tradesMax: 10
      })
      yield* hot.append(batch({ channelGaps: [hole] }))
      assert.deepStrictEqual(yield* gaps.fill(hole, [told], at(25_300)), [told])
      assert.deepStrictEqual(yield* stored, [told])
      yield* hot.append(batch({ trades: [sent] }))
      assert.deepStrictEqual(yield* stored, [sent])
      assert.deepStrictEqual(yield* gaps.fillPart([told]), [])
      assert.deepStrictEqual(yield* stored, [sent])
    })
  )

  it.effect("a hole that is filled in parts says how many all of them brought", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const gaps = yield* ChannelGaps
      const hole = channelGap({ tsFromMicros: at(21_600), tsToMicros: at(21_610) })
      const part = (...names: ReadonlyArray<string>) =>
        names.map((name) => trade({ marketTicker: "KXPARTS", tradeId: `part-${name}` }))
      yield* hot.append(batch({ channelGaps: [hole], trades: part("1") }))
      assert.lengthOf(yield* gaps.fillPart(part("1", "2", "3")), 2)
      assert.deepStrictEqual(yield* inHour(6)("trade"), [{ ...hole, ...unfilled }])
      assert.lengthOf(yield* gaps.fill(hole, part("3", "4"), at(21_700), 2), 1)
      const filled = { ...hole, tsFilledMicros: at(21_700), entriesFilled: 3 }
      assert.deepStrictEqual(yield* inHour(6)("trade"), [filled])
    })
  )

  it.effect("a hole that has not ended cannot be filled", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const gaps = yield* ChannelGaps
      const begun = channelGap({ tsFromMicros: at(18_000) })
      yield* hot.append(batch({ channelGaps: [begun] }))
      yield* gaps.fill({ ...begun, tsToMicros: at(18_001) }, [], at(18_002))
      assert.deepStrictEqual(yield* inHour(5)("trade"), [{ ...begun, ...unfilled }])
    })
  )
}

const seqsFrom = (gaps: ReadonlyArray<StoredChannelGap>) => gaps.map((gap) => gap.seqFrom)
const beginnings = (gaps: ReadonlyArray<StoredChannelGap>) => gaps.map((gap) => gap.tsFromMicros)
