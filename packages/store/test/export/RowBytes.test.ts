import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as BookSamples from "@kalshibook/core/BookSamples"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import { sampleColumns } from "@kalshibook/core/export/TableColumns"
import * as Replay from "@kalshibook/core/Replay"
import * as RowBytes from "@kalshibook/store/export/RowBytes"
import * as RowColumns from "@kalshibook/store/export/RowColumns"
import { tableFromIPC } from "apache-arrow"
import { Effect } from "effect"
import { temporaryFolder } from "../PgTest.ts"
import { pythonMissing, runPython } from "./Python.ts"

const head = { marketTicker: 'K,"X', epoch: 1, sid: 2, seq: 3, tsReceivedMicros: 1_795_651_200_250_001 }

const records: ReadonlyArray<BookRecord> = [
  {
    ...head,
    kind: "snapshot",
    offset: 1,
    tsExchangeMicros: null,
    levels: { yes: [{ priceE4: 3_400, sizeE2: 7_800 }], no: [] }
  },
  { ...head, kind: "snapshot", offset: 2, tsExchangeMicros: null, levels: { yes: [], no: [] } },
  {
    ...head,
    kind: "delta",
    offset: 3,
    tsExchangeMicros: 1_795_651_200_000_007,
    side: "no",
    priceE4: 1,
    deltaE2: -9_007_199_254_740_000
  },
  { ...head, kind: "gap", offset: 4, tsExchangeMicros: null, cause: "audit", tsDetectedMicros: 1_795_651_201_000_000 }
]

const bytesOf = (format: RowBytes.RowFormat, pages: ReadonlyArray<ReadonlyArray<BookRecord>>): Uint8Array => {
  const made = RowBytes.make(format, segmentColumns.records)
  return Buffer.concat([...pages.map((page) => made.rows(RowColumns.ofRecords(page))), made.end()])
}

const expected = [
  `K,"X 1 snapshot 2026-11-26 00:00:00.250001+00 null yes 0.3400 null 78.00 null`,
  `K,"X 2 snapshot 2026-11-26 00:00:00.250001+00 null null null null null null`,
  `K,"X 3 delta 2026-11-26 00:00:00.250001+00 2026-11-26 00:00:00.000007+00 no 0.0001 -90071992547400.00 null null`,
  `K,"X 4 gap 2026-11-26 00:00:00.250001+00 null null null null null audit`
]

const columnsRead =
  "market_ticker, record_offset, kind, ts_received, ts_exchange, side, price, size_delta, size, gap_cause"

/** Reads a file with DuckDB and writes each row as text. */
const readBack = Effect.fnUntraced(function* (source: string, columns = columnsRead) {
  const db = yield* Effect.promise(() => DuckDBInstance.create(":memory:"))
  const connection = yield* Effect.promise(() => db.connect())
  const sql = `select ${columns} from ${source}`
  const rows = yield* Effect.promise(async () => {
    await connection.run("set TimeZone = 'UTC'")
    return (await connection.runAndReadAll(sql)).getRowsJson()
  })
  connection.disconnectSync()
  db.closeSync()
  return rows.map((row) => row.map(String).join(" "))
})

describe("a streamed table", () => {
  it.effect("is read back from Parquet and CSV by DuckDB, value for value", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      for (const format of ["parquet", "csv"] as const) {
        const path = join(folder, `rows.${format}`)
        writeFileSync(path, bytesOf(format, [records.slice(0, 2), [], records.slice(2)]))
        const types = segmentColumns.records.map(({ name, type }) => `'${name}': '${type}'`).join(", ")
        const source = format === "csv" ? `read_csv('${path}', header = true, columns = {${types}})` : `'${path}'`
        assert.deepStrictEqual(yield* readBack(source), expected)
      }
    }).pipe(Effect.scoped)
  )

  it("is read back from an Arrow stream by its own library, in as many batches as there were pages", () => {
    const table = tableFromIPC(bytesOf("arrow", [records.slice(0, 2), [], records.slice(2)]))
    assert.strictEqual(table.batches.length, 2)
    assert.strictEqual(table.numRows, 4)
    assert.deepStrictEqual([...(table.getChild("record_offset") ?? [])], [1n, 2n, 3n, 4n])
    assert.deepStrictEqual([...(table.getChild("kind") ?? [])], ["snapshot", "snapshot", "delta", "gap"])
    assert.strictEqual(String(table.schema.fields[3]), "ts_received: Timestamp<MICROSECOND, UTC>")
  })

  it.effect("has measures as decimals and ratios that DuckDB reads, in a row for each sample", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "samples.parquet")
      const names = ["mid", "spread", "yes_depth", "imbalance"] as const
      const samples = BookSamples.make(2, 2, { names, withinE4: 100 })
      const replay = Replay.make()
      const levels = { yes: [{ priceE4: 3_400, sizeE2: 100 }], no: [{ priceE4: 6_501, sizeE2: 300 }] }
      Replay.apply(replay, { ...head, kind: "snapshot", offset: 1, tsExchangeMicros: null, levels })
      BookSamples.take(samples, replay, head.tsReceivedMicros)
      Replay.apply(replay, records[3] as BookRecord)
      BookSamples.take(samples, replay, head.tsReceivedMicros + 1)
      const made = RowBytes.make("parquet", sampleColumns(2, names))
      const rows = made.rows(RowColumns.ofSamples("M", samples, 0, 2))
      writeFileSync(path, Buffer.concat([rows, made.end()]))
      const columns = "mid, spread, yes_depth, imbalance, trust, gap_cause, no_price_1, no_size_1, no_price_2"
      assert.deepStrictEqual(yield* readBack(`'${path}'`, columns), [
        "0.34495 0.0099 1.00 -0.5 trusted null 0.6501 3.00 null",
        "null null null null stale audit 0.6501 3.00 null"
      ])
    }).pipe(Effect.scoped)
  )

  it("without rows is a table without rows", () => {
    assert.strictEqual(tableFromIPC(bytesOf("arrow", [])).numRows, 0)
    assert.strictEqual(bytesOf("csv", []).toString().split("\n").length, 2)
  })

  const missing = pythonMissing("polars", "pyarrow")
  it.effect.skipIf(missing !== undefined)(
    `is read by Polars from Arrow and Parquet alike${missing === undefined ? "" : ` (${missing})`}`,
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const [arrow, parquet] = [join(folder, "rows.arrows"), join(folder, "rows.parquet")]
        writeFileSync(arrow, bytesOf("arrow", [records.slice(0, 3), records.slice(3)]))
        writeFileSync(parquet, bytesOf("parquet", [records]))
        const script =
          "import sys, polars as p; a = p.read_ipc_stream(sys.argv[1]); b = p.read_parquet(sys.argv[2]); print(a.equals(b), a.schema['ts_received'], a.schema['price'], a['size_delta'][2], a['ts_exchange'][2])"
        assert.strictEqual(
          runPython(script, arrow, parquet).trim(),
          "True Datetime(time_unit='us', time_zone='UTC') Decimal(precision=9, scale=4) -90071992547400.00 2026-11-26 00:00:00.000007+00:00"
        )
      }).pipe(Effect.scoped)
  )
})
