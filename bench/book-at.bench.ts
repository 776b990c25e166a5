/**
 * The book of a market at a random moment, out of the hot tier in Postgres, warm: what a customer waits for, less HTTP.
 *
 * A generated day of 3,000 markets, a few of them hot and most quiet, is appended in batches with a keyframe every 500 records
 * of a market, as a recorder does. Then single questions, one after the other, half of them about markets picked by activity
 * and half about any market. A sample of the answers is compared with a fold of the whole log from its first record.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Book from "@kalshibook/core/Book"
import type { BookClock, BookRecord, Side } from "@kalshibook/core/BookRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as Replay from "@kalshibook/core/Replay"
import { hourMicros } from "@kalshibook/core/Units"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import * as Database from "@kalshibook/store/Database"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer } from "effect"
import { type BenchRow, rate } from "./BenchTable.ts"

const recordCount = Number(process.env["KALSHIBOOK_BENCH_RECORDS"] ?? 5_000_000)
const marketCount = 3_000
const batchRecords = 20_000
const keyframeEveryRecords = 500
const hoursRecorded = 24
const warmUpCount = 300
const questionCount = 2_000
const comparedCount = 12
const p50MillisPromised = 5
const p99MillisPromised = 50

/** 2026-11-21T00:00:00Z. */
const startMicros = 1_795_219_200_000_000
const stepMicros = Math.floor((hoursRecorded * hourMicros) / recordCount)
/** The exchange's clock is behind ours by the way of a frame. */
const wayMicros = 20_000
/** Levels of each side: every whole cent from 1 to 48, which leaves the book uncrossed. */
const levelsPerSide = 48

const tickerOf = (market: number): string => `KXBENCH-26NOV21-M${market}`

/** A market by activity: the n-th hottest is picked n times less often than the hottest. */
const byActivity = (prng: Prng.Prng): number =>
  Math.min(marketCount, Math.floor((marketCount + 1) ** Prng.fraction(prng))) - 1

export const run = (): Promise<ReadonlyArray<BenchRow>> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const loadedMillis = yield* timed(load)
      const prng = Prng.make(2, 0)
      for (let index = 0; index < warmUpCount; index++) yield* ask(prng, "received")
      for (let index = 0; index < comparedCount; index++) yield* compare(prng)
      const scale = `${marketCount.toLocaleString("en")} markets, ${(recordCount / 1e6).toLocaleString("en")} M records`
      const rows: Array<BenchRow> = [
        {
          what: `append to the hot tier, ${scale}, with keyframes`,
          ours: rate((recordCount / loadedMillis) * 1_000),
          baseline: "",
          ratio: "",
          promised: "",
          passed: true
        }
      ]
      for (const clock of ["received", "exchange"] as const) {
        const millis: Array<number> = []
        for (let index = 0; index < questionCount; index++) millis.push(yield* timed(ask(prng, clock)))
        millis.sort((left, right) => left - right)
        const p50 = millis[Math.floor(questionCount * 0.5)] ?? Number.NaN
        const p99 = millis[Math.floor(questionCount * 0.99)] ?? Number.NaN
        rows.push({
          what: `book at T by the ${clock === "received" ? "receive" : "exchange's"} clock, hot tier, ${scale}`,
          ours: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
          baseline: "",
          ratio: "",
          promised: `p50 ${p50MillisPromised} ms, p99 ${p99MillisPromised} ms`,
          passed: p50 <= p50MillisPromised && p99 <= p99MillisPromised
        })
      }
      return rows
    }).pipe(Effect.provide(stores))
  )

const stores = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "kalshibook-bench-"))),
      (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
    ),
    (folder) =>
      History.layerHot.pipe(
        Layer.provideMerge(HotTier.layerNoDeps),
        Layer.provide(Database.layerEmbedded({ folder: join(folder, "postgres"), durability: "keep" }))
      )
  )
)

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const startMillis = performance.now()
    yield* effect
    return performance.now() - startMillis
  })

/** Appends the whole day. */
const load = Effect.gen(function* () {
  const hot = yield* HotTier
  const prng = Prng.make(1, 0)
  const replays = Array.from({ length: marketCount }, () => Replay.make())
  for (let start = 0; start < recordCount; start += batchRecords) {
    const records: Array<BookRecord> = []
    const keyframes: Array<Keyframe> = []
    for (let index = start; index < Math.min(recordCount, start + batchRecords); index++) {
      // First each market once, so that all have a snapshot early in the day.
      const market = index < marketCount ? index : byActivity(prng)
      const replay = replays[market] as Replay.Replay
      const record = next(prng, market, replay, index)
      Replay.apply(replay, record)
      records.push(record)
      const keyframe = record.offset % keyframeEveryRecords === 0 ? Replay.toKeyframe(replay) : undefined
      if (keyframe !== undefined) keyframes.push(keyframe)
    }
    const tsReceivedMicros = startMicros + (start + batchRecords) * stepMicros
    const tsExchangeMicros = tsReceivedMicros - wayMicros
    const watermark = {
      epoch: 1,
      tsReceivedMicros,
      tsExchangeMicros,
      tsExchangeReceivedMicros: tsReceivedMicros,
      tapeId: null,
      tapeEntry: 0
    }
    yield* hot.append({ records, keyframes, trades: [], lifecycle: [], connections: [], channelGaps: [], watermark })
  }
})

const levels = Array.from({ length: levelsPerSide }, (_, index) => ({ priceE4: (index + 1) * 100, sizeE2: 50_000 }))

/** The market's next record: first a snapshot, then changes that leave no level below zero. */
const next = (prng: Prng.Prng, market: number, replay: Replay.Replay, index: number): BookRecord => {
  const tsReceivedMicros = startMicros + index * stepMicros
  const offset = (replay.last?.offset ?? 0) + 1
  const head = { marketTicker: tickerOf(market), offset, epoch: 1, sid: 1, seq: index + 1, tsReceivedMicros }
  if (offset === 1) return { kind: "snapshot", ...head, tsExchangeMicros: null, levels: { yes: levels, no: levels } }
  const side: Side = Prng.chance(prng, 0.5) ? "yes" : "no"
  const priceE4 = Prng.between(prng, 1, levelsPerSide) * 100
  const sizeE2 = Prng.between(prng, 100, 20_000)
  const isTaken = Book.sizeE2(replay.book, side, priceE4) >= sizeE2 && Prng.chance(prng, 0.5)
  return {
    kind: "delta",
    ...head,
    tsExchangeMicros: tsReceivedMicros - wayMicros,
    side,
    priceE4,
    deltaE2: isTaken ? -sizeE2 : sizeE2
  }
}

const question = (prng: Prng.Prng) => ({
  marketTicker: tickerOf(Prng.chance(prng, 0.5) ? byActivity(prng) : Prng.below(prng, marketCount)),
  atMicros: startMicros + (marketCount + Prng.below(prng, recordCount - marketCount)) * stepMicros
})

const ask = (prng: Prng.Prng, clock: BookClock) =>
  Effect.gen(function* () {
    const { marketTicker, atMicros } = question(prng)
    return yield* (yield* History).bookAt(marketTicker, atMicros, clock)
  })

/** Dies when an answer is not the fold of the whole log. */
const compare = (prng: Prng.Prng) =>
  Effect.gen(function* () {
    const hot = yield* HotTier
    const { marketTicker, atMicros } = question(prng)
    const answer = yield* (yield* History).bookAt(marketTicker, atMicros, "received")
    const plain = Replay.make()
    while (true) {
      const records = yield* hot.records({
        marketTicker,
        fromMicros: plain.last?.tsReceivedMicros ?? 0,
        toMicros: atMicros + 1,
        afterOffset: plain.last?.offset ?? 0,
        recordsMax: batchRecords
      })
      Replay.applyUntil(plain, records, atMicros, "received")
      if (records.length < batchRecords) break
    }
    if (Book.hash(plain.book) !== Book.hash(answer.book)) {
      return yield* Effect.die(new Error(`${marketTicker} at ${atMicros}: the answer is not the fold of the log`))
    }
  })
