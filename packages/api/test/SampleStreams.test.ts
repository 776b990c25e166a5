import { assert, layer } from "@effect/vitest"
import { measureNames } from "@kalshibook/core/BookMeasures"
import { sampleColumns } from "@kalshibook/core/export/TableColumns"
import { tableFromIPC } from "apache-arrow"
import { Effect } from "effect"
import { parquetReadObjects } from "hyparquet"
import * as ApiTest from "./ApiTest.ts"
import { download, everyPage, type Json, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const market = `/v1/markets/${Seed.recorded}`
const range = "from=2026-11-21T13:59:58.500Z&to=2026-11-21T14:00:18Z"
const samples = `${market}/orderbook/samples?${range}&every=500ms&depth=2&derive=${measureNames.join(",")}&depth_cents=1`
const deltas = `${market}/deltas?derive=size_after,yes_bid,yes_ask,mid`

const csvRows = (body: Buffer): ReadonlyArray<Record<string, string>> => {
  const [head = [], ...lines] = body
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","))
  return lines.map((line) => Object.fromEntries(head.map((name, at) => [name, line[at] ?? ""])))
}

const ndjson = (body: Buffer): ReadonlyArray<Json> =>
  body
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

/** A level of the JSON, 1 for the best, as a row of text has it. */
const level = (ladder: ReadonlyArray<readonly [string, string]>, number: number) => ladder.at(-number) ?? ["", ""]

layer(ApiTest.layer())("books at regular moments as one stream", (it) => {
  it.effect("are the moments of all pages: the same entries as NDJSON, a row for each as CSV", () =>
    Effect.gen(function* () {
      const { entries } = yield* everyPage(samples, "samples", 7)
      const lines = yield* download(samples, { accept: "application/x-ndjson" })
      assert.deepStrictEqual([lines.type, lines.isWhole], ["application/x-ndjson", true])
      assert.lengthOf(entries, 36)
      assert.deepStrictEqual(ndjson(lines.body), entries)
      const csv = yield* download(`${samples}&format=csv`)
      const text = (value: unknown) => (value === null ? "" : String(value))
      assert.deepStrictEqual(
        csvRows(csv.body),
        entries.map(({ at, derived, gap_cause, offset, orderbook_fp, trust }) => ({
          market_ticker: Seed.recorded,
          ts: at,
          record_offset: String(offset),
          trust,
          gap_cause: text(gap_cause),
          ...Object.fromEntries(measureNames.map((name) => [name, text(derived[name])])),
          ...Object.fromEntries(
            [1, 2].flatMap((number) =>
              ["yes", "no"].flatMap((side) => {
                const [price, size] = level(orderbook_fp[`${side}_dollars`], number)
                return [
                  [`${side}_price_${number}`, price],
                  [`${side}_size_${number}`, size]
                ]
              })
            )
          )
        }))
      )
    })
  )

  it.effect("have as Parquet and Arrow the same columns and rows, whatever the depth", () =>
    Effect.gen(function* () {
      for (const [depth, every, count] of [
        [1, "2ms", 9_000],
        [100, "50ms", 360]
      ] as const) {
        const asked = `${market}/orderbook/samples?${range}&every=${every}&depth=${depth}&derive=mid,imbalance`
        const parquet = yield* download(`${asked}&format=parquet`)
        const { buffer, byteLength, byteOffset } = parquet.body
        const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
        const rows = yield* Effect.promise(() => parquetReadObjects({ file }))
        const arrow = yield* download(`${asked}&format=arrow`)
        const table = tableFromIPC(arrow.body)
        const names = sampleColumns(depth, ["mid", "imbalance"]).map(({ name }) => name)
        assert.deepStrictEqual([parquet.isWhole, arrow.isWhole], [true, true])
        assert.deepStrictEqual(Object.keys(rows[0] ?? {}), names)
        assert.deepStrictEqual(
          table.schema.fields.map(({ name }) => name),
          names
        )
        assert.deepStrictEqual([rows.length, table.numRows], [count, count])
        for (const name of ["record_offset", "trust", "imbalance"]) {
          assert.deepStrictEqual(
            [...(table.getChild(name) ?? [])],
            rows.map((row) => row[name])
          )
        }
      }
    })
  )

  it.effect("tell what is wrong before they begin, as a problem", () =>
    Effect.gen(function* () {
      const never = yield* json(`/v1/markets/${Seed.unopened}/orderbook/samples?format=arrow`)
      assert.strictEqual(never.body.code, "market_not_recorded")
      assert.strictEqual((yield* json("/v1/markets/NONE/orderbook/samples?format=csv")).body.code, "unknown_market")
      assert.strictEqual((yield* json(`${samples}&format=csv&limit=2`)).body.code, "not_acceptable")
      assert.strictEqual((yield* json(`${market}/orderbook/samples?depth=101&format=csv`)).body.parameter, "depth")
    })
  )
})

layer(ApiTest.layer())("measures of books", (it) => {
  it.effect("of samples are those of the book of the moment, and null where it is not trusted", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`${samples}&limit=100`)
      const states = new Set<string>()
      for (const sample of body.samples) {
        states.add(sample.trust)
        const single = yield* json(`${market}/orderbook?at=${sample.at}`)
        const { best } = single.body
        const isTrusted = sample.trust === "trusted"
        const { mid, spread, yes_ask, yes_bid } = sample.derived
        assert.deepStrictEqual(
          [yes_bid, yes_ask, spread, mid === null ? null : Number(mid)],
          isTrusted
            ? [
                best.yes_bid_dollars,
                best.yes_ask_implied_dollars,
                best.spread_dollars,
                best.mid_dollars === null ? null : Number(best.mid_dollars)
              ]
            : [null, null, null, null]
        )
      }
      assert.deepStrictEqual([...states], ["trusted", "stale"])
    })
  )

  it.effect("of deltas are those of the book right after each, also when the range begins in the middle", () =>
    Effect.gen(function* () {
      const { body } = yield* download(`${deltas}&format=ndjson`)
      const whole = ndjson(body)
      assert.deepStrictEqual(
        whole.map(({ derived }) => [derived.size_after, derived.yes_bid, derived.yes_ask, derived.mid]),
        [
          [null, "0.3400", "0.3510", "0.34550"],
          ["0.00", "0.3390", "0.3510", "0.34500"],
          ["1.00", "0.3390", "0.3500", "0.34450"],
          [null, null, null, null],
          [null, "0.4000", null, null],
          ["0.50", "0.4010", null, null]
        ]
      )
      const plain = yield* everyPage(`${market}/deltas`, "records", 100)
      assert.deepStrictEqual(
        whole.map(({ derived: _, ...record }) => record),
        plain.entries
      )
      const middle = yield* download(`${deltas}&from=2026-11-21T14:00:01.5Z&format=ndjson`)
      assert.deepStrictEqual(ndjson(middle.body), whole.slice(2))
      const csv = csvRows((yield* download(`${deltas}&format=csv`)).body)
      assert.deepStrictEqual(
        csv.filter(({ kind }) => kind === "delta").map(({ size_after, yes_ask }) => [size_after, yes_ask]),
        [
          ["0.00", "0.3510"],
          ["1.00", "0.3500"],
          ["0.50", ""]
        ]
      )
    })
  )

  it.effect("that do not exist are refused with the list of those that do; pages of deltas have none", () =>
    Effect.gen(function* () {
      for (const path of [`${market}/orderbook/samples?derive=mid,size_after`, `${market}/deltas?derive=vwap`]) {
        const { body } = yield* json(`${path}&format=csv`)
        assert.deepInclude(body, { code: "bad_parameter", parameter: "derive", status: 400 })
        for (const name of [...measureNames, "size_after"]) assert.include(body.allowed, `\`${name}\``)
      }
      assert.strictEqual((yield* json(`${market}/orderbook/samples?derive=mid,mid`)).body.parameter, "derive")
      assert.strictEqual((yield* json(`${market}/orderbook/samples?depth_cents=100`)).body.parameter, "depth_cents")
      assert.deepInclude((yield* json(`${deltas}&limit=3`)).body, { code: "not_acceptable", status: 406 })
    })
  )
})
