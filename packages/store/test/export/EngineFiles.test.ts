import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import * as BookFold from "@kalshibook/core/export/BookFold"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import * as EngineFiles from "@kalshibook/store/export/EngineFiles"
import { Effect } from "effect"
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet"
import { temporaryFolder } from "../PgTest.ts"
import { pythonMissing, runPython } from "./Python.ts"

const dayMicros = 1_795_651_200_000_000
const at = (millis: number) => dayMicros + millis * 1_000
const marketTicker = "KXTEST-26NOV26-T1.5"

const day: EngineFiles.MarketDay = {
  marketTicker,
  fromMicros: dayMicros,
  toMicros: dayMicros + 86_400_000_000,
  body: { title: 'Up, or "down"?', open_time: "2026-11-26T00:00:00Z", close_time: "2026-11-26T12:00:00.5Z" }
}

/** A snapshot, changes, a gap, and a snapshot of an empty book. */
const rows = (): LogRows.LogRows => {
  const made = LogRows.make(16)
  const push = (kind: number, offset: number, millis: number, side: number, priceE4: number, sizeE2: number) => {
    const row = made.rows++
    made.kind[row] = kind
    made.offset[row] = offset
    made.tsReceivedMicros[row] = at(millis)
    made.tsExchangeMicros[row] = kind === LogRows.kindDelta ? at(millis - 5) : Number.NaN
    made.side[row] = side
    made.priceE4[row] = priceE4
    made.sizeE2[row] = sizeE2
  }
  push(LogRows.kindSnapshot, 1, 10, LogRows.sideYes, 3_400, 7_800)
  push(LogRows.kindSnapshot, 1, 10, LogRows.sideNo, 6_490, 9_550)
  push(LogRows.kindDelta, 2, 20, LogRows.sideYes, 3_405, 100)
  push(LogRows.kindDelta, 3, 30, LogRows.sideNo, 6_490, -50)
  push(LogRows.kindDelta, 4, 40, LogRows.sideYes, 3_400, -7_800)
  push(LogRows.kindGap, 5, 50, LogRows.sideNone, 0, Number.NaN)
  push(LogRows.kindSnapshot, 6, 60, LogRows.sideNone, 0, Number.NaN)
  return made
}

const trades: ReadonlyArray<TradeRecord> = [
  {
    tradeId: "e5b1d6c4-1f0a-b8c2-93d4-0a7f5b2c6e11",
    marketTicker,
    epoch: 1,
    sid: 2,
    seq: 3,
    tsExchangeMicros: at(20),
    tsReceivedMicros: at(30),
    yesPriceE4: 3_510,
    sizeE2: 50,
    takerSide: "yes",
    isBlockTrade: false
  }
]

/** The files in a folder, flat, by kind. */
const written = Effect.fnUntraced(function* (format: EngineFiles.EngineFormat) {
  const folder = yield* temporaryFolder
  const made = EngineFiles.make(format, day)
  const fold = BookFold.make(day.fromMicros, day.toMicros)
  const all = rows()
  BookFold.apply(fold, all, 0, all.rows, made.sink)
  BookFold.finish(fold, made.sink)
  const files = yield* made.files(trades, true)
  return files.map((file) => {
    const path = join(folder, file.name.replaceAll("/", "-"))
    writeFileSync(path, Buffer.concat(file.pieces))
    return { ...file, path }
  })
})

const pathOf = (files: ReadonlyArray<EngineFiles.EngineFile & { readonly path: string }>, kind: string): string =>
  files.find((file) => file.kind === kind)?.path ?? assert.fail(`no file of ${kind}`)

const raw = (value: number): string => (BigInt(Math.round(value * 10_000)) * 10n ** 12n).toString()

const deltasExpected = [
  // action, side, price, size, flags, sequence, ts_event, ts_init
  [4, 0, 0, 0, 32, 1, 10, 10],
  [1, 1, 0.34, 78, 32, 1, 10, 10],
  [1, 2, 0.351, 95.5, 160, 1, 10, 10],
  [1, 1, 0.3405, 1, 128, 2, 15, 20],
  [2, 2, 0.351, 95, 128, 3, 25, 30],
  [3, 1, 0.34, 0, 128, 4, 35, 40],
  [4, 0, 0, 0, 128, 5, 50, 50],
  [4, 0, 0, 0, 160, 6, 60, 60]
] as const

const little = (bytes: Uint8Array): string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  return ((view.getBigInt64(8, true) << 64n) | view.getBigUint64(0, true)).toString()
}

describe("nautilus", () => {
  it.effect("is the columns, types and metadata of the engine's catalogue", () =>
    Effect.gen(function* () {
      const files = yield* written("nautilus")
      assert.deepStrictEqual(
        files.map(({ name, rows }) => [name, rows]),
        [
          [`instruments/${marketTicker}.KALSHI.json`, 1],
          [
            `order_book_deltas/${marketTicker}.KALSHI/2026-11-26T00-00-00-000000000Z_2026-11-27T00-00-00-000000000Z.parquet`,
            8
          ],
          [`trade_tick/${marketTicker}.KALSHI/2026-11-26T00-00-00-000000000Z_2026-11-27T00-00-00-000000000Z.parquet`, 1]
        ]
      )
      const file = yield* Effect.promise(() => asyncBufferFromFile(pathOf(files, "records")))
      const { key_value_metadata, schema } = yield* Effect.promise(() => parquetMetadataAsync(file))
      assert.deepStrictEqual(key_value_metadata, [
        { key: "instrument_id", value: `${marketTicker}.KALSHI` },
        { key: "price_precision", value: "4" },
        { key: "size_precision", value: "2" }
      ])
      assert.deepStrictEqual(
        schema
          .slice(1)
          .map(({ converted_type, name, repetition_type, type, type_length }) =>
            [name, type, converted_type ?? type_length, repetition_type].join(" ")
          ),
        [
          "action INT32 UINT_8 REQUIRED",
          "side INT32 UINT_8 REQUIRED",
          "price FIXED_LEN_BYTE_ARRAY 16 REQUIRED",
          "size FIXED_LEN_BYTE_ARRAY 16 REQUIRED",
          "order_id INT64 UINT_64 REQUIRED",
          "flags INT32 UINT_8 REQUIRED",
          "sequence INT64 UINT_64 REQUIRED",
          "ts_event INT64 UINT_64 REQUIRED",
          "ts_init INT64 UINT_64 REQUIRED"
        ]
      )
      const read = yield* Effect.promise(() => parquetReadObjects({ file, utf8: false }))
      assert.deepStrictEqual(
        read.map((row) =>
          [row.action, row.side, little(row.price), little(row.size), row.order_id, row.flags]
            .concat([row.sequence, row.ts_event, row.ts_init])
            .join(" ")
        ),
        deltasExpected.map(([action, side, price, size, flags, sequence, event, init]) =>
          [
            action,
            side,
            raw(price),
            raw(size),
            0,
            flags,
            sequence,
            BigInt(at(event)) * 1_000n,
            BigInt(at(init)) * 1_000n
          ].join(" ")
        )
      )
    }).pipe(Effect.scoped)
  )

  it.effect("is read by DuckDB as well, trades included", () =>
    Effect.gen(function* () {
      const files = yield* written("nautilus")
      const db = yield* Effect.promise(() => DuckDBInstance.create(":memory:"))
      const connection = yield* Effect.promise(() => db.connect())
      const query = (sql: string) => Effect.promise(async () => (await connection.runAndReadAll(sql)).getRowsJson())
      assert.deepStrictEqual(
        yield* query(`select count(*), sum(flags), max(ts_init) from '${pathOf(files, "records")}'`),
        [["8", "896", `${at(60)}000`]]
      )
      assert.deepStrictEqual(
        yield* query(`select aggressor_side, trade_id, ts_event, ts_init from '${pathOf(files, "trades")}'`),
        [[1, trades[0]?.tradeId ?? "", `${at(20)}000`, `${at(30)}000`]]
      )
      connection.disconnectSync()
      db.closeSync()
    }).pipe(Effect.scoped)
  )

  it.effect("comes with the instrument as the engine's own adapter makes it", () =>
    Effect.gen(function* () {
      const files = yield* written("nautilus")
      const text = Buffer.concat(files.find(({ kind }) => kind === "markets")?.pieces ?? []).toString()
      assert.include(text, '"activation_ns":1795651200000000000,"expiration_ns":1795694400500000000')
      const { description, id, max_price, outcome, raw_symbol, type } = JSON.parse(text)
      assert.deepStrictEqual(
        [type, id, raw_symbol, outcome, max_price, description],
        ["BinaryOption", `${marketTicker}.KALSHI`, marketTicker, "Yes", "0.9999", 'Up, or "down"?']
      )
    }).pipe(Effect.scoped)
  )

  const arrowMissing = pythonMissing("pyarrow")
  it.effect.skipIf(arrowMissing !== undefined)(
    `is of the engine's Arrow types in Python${arrowMissing === undefined ? "" : ` (${arrowMissing})`}`,
    () =>
      Effect.gen(function* () {
        const files = yield* written("nautilus")
        const script =
          "import sys, pyarrow.parquet as p; s = p.read_table(sys.argv[1]).schema; print([str(f.type) for f in s], s.metadata[b'price_precision'], all(not f.nullable for f in s))"
        assert.strictEqual(
          runPython(script, pathOf(files, "records")).trim(),
          "['uint8', 'uint8', 'fixed_size_binary[16]', 'fixed_size_binary[16]', 'uint64', 'uint8', 'uint64', 'uint64', 'uint64'] b'4' True"
        )
      }).pipe(Effect.scoped)
  )
})

describe("tardis", () => {
  it.effect("is the columns of both data types, and empties the book at a gap", () =>
    Effect.gen(function* () {
      const files = yield* written("tardis")
      assert.deepStrictEqual(
        files.map(({ name }) => name),
        [
          `kalshi_incremental_book_L2_2026-11-26_${marketTicker}.csv.gz`,
          `kalshi_trades_2026-11-26_${marketTicker}.csv.gz`
        ]
      )
      const [book = "", trade = ""] = files.map(({ pieces }) => gunzipSync(Buffer.concat(pieces)).toString())
      const line = (exchange: number, local: number, rest: string) =>
        `kalshi,${marketTicker},${at(exchange)},${at(local)},${rest}\n`
      assert.strictEqual(
        book,
        [
          "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n",
          line(10, 10, "true,bid,0.3400,78.00"),
          line(10, 10, "true,ask,0.3510,95.50"),
          line(15, 20, "false,bid,0.3405,1.00"),
          line(25, 30, "false,ask,0.3510,95.00"),
          line(35, 40, "false,bid,0.3400,0.00"),
          line(50, 50, "false,bid,0.3405,0.00"),
          line(50, 50, "false,ask,0.3510,0.00")
        ].join("")
      )
      assert.strictEqual(
        trade,
        `exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n${line(20, 30, `${trades[0]?.tradeId},buy,0.3510,0.50`)}`
      )
    }).pipe(Effect.scoped)
  )
})

describe("hftbacktest", () => {
  const numpyMissing = pythonMissing("numpy")
  it.effect.skipIf(numpyMissing !== undefined)(
    `is loaded by NumPy as the engine's dtype, in its order${numpyMissing === undefined ? "" : ` (${numpyMissing})`}`,
    () =>
      Effect.gen(function* () {
        const [file] = yield* written("hftbacktest")
        assert.strictEqual(file?.name, `${marketTicker}_20261126.npz`)
        const script = [
          "import sys, json, numpy as np",
          "archive = np.load(sys.argv[1])",
          "data = archive['data']",
          "event = np.dtype([('ev','u8'),('exch_ts','i8'),('local_ts','i8'),('px','f8'),('qty','f8'),('order_id','u8'),('ival','i8'),('fval','f8')], align=True)",
          "assert archive.files == ['data'] and data.dtype == event and data.dtype.itemsize == 64",
          "print(json.dumps([[int(r['ev']) >> 28, int(r['ev']) & 255, int(r['exch_ts']), int(r['local_ts']), float(r['px']), float(r['qty'])] for r in data]))"
        ].join("\n")
        const [both, exch, local, buy, sell] = [12, 8, 4, 2, 1]
        const event = (flags: number, kind: number, there: number, here: number, price: number, size: number) => [
          flags,
          kind,
          at(there) * 1_000,
          at(here) * 1_000,
          price,
          size
        ]
        assert.deepStrictEqual(JSON.parse(runPython(script, file?.path ?? "")), [
          event(both + buy, 4, 10, 10, 0.34, 78),
          event(both + sell, 4, 10, 10, 0.351, 95.5),
          event(both + buy, 1, 15, 20, 0.3405, 1),
          event(both + buy, 2, 20, 30, 0.351, 0.5),
          event(both + sell, 1, 25, 30, 0.351, 95),
          event(both + buy, 1, 35, 40, 0.34, 0),
          event(both + buy, 3, 50, 50, 0.3405, 0),
          event(both + sell, 3, 50, 50, 0.351, 0)
        ])
        assert.isTrue(exch + local === both)
      }).pipe(Effect.scoped)
  )
})
