import { assert, layer } from "@effect/vitest"
import { candleColumns } from "@kalshibook/core/export/TableColumns"
import { Effect } from "effect"
import { parquetReadObjects } from "hyparquet"
import * as ApiTest from "./ApiTest.ts"
import { download, everyPage, type Json, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const of = (ticker: string) => `/v1/markets/${ticker}/candles?interval=1m`
const recorded = `${of(Seed.recorded)}&from=2026-11-21T13:50:00Z`

const prices = (open: string, high: string, low: string, close: string) => ({
  open_dollars: open,
  high_dollars: high,
  low_dollars: low,
  close_dollars: close
})

layer(ApiTest.layer())("/v1/markets/{ticker}/candles", (it) => {
  it.effect("has trades, the quotes of the book while it is known, and what is not known and why", () =>
    Effect.gen(function* () {
      const { body, credits } = yield* json(recorded)
      assert.strictEqual(credits, 1)
      assert.deepStrictEqual(body, {
        market_ticker: Seed.recorded,
        interval: "1m",
        candles: [
          {
            start: Seed.startIso,
            end: "2026-11-21T14:01:00.000000Z",
            is_complete: false,
            price: prices("0.3400", "0.3400", "0.3400", "0.3400"),
            trade_count: Seed.tradeCount,
            volume_fp: "465.00",
            are_trades_whole: false,
            yes_bid: prices("0.3400", "0.4010", "0.3390", "0.4010"),
            yes_ask: prices("0.3510", "0.3510", "0.3500", "0.3500"),
            book_records: 6,
            trust: "partial",
            // Two seconds up to the gap, and five from the next snapshot up to what is stored.
            book_trusted_micros: 7_000_002,
            gap_causes: ["silence"],
            open_interest_fp: null
          }
        ],
        cursor: ""
      })
    })
  )

  it.effect("goes on from page to page, also where nothing happened, and ends where all of it is stored", () =>
    Effect.gen(function* () {
      yield* ApiTest.minutesLater(5)
      const path = `${recorded}&to=2026-11-21T15:00:00Z`
      const { entries, pages } = yield* everyPage(path, "candles", 2)
      assert.strictEqual(pages, 3)
      assert.deepStrictEqual(
        entries.map(({ book_records, is_complete, price, start, trade_count, trust, yes_bid }: Json) => ({
          minute: start.slice(14, 16),
          book_records,
          is_complete,
          price: price?.close_dollars,
          trade_count,
          trust,
          bid: yes_bid?.open_dollars
        })),
        [0, 1, 2, 3, 4, 5].map((minute) => ({
          minute: `0${minute}`,
          book_records: minute === 0 ? 6 : 0,
          is_complete: minute < 5,
          price: minute === 0 ? "0.3400" : undefined,
          trade_count: minute === 0 ? Seed.tradeCount : 0,
          trust: minute === 0 ? "partial" : "trusted",
          bid: minute === 0 ? "0.3400" : "0.4010"
        }))
      )
      const whole = yield* json(path)
      assert.deepStrictEqual(whole.body.candles, entries)
    })
  )

  it.effect("is one stream of the same entries as NDJSON and Parquet", () =>
    Effect.gen(function* () {
      const { body } = yield* json(recorded)
      const lines = (yield* download(`${recorded}&format=ndjson`)).body.toString().trimEnd().split("\n")
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(line)),
        body.candles
      )
      const { buffer, byteLength, byteOffset } = (yield* download(`${recorded}&format=parquet`)).body
      const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
      const rows: ReadonlyArray<Json> = yield* Effect.promise(() => parquetReadObjects({ file }))
      assert.deepStrictEqual(
        Object.keys(rows[0]),
        candleColumns.map(({ name }) => name)
      )
      assert.deepStrictEqual(
        rows.map((row) => [row.trade_count, row.volume, row.yes_bid_high, row.gap_causes, row.open_interest]),
        body.candles.map((one: Json) => [
          BigInt(one.trade_count),
          Number(one.volume_fp),
          one.yes_bid === null ? null : Number(one.yes_bid.high_dollars),
          one.gap_causes.length === 0 ? null : one.gap_causes.join(","),
          null
        ])
      )
    })
  )

  it.effect("is empty, and free, for a market of which nothing is known, and tells one that there is not", () =>
    Effect.gen(function* () {
      const empty = yield* json(`${of(Seed.unopened)}`)
      assert.deepInclude(empty, { status: 200, credits: 0 })
      assert.deepStrictEqual(empty.body.candles, [])
      for (const format of ["json", "csv"]) {
        assert.strictEqual((yield* json(`${of("KXNEVER")}&format=${format}`)).body.code, "unknown_market", format)
      }
      const { body } = yield* json(`/v1/markets/${Seed.recorded}/candles?interval=2m`)
      assert.deepInclude(body, { code: "bad_parameter", parameter: "interval", allowed: "`1m`, `5m`, `1h`, `1d`" })
      assert.strictEqual((yield* json(`/v1/markets/${Seed.recorded}/candles`)).body.parameter, "interval")
    })
  )
})
