/** Random logs over several hours, of which some are sealed, some pruned, some sealed again: every answer is that of the whole logs. */
import { assert, layer } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import * as BookMeasures from "@kalshibook/core/BookMeasures"
import type { BookClock, BookRecord } from "@kalshibook/core/BookRecord"
import * as BookSamples from "@kalshibook/core/BookSamples"
import * as Candles from "@kalshibook/core/Candles"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Replay from "@kalshibook/core/Replay"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { type BookAnswer, History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Option, Stream } from "effect"
import fc from "fast-check"
import { batch, hourStartMicros, snapshot, trade, watermark } from "../Batch.ts"
import * as MarketLogs from "../MarketLogs.ts"
import * as PlainCandles from "../PlainCandles.ts"
import { property } from "../PropertyEffect.ts"
import * as SealedWorld from "./SealedWorld.ts"
import * as TwoTiers from "./TwoTiers.ts"

const runs = 2
/** As long as such logs last, at most; each run has hours of its own. */
const hoursPerRun = 11
/** Logs of `MarketLogs` begin about here. */
const logStartMicros = 8 * hourMicros

interface Question {
  readonly market: number
  readonly atMicros: number
  readonly clock: BookClock
}

const question: fc.Arbitrary<Question> = fc.record({
  market: fc.nat(3),
  atMicros: fc.oneof(
    MarketLogs.moment,
    fc
      .tuple(fc.nat(hoursPerRun), fc.integer({ min: -1, max: 1 }))
      .map(([hour, micros]) => logStartMicros + hour * hourMicros + micros)
  ),
  clock: fc.constantFrom<BookClock>("received", "exchange")
})

const world = fc.record({
  logs: fc.array(MarketLogs.log, { minLength: 2, maxLength: 4 }),
  sealed: fc.nat(hoursPerRun),
  pruned: fc.nat(hoursPerRun),
  late: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  resealed: fc.array(fc.boolean(), { minLength: hoursPerRun, maxLength: hoursPerRun }),
  questions: fc.array(question, { minLength: 5, maxLength: 5 }),
  everySeconds: fc.integer({ min: 20, max: 2_000 }),
  pageRecords: fc.integer({ min: 6, max: 70 }),
  traded: fc.array(
    fc.record({
      market: fc.nat(3),
      seconds: fc.nat(hoursPerRun * 3_600 - 1),
      /** How much later it was read from REST; 0 for a trade that was sent. */
      filledAfterSeconds: fc.oneof(fc.constant(0), fc.integer({ min: 60, max: 20_000 }))
    }),
    { maxLength: 12 }
  )
})

const plainAt = (log: ReadonlyArray<BookRecord>, atMicros: number, clock: BookClock): Replay.Replay => {
  const replay = Replay.make()
  Replay.applyUntil(replay, log, atMicros, clock)
  return replay
}

const isSame = (answer: BookAnswer, plain: Replay.Replay, what: string): void => {
  assert.deepStrictEqual(Book.levels(answer.book), Book.levels(plain.book), what)
  assert.strictEqual(Book.hash(answer.book), Book.hash(plain.book), what)
  assert.deepStrictEqual(answer.trust, plain.trust, what)
  const { marketTicker, offset, epoch, sid, seq, tsExchangeMicros, tsReceivedMicros } = answer.last
  assert.deepInclude(plain.last, { marketTicker, offset, epoch, sid, seq, tsExchangeMicros, tsReceivedMicros }, what)
  assert.strictEqual((answer.keyframeOffset ?? 0) + answer.recordsApplied, plain.last?.offset, what)
}

const moved = (records: ReadonlyArray<BookRecord>, marketTicker: string, micros: number) =>
  records.map(
    (record): BookRecord => ({
      ...record,
      marketTicker,
      tsReceivedMicros: record.tsReceivedMicros + micros,
      tsExchangeMicros: record.tsExchangeMicros === null ? null : record.tsExchangeMicros + micros,
      ...(record.kind === "gap" ? { tsDetectedMicros: record.tsDetectedMicros + micros } : {})
    })
  )

const byTime = (left: TradeRecord, right: TradeRecord): number =>
  left.tsExchangeMicros - right.tsExchangeMicros || (left.tradeId < right.tradeId ? -1 : 1)

layer(TwoTiers.layer(), { excludeTestServices: true, timeout: 60_000 })("History over both tiers", (it) => {
  it.effect(
    "answers what the whole logs say, whatever of them is sealed, pruned, marked and sealed again",
    () =>
      Effect.gen(function* () {
        const history = yield* History
        const hot = yield* HotTier
        const { path } = yield* TwoTiers.Folder
        const sealing = yield* SealedWorld.make(path)
        let runCount = 0

        yield* property(fc.noShrink(world), runs, (drawn) =>
          Effect.gen(function* () {
            const run = runCount++
            const startMicros = hourStartMicros + run * hoursPerRun * hourMicros
            const shift = startMicros - logStartMicros
            const hourAt = (index: number) => startMicros + index * hourMicros
            const end = watermark({ tsReceivedMicros: hourAt(hoursPerRun) - 1 })
            const tickers = drawn.logs.map((_, market) => `KXRUN${run}-${market}`)
            const logs = new Map(
              drawn.logs.map((log, market) => [
                tickers[market] as string,
                moved(log, tickers[market] as string, shift).filter(
                  (record) => record.tsReceivedMicros < hourAt(hoursPerRun)
                )
              ])
            )
            const logOf = (market: number) => {
              const ticker = tickers[market % tickers.length] as string
              return { ticker, log: logs.get(ticker) ?? [] }
            }
            const traded = drawn.traded.map(({ filledAfterSeconds, market, seconds }, index) => {
              const tsExchangeMicros = startMicros + seconds * 1_000_000
              const isFilled = filledAfterSeconds > 0
              return trade({
                marketTicker: logOf(market).ticker,
                tradeId: `${run}-${index}`,
                tsExchangeMicros,
                tsReceivedMicros: Math.min(
                  tsExchangeMicros + filledAfterSeconds * 1_000_000 + 40_000,
                  hourAt(hoursPerRun) - 1
                ),
                ...(isFilled ? { epoch: 0, sid: 0, seq: 0 } : { seq: index })
              })
            })
            for (const log of logs.values()) {
              yield* hot.append(batch({ records: log, keyframes: MarketLogs.keyframesOf(log, 7), watermark: end }))
            }
            const newest = [
              snapshot({ marketTicker: `KXLAST${run}`, offset: 1, tsReceivedMicros: hourAt(hoursPerRun) - 1 })
            ]
            logs.set(`KXLAST${run}`, newest)
            yield* hot.append(batch({ records: newest, watermark: end }))
            // A hole of the channel from the beginning to the end, so that anything may have been filled.
            yield* hot.append(
              batch({
                trades: traded,
                channelGaps: [
                  {
                    channel: "trade",
                    epoch: run + 1,
                    sid: 2,
                    seqFrom: 5,
                    seqTo: 6,
                    cause: "sequence_hole",
                    tsFromMicros: startMicros,
                    tsDetectedMicros: startMicros + 5,
                    tsToMicros: hourAt(hoursPerRun)
                  }
                ],
                watermark: end
              })
            )

            const check = (stage: string) =>
              Effect.gen(function* () {
                for (const { atMicros, clock, market } of drawn.questions) {
                  const { log, ticker } = logOf(market)
                  // Near the watermark the exchange's clock is not proven yet.
                  const at = Math.min(atMicros + shift, hourAt(hoursPerRun) - 2_000_000)
                  const what = `${stage}: ${ticker} at ${at} by ${clock}`
                  const plain = plainAt(log, at, clock)
                  const answer = yield* Effect.result(history.bookAt(ticker, at, clock))
                  if (plain.last === undefined) {
                    const tag = log.length === 0 ? "MarketNotRecorded" : "BeforeFirstRecord"
                    assert.strictEqual(answer._tag === "Failure" ? answer.failure._tag : "", tag, what)
                    continue
                  }
                  if (answer._tag === "Failure") return yield* Effect.die(`${what}: ${answer.failure.message}`)
                  isSame(answer.success, plain, what)
                  const asked = [...tickers].sort()
                  const many = yield* Effect.orDie(
                    history.booksAt({ tickers: asked, atMicros: at, clock, withClosed: true })
                  )
                  const expected = asked.filter((one) => plainAt(logs.get(one) ?? [], at, clock).last !== undefined)
                  assert.deepStrictEqual(
                    many.books.map((book) => book.marketTicker),
                    expected,
                    what
                  )
                  for (const book of many.books) {
                    isSame(book, plainAt(logs.get(book.marketTicker) ?? [], at, clock), `${what}, many`)
                  }
                }
                for (const [ticker, log] of logs) {
                  yield* checkSlices(ticker, log, `${stage}: ${ticker}`)
                  yield* checkSamples(ticker, log, `${stage}: ${ticker}`)
                  yield* checkDerived(ticker, log, `${stage}: ${ticker}`)
                  yield* checkTrades(ticker, `${stage}: ${ticker}`)
                  yield* checkCandles(ticker, log, `${stage}: ${ticker}`)
                }
              })

            const checkSlices = (marketTicker: string, log: ReadonlyArray<BookRecord>, what: string) =>
              Effect.gen(function* () {
                if (log.length === 0) return
                const [one, other] = drawn.questions.map(({ atMicros }) => atMicros + shift).sort((a, b) => a - b)
                for (const [fromMicros, toMicros] of [
                  [0, Number.MAX_SAFE_INTEGER],
                  [one ?? 0, (other ?? 0) + hourMicros]
                ] as const) {
                  const expected = log.filter(
                    (record) => record.tsReceivedMicros >= fromMicros && record.tsReceivedMicros < toMicros
                  )
                  const found: Array<BookRecord> = []
                  while (true) {
                    const last = found.at(-1)
                    const { records } = yield* Effect.orDie(
                      history.records({
                        marketTicker,
                        fromMicros: Math.max(fromMicros, last?.tsReceivedMicros ?? 0),
                        toMicros,
                        afterOffset: last?.offset ?? 0,
                        recordsMax: drawn.pageRecords
                      })
                    )
                    found.push(...records)
                    if (records.length < drawn.pageRecords) break
                  }
                  assert.deepStrictEqual(found, expected, what)
                }
              })

            const checkSamples = (marketTicker: string, log: ReadonlyArray<BookRecord>, what: string) =>
              Effect.gen(function* () {
                const everyMicros = drawn.everySeconds * 1_000_000
                const [one = 0] = drawn.questions.map(({ atMicros }) => atMicros + shift).sort((a, b) => a - b)
                const query = { marketTicker, fromMicros: one, toMicros: hourAt(hoursPerRun), everyMicros, depth: 3 }
                const parts = yield* Effect.orDie(Stream.runCollect(history.samples(query)))
                const found = parts.flatMap((part) => samplesOf(part))
                const expected: Array<unknown> = []
                for (let at = one; at < hourAt(hoursPerRun); at += everyMicros) {
                  const plain = plainAt(log, at, "received")
                  if (plain.last === undefined) continue
                  const levels = Book.levels(plain.book, 3)
                  expected.push({
                    at,
                    offset: plain.last.offset,
                    trust: plain.trust._tag,
                    cause: plain.trust._tag === "stale" ? plain.trust.gap.cause : undefined,
                    yes: levels.yes,
                    no: levels.no
                  })
                }
                assert.deepStrictEqual(found, expected, what)
              })

            const checkDerived = (marketTicker: string, log: ReadonlyArray<BookRecord>, what: string) =>
              Effect.gen(function* () {
                if (log.length === 0) return
                const [fromMicros = 0] = drawn.questions.map(({ atMicros }) => atMicros + shift)
                const derive = { names: BookMeasures.recordMeasureNames, withinE4: 300 }
                const range = { fromMicros, toMicros: Number.MAX_SAFE_INTEGER, recordsPerPage: drawn.pageRecords }
                const asked = history.recordsDerived({ marketTicker, ...range, derive })
                const pages = yield* Effect.orDie(Stream.runCollect(asked))
                const replay = Replay.make()
                const expected = log.map((record) => {
                  Replay.apply(replay, record)
                  return {
                    record,
                    derived: derive.names.map((name) => BookMeasures.afterRecord(replay, record, name, derive.withinE4))
                  }
                })
                assert.deepStrictEqual(
                  pages.flat().map(({ derived, record }) => ({ record, derived })),
                  expected.filter(({ record }) => record.tsReceivedMicros >= fromMicros),
                  what
                )
              })

            const checkTrades = (marketTicker: string, what: string) =>
              Effect.gen(function* () {
                const [one = 0, other = 0] = drawn.questions.map(({ atMicros }) => atMicros + shift)
                for (const [fromMicros, toMicros] of [
                  [0, Number.MAX_SAFE_INTEGER],
                  [Math.min(one, other), Math.max(one, other)]
                ] as const) {
                  const expected = traded
                    .filter((each) => each.marketTicker === marketTicker)
                    .filter((each) => each.tsExchangeMicros >= fromMicros && each.tsExchangeMicros < toMicros)
                    .sort(byTime)
                  const found: Array<TradeRecord> = []
                  while (true) {
                    const after = Option.fromUndefinedOr(found.at(-1))
                    const page = yield* Effect.orDie(
                      history.trades({ marketTicker, fromMicros, toMicros, after, tradesMax: 3 })
                    )
                    found.push(...page)
                    if (page.length < 3) break
                  }
                  assert.deepStrictEqual(found, expected, what)
                }
              })

            const checkCandles = (marketTicker: string, log: ReadonlyArray<BookRecord>, what: string) =>
              Effect.gen(function* () {
                const mine = traded.filter((each) => each.marketTicker === marketTicker).sort(byTime)
                const [one = 0] = drawn.questions.map(({ atMicros }) => atMicros + shift)
                for (const [fromMicros, intervalMicros] of [
                  [0, hourMicros],
                  [Candles.startOf(one, hourMicros / 12), hourMicros / 12]
                ] as const) {
                  const asked = { marketTicker, fromMicros, toMicros: Number.MAX_SAFE_INTEGER, intervalMicros }
                  const query = { ...asked, isContinued: false, candlesAtOnce: 70 }
                  const parts = yield* Effect.orDie(Stream.runCollect(history.candles(query)))
                  const expected = PlainCandles.of(log, mine, asked, end.tsReceivedMicros + 1)
                  assert.deepStrictEqual(
                    parts.flatMap(({ candles }) => candles),
                    expected,
                    what
                  )
                }
              })

            const whole = { logs, trades: traded }
            const sealedCount = drawn.sealed
            // The last hours stay, as they do for two days: the writer takes it that the hour it is in is there.
            const prunedCount = Math.min(drawn.pruned, sealedCount, hoursPerRun - 2)
            for (let hour = 0; hour < sealedCount; hour++) yield* sealing.seal(whole, hourAt(hour))
            for (let hour = 0; hour < prunedCount; hour++) yield* sealing.prune(hourAt(hour))
            yield* check("sealed")
            for (const [market, isLate] of drawn.late.entries()) {
              const { log, ticker } = logOf(market)
              const last = log.at(-1)
              if (!isLate || last === undefined || market >= tickers.length) continue
              const gap = SealedWorld.lateGap(log, hourAt(hoursPerRun))
              if (gap.tsReceivedMicros >= hourAt(hoursPerRun)) continue
              logs.set(ticker, [...log, gap])
              yield* hot.append(batch({ records: [gap], watermark: end }))
            }
            yield* check("with late gaps")
            for (let hour = 0; hour < sealedCount; hour++) {
              if (drawn.resealed[hour] === true) yield* sealing.seal(whole, hourAt(hour))
            }
            yield* check("partly sealed again")
            for (let hour = 0; hour < hoursPerRun; hour++) yield* sealing.seal(whole, hourAt(hour))
            yield* check("all sealed")
            for (let hour = 0; hour < hoursPerRun; hour++) yield* sealing.prune(hourAt(hour))
            yield* check("all pruned")
          })
        )
      }).pipe(Effect.scoped),
    600_000
  )
})

const samplesOf = (samples: BookSamples.BookSamples): ReadonlyArray<unknown> =>
  Array.from({ length: samples.count }, (_, index) => {
    const side = (prices: Int32Array, sizes: Float64Array, count: number) =>
      Array.from({ length: count }, (_, level) => {
        const place = index * samples.depth + count - 1 - level
        return { priceE4: prices[place], sizeE2: sizes[place] }
      })
    return {
      at: samples.atMicros[index],
      offset: samples.offset[index],
      trust: BookSamples.trustStates[samples.trust[index] as number],
      cause: BookSamples.causeAt(samples, index),
      yes: side(samples.yesPriceE4, samples.yesSizeE2, samples.yesLevels[index] as number),
      no: side(samples.noPriceE4, samples.noSizeE2, samples.noLevels[index] as number)
    }
  })
