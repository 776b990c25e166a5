import { assert, it } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import type * as Replay from "@kalshibook/core/Replay"
import * as LogRowsReader from "@kalshibook/store/cold/LogRowsReader"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import { Effect, Exit, Stream } from "effect"
import * as ColdLogs from "./ColdLogs.ts"

const logs = Array.from({ length: 40 }, (_, market) =>
  ColdLogs.logOf(market, market % 5 === 0 ? 0 : 20, market % 7 === 3 ? 0 : 30 * (market + 1))
).filter(({ before, records }) => before.last !== undefined || records.length > 0)

const options = { fileBytesMax: 32 * 1_048_576, codeRevision: "test" }

const read = (connection: Parameters<typeof LogRowsReader.forEach>[0], query: LogRowsReader.RowsQuery) =>
  Effect.gen(function* () {
    const records: Array<BookRecord> = []
    const keyframes: Array<Replay.Replay> = []
    const reader = LogRowsFold.records({
      record: (record) => records.push(record),
      keyframe: (state) => keyframes.push(state)
    })
    yield* LogRowsReader.forEach(connection, query, reader.read)
    reader.finish()
    return { records, keyframes }
  })

it.live("gives back exactly the records that were written, and the states before them", () =>
  Effect.gen(function* () {
    const { connection, db, folder } = yield* ColdLogs.place
    const written = yield* LogRowsWriter.write(db, ColdLogs.streamOf(logs), { ...options, folder })
    assert.strictEqual(written.files.length, 1)
    const file = written.files[0]?.path as string
    const found = yield* read(connection, { file })
    assert.deepStrictEqual(
      found.records,
      logs.flatMap(({ records }) => records)
    )
    assert.deepStrictEqual(
      found.keyframes.map(({ book, last }) => [last?.marketTicker, last?.offset, Book.hash(book)]),
      logs
        .filter(({ before }) => before.last !== undefined)
        .map(({ before: { book, last } }) => [last?.marketTicker, last?.offset, Book.hash(book)])
    )
    const streamed = yield* LogRowsReader.stream(connection, { file }).pipe(
      Stream.runFold(
        () => 0,
        (sum, rows) => sum + rows.rows
      )
    )
    assert.strictEqual(streamed, written.rows)
  }).pipe(Effect.scoped)
)

it.live("reads the rows of some markets, up to a moment, or by their place", () =>
  Effect.gen(function* () {
    const { connection, db, folder } = yield* ColdLogs.place
    const written = yield* LogRowsWriter.write(db, ColdLogs.streamOf(logs), { ...options, folder })
    const file = written.files[0]?.path as string
    const tickers = [ColdLogs.tickerOf(12), ColdLogs.tickerOf(31)]
    const toMicros = ColdLogs.hourMicros + 1_000_000_000
    const expected = logs.flatMap(({ records }) => records).filter((record) => tickers.includes(record.marketTicker))
    assert.deepStrictEqual((yield* read(connection, { file, tickers })).records, expected)
    assert.deepStrictEqual(
      (yield* read(connection, { file, tickers, toMicros })).records,
      expected.filter((record) => record.tsReceivedMicros <= toMicros)
    )
    for (const market of written.markets.filter((_, index) => index % 9 === 0)) {
      const one = yield* read(connection, { file, rowFirst: market.row_first, rows: market.rows })
      assert.strictEqual(one.records.length, market.records)
      assert.isTrue(one.records.every((record) => record.marketTicker === market.market_ticker))
    }
    assert.deepStrictEqual((yield* read(connection, { file, tickers: [] })).records, [])
  }).pipe(Effect.scoped)
)

it.live("tells of each market what a manifest says", () =>
  Effect.gen(function* () {
    const { db, folder } = yield* ColdLogs.place
    const { markets, records, states } = yield* LogRowsWriter.write(db, ColdLogs.streamOf(logs), { ...options, folder })
    assert.strictEqual(markets.length, logs.length)
    assert.strictEqual(
      records,
      logs.reduce((sum, log) => sum + log.records.length, 0)
    )
    for (const [index, log] of logs.entries()) {
      const market = markets[index]
      const state = states.get(market?.market_ticker as string) as Replay.Replay
      const first = log.records[0]
      assert.strictEqual(market?.records, log.records.length)
      assert.strictEqual(market?.gaps, log.records.filter(({ kind }) => kind === "gap").length)
      assert.strictEqual(market?.offset_first, first?.offset ?? log.before.last?.offset)
      assert.strictEqual(market?.offset_last, log.records.at(-1)?.offset ?? log.before.last?.offset)
      assert.strictEqual(market?.ts_first_micros, first?.tsReceivedMicros ?? null)
      assert.strictEqual(market?.book_hash, Book.hash(state.book))
      assert.strictEqual(market?.has_keyframe, log.before.last !== undefined)
    }
  }).pipe(Effect.scoped)
)

it.live("cuts files where a market ends, none larger than it may be, the same ones however the rows come", () =>
  Effect.gen(function* () {
    const { db, folder } = yield* ColdLogs.place
    const many = Array.from({ length: 60 }, (_, market) => ColdLogs.logOf(market, 10, 400))
    const fileBytesMax = 60_000
    const one = yield* LogRowsWriter.write(db, ColdLogs.streamOf(many, 1_000), { ...options, fileBytesMax, folder })
    const other = yield* LogRowsWriter.write(db, ColdLogs.streamOf(many, 77), { ...options, fileBytesMax, folder })
    assert.isAbove(one.files.length, 3)
    assert.isTrue(one.files.every(({ bytes }) => bytes <= fileBytesMax))
    assert.deepStrictEqual(one.files, other.files)
    assert.deepStrictEqual(one.markets, other.markets)
    for (const { part, rows } of one.files) {
      const within = one.markets.filter((market) => market.part === part)
      assert.strictEqual(
        rows,
        within.reduce((sum, market) => sum + market.rows, 0)
      )
      assert.strictEqual(within[0]?.row_first, 0)
    }
  }).pipe(Effect.scoped)
)

it.live("refuses rows that are out of order or leave a hole", () =>
  Effect.gen(function* () {
    const { db, folder } = yield* ColdLogs.place
    const [first, second] = [ColdLogs.logOf(1, 5, 20), ColdLogs.logOf(2, 5, 20)]
    const holed = { ...second, records: second.records.filter((_, index) => index !== 7) }
    const refused = (logs: ReadonlyArray<ColdLogs.MarketLog>) =>
      Effect.exit(LogRowsWriter.write(db, ColdLogs.streamOf(logs), { ...options, folder }))
    assert.isTrue(Exit.isFailure(yield* refused([second, first])))
    assert.isTrue(Exit.isFailure(yield* refused([first, holed])))
    assert.isTrue(Exit.isSuccess(yield* refused([first, second])))
  }).pipe(Effect.scoped)
)
