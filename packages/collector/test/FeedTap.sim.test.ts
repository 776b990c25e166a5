/** What a recorder tells those who follow it, against what it stores. */
import { assert, it } from "@effect/vitest"
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { FeedMessage } from "@kalshibook/core/FeedMessage"
import * as LiveFold from "@kalshibook/core/LiveFold"
import * as Replay from "@kalshibook/core/Replay"
import { type FeedFollower, FeedHub } from "@kalshibook/store/feed/FeedHub"
import * as TapeMemory from "@kalshibook/store/tape/TapeMemory"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import * as Station from "./Station.ts"

const millisMax = 60_000

/** Follows as fast as it can, and folds nothing. */
const follow = (follower: FeedFollower, heard: Array<FeedMessage>): void => {
  const takeAll = (): void => {
    heard.push(...follower.take(1_000))
    follower.wait(takeAll)
  }
  follower.wait(takeAll)
}

/** Every record by its log, and each log without a hole and without a repeat, within one feed. */
const logsTold = (heard: ReadonlyArray<FeedMessage>): Map<MarketTicker, Array<BookRecord>> => {
  const logs = new Map<MarketTicker, Array<BookRecord>>()
  let number = 0
  for (const message of heard) {
    if (message._tag === "state") number = message.number
    if (message._tag !== "batch") continue
    assert.strictEqual(message.number, ++number)
    for (const record of message.records) {
      const told = logs.get(record.marketTicker) ?? []
      logs.set(record.marketTicker, told)
      const before = told.at(-1)
      if (before !== undefined) assert.strictEqual(record.offset, before.offset + 1)
      assert.isAtMost(record.kind === "gap" ? 0 : record.tsReceivedMicros, message.tsReceivedMicros)
      told.push(record)
    }
  }
  return logs
}

const feedsOf = (heard: ReadonlyArray<FeedMessage>): ReadonlySet<string> =>
  new Set(heard.flatMap((message) => (message._tag === "state" ? [message.feedId] : [])))

const storesWithHub = Effect.gen(function* () {
  const stores = yield* Station.memory
  return Context.merge(stores, yield* Layer.build(Layer.fresh(FeedHub.layer)))
})

const storedOf = (station: Station.Station, ticker: MarketTicker) =>
  station.hotTier.records({
    marketTicker: ticker,
    fromMicros: 0,
    toMicros: Number.MAX_SAFE_INTEGER,
    afterOffset: 0,
    recordsMax: 100_000
  })

it.live(
  "every record that is stored was told before, once and in order, also when memory was too small for what waited",
  () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ deltasPerSecond: 2_000 })
      const stores = yield* storesWithHub
      const heard: Array<FeedMessage> = []
      follow(Context.get(stores, FeedHub).follow(), heard)
      const scope = yield* Scope.make()
      const station = yield* Station.record(exchange, stores, {
        settings: { queueRecordsMax: 40, flushMillis: 150 }
      }).pipe(Scope.provide(scope))
      yield* Station.until("records", () => station.recording.recordsCommitted > 1_500)
      assert.isTrue(station.lines.some(({ text }) => text.includes("what memory could not hold")))
      // The state of somebody who comes later is the fold of what the others heard.
      const [state] = Context.get(stores, FeedHub).follow().take(1)
      assert.strictEqual(state?._tag, "state")
      if (state?._tag !== "state") return
      const told = logsTold(heard)
      for (const log of state.logs) assert.strictEqual(told.get(log.marketTicker)?.at(-1)?.offset, log.last.offset)
      const { recorder } = station.recording
      for (const log of state.logs) {
        const replay = recorder.logs.get(log.marketTicker)?.replay
        if (replay !== undefined) assert.deepStrictEqual(LiveFold.toLog(replay)?.trust, log.trust)
      }
      yield* Scope.close(scope, Exit.void)
      const all = logsTold(heard)
      assert.isAtLeast(all.size, 12)
      for (const [ticker, records] of all) assert.deepStrictEqual(yield* storedOf(station, ticker), records)
      assert.deepStrictEqual(heard.at(-1), { _tag: "lost", cause: "recording has stopped" })
    }).pipe(Effect.scoped),
  millisMax
)

it.live(
  "a recorder that begins again tells from where the logs were left, by another name",
  () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      const stores = yield* storesWithHub
      const heard: Array<FeedMessage> = []
      follow(Context.get(stores, FeedHub).follow(), heard)
      const first = yield* Scope.make()
      const station = yield* Station.record(exchange, stores).pipe(Scope.provide(first))
      yield* Station.until("records", () => station.recording.recordsCommitted > 300)
      yield* Scope.close(first, Exit.void)
      const before = logsTold(heard)
      const at = heard.length
      const again = yield* Station.record(exchange, stores)
      yield* Station.until("records again", () => again.recording.recordsCommitted > 300)
      const [state] = heard.slice(at)
      if (state?._tag !== "state") return assert.fail("a state comes first")
      assert.lengthOf(state.logs, 0)
      assert.strictEqual(state.ended.length, before.size)
      for (const log of state.ended) {
        const last = before.get(log.marketTicker)?.at(-1)
        assert.strictEqual(last?.kind, "gap")
        assert.strictEqual(log.last.offset, last?.offset)
      }
      const batches = heard.slice(at + 1).flatMap((message) => (message._tag === "batch" ? [message] : []))
      const begun = batches.flatMap((batch) => batch.begun)
      assert.isAtLeast(begun.length, 12)
      for (const log of begun) assert.strictEqual(log.last.offset, before.get(log.marketTicker)?.at(-1)?.offset)
      for (const [ticker, [record]] of logsTold(heard.slice(at))) {
        assert.strictEqual(record?.offset, (before.get(ticker)?.length ?? 0) + 1)
      }
      assert.strictEqual(feedsOf(heard).size, 2)
    }).pipe(Effect.scoped),
  millisMax
)

it.live(
  "after the disk gave out another feed begins, which shows what was told in vain",
  () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ deltasPerSecond: 2_000 })
      const tape = TapeMemory.make()
      const place = yield* Layer.build(TapePlace.layerMemory(tape, { syncMillisMax: 300 }))
      const stores = Context.merge(yield* storesWithHub, place)
      const heard: Array<FeedMessage> = []
      follow(Context.get(stores, FeedHub).follow(), heard)
      const station = yield* Station.record(exchange, stores, { settings: { storageRetryMillis: 50 } })
      yield* Station.until("records", () => station.recording.recordsCommitted > 500)
      // What was told and is not synced is lost.
      yield* Station.until("an entry that waits", () => tape.entries.length > tape.synced + 20)
      TapeMemory.fail(tape, "disk_full")
      yield* Station.until("another feed", () => feedsOf(heard).size === 2)
      const at = heard.findLastIndex(({ _tag }) => _tag === "state")
      const before = logsTold(heard.slice(0, at))
      const state = heard[at]
      if (state?._tag !== "state") return assert.fail("a state")
      assert.isTrue(heard.slice(0, at).some(({ _tag }) => _tag === "lost"))
      const standings = state.ended.map((log) => {
        const replay = Replay.make()
        for (const record of before.get(log.marketTicker) ?? []) Replay.apply(replay, record)
        return LiveFold.standing(replay, log, false)
      })
      assert.include(standings, "rewritten")
      yield* Station.until("records again", () => {
        const [first] = logsTold(heard.slice(at)).values()
        return (first?.length ?? 0) > 5
      })
    }).pipe(Effect.scoped),
  millisMax
)
