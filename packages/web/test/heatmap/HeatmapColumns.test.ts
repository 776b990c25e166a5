/** What the heatmap paints is what the samples say. */
import type { ShownBook } from "@kalshibook/web/book/ShownBook"
import * as HeatmapColumns from "@kalshibook/web/heatmap/HeatmapColumns"
import { assert, it } from "vitest"

const second = 1_000_000

const book = (seconds: number, bidE4: number, state: "trusted" | "unknown" = "trusted"): ShownBook => ({
  atMicros: seconds * second,
  offset: seconds,
  trust: { state },
  yes: [
    { priceE4: bidE4, sizeE2: 500 },
    { priceE4: bidE4 - 10, sizeE2: 200 }
  ],
  no: [{ priceE4: 4_000, sizeE2: 300 }]
})

const cell = (columns: HeatmapColumns.HeatmapColumns, column: number, cents: number) =>
  columns.cells[column * HeatmapColumns.rows + cents]

it("adds levels of one cent up, shows no bids as yes asks, and paints nothing that is not trusted", () => {
  const columns = HeatmapColumns.ofBooks([book(1, 5_550), book(2, 5_550, "unknown")], second)
  assert.strictEqual(cell(columns, 0, 55), 700)
  assert.strictEqual(cell(columns, 0, 60), -300)
  assert.deepStrictEqual([...columns.isTrusted], [1, 0])
  assert.isTrue(columns.cells.subarray(HeatmapColumns.rows).every((size) => size === 0))
  assert.deepStrictEqual([...columns.bidE4], [5_550, Number.NaN])
  assert.strictEqual(columns.askE4[0], 6_000)
})

it("goes on with books that come later, each from its moment on", () => {
  const columns = HeatmapColumns.ofBooks([book(1, 5_000), book(2, 5_000)], second)
  const later = [book(3, 5_100), { ...book(4, 5_200), atMicros: 4.5 * second }, book(6, 5_300)]
  const more = HeatmapColumns.extended(columns, later)
  assert.deepStrictEqual([...more.bidE4], [5_000, 5_000, 5_100, 5_100, 5_200, 5_300])
  assert.strictEqual(HeatmapColumns.extended(columns, []), columns)
})

it("finds the column of a moment, and none outside", () => {
  const columns = HeatmapColumns.ofBooks([book(1, 5_000), book(2, 5_000)], second)
  assert.strictEqual(HeatmapColumns.columnAt(columns, 2.9 * second), 1)
  assert.isUndefined(HeatmapColumns.columnAt(columns, 0.9 * second))
  assert.isUndefined(HeatmapColumns.columnAt(columns, 3 * second))
})
