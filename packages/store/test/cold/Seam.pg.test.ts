/** The places at which one tier ends and the other begins, and what is answered when the cold one is damaged. */
import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { BookClock, BookRecord } from "@kalshibook/core/BookRecord"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Replay from "@kalshibook/core/Replay"
import { ColdTier } from "@kalshibook/store/cold/ColdTier"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import { History } from "@kalshibook/store/History"
import * as HistoryAnswers from "@kalshibook/store/HistoryAnswers"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect } from "effect"
import { batch, delta, gap, hourStartMicros, snapshot, watermark } from "../Batch.ts"
import * as SealedWorld from "./SealedWorld.ts"
import * as TwoTiers from "./TwoTiers.ts"

const hours = 8
const hour = (index: number): number => hourStartMicros + index * hourMicros
const end = watermark({ tsReceivedMicros: hour(hours) })

/** With the exchange's clock some milliseconds behind. */
const at = (tsReceivedMicros: number) => ({ tsReceivedMicros, tsExchangeMicros: tsReceivedMicros - 20_000 })

/** Records right before, at and right after the beginnings of hours. */
const edges = (marketTicker: string): ReadonlyArray<BookRecord> => {
  const records: Array<BookRecord> = [
    snapshot({ marketTicker, offset: 1, tsReceivedMicros: hour(0) + 1, tsExchangeMicros: null })
  ]
  for (let index = 1; index < hours; index++) {
    for (const micros of [-1, 0, 1]) {
      records.push(delta({ marketTicker, offset: records.length + 1, ...at(hour(index) + micros) }))
    }
  }
  return records
}

/** Nothing happens for six hours. */
const quiet = (marketTicker: string): ReadonlyArray<BookRecord> => [
  snapshot({ marketTicker, offset: 1, tsReceivedMicros: hour(0) + 5, tsExchangeMicros: null }),
  delta({ marketTicker, offset: 2, ...at(hour(0) + 30_000_000) }),
  delta({ marketTicker, offset: 3, ...at(hour(7) + 1) })
]

/** Closes in the second hour, and begins again in the fifth. */
const reopened = (marketTicker: string): ReadonlyArray<BookRecord> => [
  snapshot({ marketTicker, offset: 1, tsReceivedMicros: hour(0) + 5, tsExchangeMicros: null }),
  gap({ marketTicker, offset: 2, cause: "market_closed", ...at(hour(1) + 50), tsDetectedMicros: hour(1) + 60 }),
  delta({ marketTicker, offset: 3, ...at(hour(5) + 10) }),
  snapshot({ marketTicker, offset: 4, tsReceivedMicros: hour(5) + 20, tsExchangeMicros: null }),
  delta({ marketTicker, offset: 5, ...at(hour(6) + 1) })
]

/** Rests since the fourth hour, in which it will turn out to have been wrong. */
const late = (marketTicker: string): ReadonlyArray<BookRecord> => [
  snapshot({ marketTicker, offset: 1, tsReceivedMicros: hour(0) + 5, tsExchangeMicros: null }),
  delta({ marketTicker, offset: 2, ...at(hour(3) + 10) })
]

/** Begins when the first hours have left. */
const young = (marketTicker: string): ReadonlyArray<BookRecord> => [
  snapshot({ marketTicker, offset: 1, tsReceivedMicros: hour(6) + 5, tsExchangeMicros: null }),
  delta({ marketTicker, offset: 2, ...at(hour(7) + 1) })
]

const moments: ReadonlyArray<number> = Array.from({ length: hours }, (_, index) => hour(index)).flatMap((start) =>
  [-20_001, -20_000, -1, 0, 1, 1_800_000_000].map((micros) => start + micros)
)

const plainAt = (log: ReadonlyArray<BookRecord>, atMicros: number, clock: BookClock): Replay.Replay => {
  const replay = Replay.make()
  Replay.applyUntil(replay, log, atMicros, clock)
  return replay
}

/** Every moment at an edge, by both clocks. Returns the tiers that answered. */
const checkEdges = (history: History["Service"], logs: ReadonlyMap<string, ReadonlyArray<BookRecord>>) =>
  Effect.gen(function* () {
    const tiers = new Set<string>()
    for (const [ticker, log] of logs) {
      for (const clock of ["received", "exchange"] as const) {
        for (const moment of moments) {
          if (moment < hourStartMicros || moment > hour(hours) - 2_000_000) continue
          const what = `${ticker} at ${moment} by ${clock}`
          const plain = plainAt(log, moment, clock)
          const answer = yield* Effect.result(history.bookAt(ticker, moment, clock))
          if (answer._tag === "Failure") {
            assert.strictEqual(answer.failure._tag, "BeforeFirstRecord", what)
            assert.isUndefined(plain.last, what)
            continue
          }
          assert.strictEqual(Book.hash(answer.success.book), Book.hash(plain.book), what)
          assert.deepStrictEqual(answer.success.trust, plain.trust, what)
          assert.strictEqual(answer.success.last.offset, plain.last?.offset, what)
          tiers.add(answer.success.tier)
        }
      }
      const all = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER, afterOffset: 0, recordsMax: 1_000 }
      const { records } = yield* Effect.orDie(history.records({ marketTicker: ticker, ...all }))
      assert.deepStrictEqual(records, log, ticker)
    }
    return tiers
  })

const worldOf = (prefix: string) =>
  new Map<string, ReadonlyArray<BookRecord>>([
    [`${prefix}-EDGES`, edges(`${prefix}-EDGES`)],
    [`${prefix}-QUIET`, quiet(`${prefix}-QUIET`)],
    [`${prefix}-LATE`, late(`${prefix}-LATE`)],
    [`${prefix}-REOPENED`, reopened(`${prefix}-REOPENED`)],
    [`${prefix}-YOUNG`, young(`${prefix}-YOUNG`)]
  ])

const build = Effect.gen(function* () {
  const hot = yield* HotTier
  const { path } = yield* TwoTiers.Folder
  const sealing = yield* SealedWorld.make(path)
  const logs = worldOf("KXSEAM")
  yield* hot.append(batch({ records: [...logs.values()].flat(), watermark: end }))
  return { hot, path, sealing, whole: { logs, trades: [] }, logs, history: yield* History }
})

layer(TwoTiers.layer(), { excludeTestServices: true, timeout: 60_000 })("The seam between the tiers", (it) => {
  it.effect(
    "shows at no moment around the hours, by either clock, while hours are sealed and leave, one after the other",
    () =>
      Effect.gen(function* () {
        const { history, logs, sealing, whole } = yield* build
        assert.deepStrictEqual(yield* checkEdges(history, logs), new Set(["hot"]))
        for (let index = 0; index < 6; index++) yield* sealing.seal(whole, hour(index))
        assert.deepStrictEqual(yield* checkEdges(history, logs), new Set(["hot"]))
        for (let index = 0; index < 4; index++) yield* sealing.prune(hour(index))
        assert.deepStrictEqual(yield* checkEdges(history, logs), new Set(["cold", "both", "hot"]))
        yield* sealing.prune(hour(4))
        yield* sealing.prune(hour(5))
        yield* checkEdges(history, logs)

        // An hour that leaves between the plan and the read, at every read of the hot tier.
        yield* sealing.seal(whole, hour(6))
        const hot = yield* HotTier
        const tiers = { hot, sealed: yield* SealedHours, cold: yield* ColdTier }
        let reads = 0
        const pruning: HotTier["Service"] = {
          ...hot,
          records: (query) => {
            const read = hot.records(query)
            return reads++ === 0 ? Effect.andThen(Effect.orDie(sealing.prune(hour(6))), read) : read
          }
        }
        const between = HistoryAnswers.make({ ...tiers, hot: pruning }, { before: () => Effect.succeedNone })
        const moment = hour(7) + 1_800_000_000
        const answer = yield* between.bookAt("KXSEAM-YOUNG", moment, "received")
        const plain = plainAt(logs.get("KXSEAM-YOUNG") ?? [], moment, "received")
        assert.strictEqual(Book.hash(answer.book), Book.hash(plain.book))
        assert.strictEqual(answer.last.offset, 2)
        assert.strictEqual(answer.tier, "both")
        assert.isAbove(reads, 1)

        // A gap that reaches back into hours that are sealed and gone: marked, then sealed again and pruned, one after the other.
        const log = logs.get("KXSEAM-LATE") ?? []
        const found = SealedWorld.lateGap(log, hour(hours) - 1)
        logs.set("KXSEAM-LATE", [...log, found])
        yield* hot.append(batch({ records: [found], watermark: end }))
        yield* checkEdges(history, logs)
        yield* sealing.seal(whole, hour(3))
        yield* sealing.prune(hour(3))
        yield* checkEdges(history, logs)
        for (const index of [6, 4, 5]) yield* sealing.seal(whole, hour(index))
        yield* checkEdges(history, logs)
      }).pipe(Effect.scoped),
    180_000
  )

  it.effect("damaged sealed data is a problem that names it, and never a book", () => damages, 60_000)
})

/** On the sealed hours of the test above. */
const damages = Effect.suspend(() =>
  Effect.gen(function* () {
    const ticker = "KXSEAM-QUIET"
    const { path } = yield* TwoTiers.Folder
    const sealing = yield* SealedWorld.make(path)
    const logs = worldOf("KXSEAM")
    const whole = { logs, trades: [] }
    const sealed = yield* SealedHours
    /** A process that has nothing in memory and nothing on its disk. */
    const fresh = <A, E>(work: (history: History["Service"]) => Effect.Effect<A, E>) =>
      TwoTiers.withFreshCache(Effect.flatMap(History, work))
    const ask = (history: History["Service"], index: number) =>
      history.bookAt(ticker, hour(index) + 1_000_000, "received")
    const problemAt = (index: number) => fresh((history) => Effect.flip(ask(history, index)))
    const keyOf = (index: number) => fresh((history) => Effect.map(ask(history, index), ({ source }) => source ?? ""))
    const file = (key: string) => join(path, "objects", key)
    const hourAt = (index: number) =>
      Effect.map(
        sealed.hours({
          marketTicker: undefined,
          alsoMarked: true,
          fromMicros: hour(index),
          toMicros: hour(index) + 1,
          order: "latest",
          hoursMax: 1
        }),
        ({ hours: [found] }) => found?.manifestKey ?? ""
      )

    // A byte that flipped.
    const changed = yield* keyOf(1)
    const bytes = yield* Effect.promise(() => readFile(file(changed)))
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    yield* Effect.promise(() => writeFile(file(changed), bytes))
    assert.deepInclude(yield* problemAt(1), { _tag: "ColdDataProblem", problem: "differs", key: changed })

    const missing = yield* keyOf(2)
    yield* Effect.promise(() => rm(file(missing)))
    assert.deepInclude(yield* problemAt(2), { _tag: "ColdDataProblem", problem: "missing", key: missing })

    const manifest = yield* hourAt(3)
    yield* Effect.promise(() => rm(file(manifest)))
    assert.deepInclude(yield* problemAt(3), { _tag: "ColdDataProblem", problem: "missing", key: manifest })

    // Sealed again with a manifest that tells of other rows than there are.
    yield* sealing.seal(whole, hour(4), (spoilt) => ({
      ...spoilt,
      markets: (spoilt["markets"] as ReadonlyArray<{ rows: number }>).map((market) => ({
        ...market,
        rows: market.rows + 1
      }))
    }))
    assert.deepInclude(yield* problemAt(4), { _tag: "ColdDataProblem", problem: "incomplete" })

    // A revision in another's place.
    yield* sealing.seal(whole, hour(5), (spoilt) => ({ ...spoilt, revision: 7 }))
    assert.deepInclude(yield* problemAt(5), { _tag: "ColdDataProblem", problem: "differs" })
  }).pipe(Effect.scoped)
)
