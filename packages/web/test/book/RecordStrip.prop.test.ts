/** What a browser folds is what core folds: the same levels and the same trust, at every moment of random logs. */
import * as RecordView from "@kalshibook/core/contract/RecordView"
import * as RecordStrip from "@kalshibook/web/book/RecordStrip"
import fc from "fast-check"
import { assert, it } from "vitest"
import { log } from "../../../core/test/LogArbitrary.ts"
import { folded, shownOf, sound } from "./CoreBook.ts"

it("a strip that begins anywhere gives core's book at every moment after it", () => {
  fc.assert(
    fc.property(log, fc.double({ min: 0, max: 1, noNaN: true }), (any, share) => {
      const records = sound(any)
      const first = records[0]?.tsReceivedMicros ?? 0
      const last = records.at(-1)?.tsReceivedMicros ?? 0
      const fromMicros = Math.floor(first + share * (last - first))
      const strip = RecordStrip.make({
        base: shownOf(folded(records, fromMicros), fromMicros),
        records: records
          .filter(({ tsReceivedMicros }) => tsReceivedMicros >= fromMicros)
          .map((record) => RecordView.view(record, undefined)),
        fromMicros,
        isCut: false,
        knownToMicros: last
      })
      const moments = records.flatMap(({ tsReceivedMicros: micros }) => [micros - 1, micros, micros + 1])
      for (const atMicros of new Set(moments.filter((micros) => micros >= fromMicros && micros <= last))) {
        assert.isTrue(RecordStrip.covers(strip, atMicros))
        assert.deepStrictEqual(RecordStrip.bookAt(strip, atMicros), shownOf(folded(records, atMicros), atMicros))
      }
    }),
    { numRuns: 30 }
  )
})

it("stepping visits each moment at which something was received once, in both directions", () => {
  fc.assert(
    fc.property(log, (records) => {
      const moments = [...new Set(records.map(({ tsReceivedMicros }) => tsReceivedMicros))]
      const strip = RecordStrip.make({
        base: undefined,
        records: records.map((record) => RecordView.view(record, undefined)),
        fromMicros: 0,
        isCut: false,
        knownToMicros: Number.MAX_SAFE_INTEGER
      })
      const on: Array<number> = []
      for (let at = RecordStrip.momentAfter(strip, 0); at !== undefined; at = RecordStrip.momentAfter(strip, at))
        on.push(at)
      assert.deepStrictEqual(on, moments)
      const back: Array<number> = []
      const end = (moments.at(-1) ?? 0) + 1
      for (let at = RecordStrip.momentBefore(strip, end); at !== undefined; at = RecordStrip.momentBefore(strip, at))
        back.push(at)
      assert.deepStrictEqual(back, moments.toReversed())
    }),
    { numRuns: 30 }
  )
})

it("a strip that is cut does not answer for its last moment, of which more may follow", () => {
  const record = (offset: number, second: number) =>
    RecordView.view(
      {
        kind: "delta",
        marketTicker: "KXTEST",
        offset,
        epoch: 1,
        sid: 1,
        seq: offset,
        tsExchangeMicros: null,
        tsReceivedMicros: second * 1_000_000,
        side: "yes",
        priceE4: 5_000,
        deltaE2: 100
      },
      undefined
    )
  const strip = RecordStrip.make({
    base: undefined,
    records: [record(1, 1), record(2, 2), record(3, 2)],
    fromMicros: 0,
    isCut: true,
    knownToMicros: 9_000_000
  })
  assert.isTrue(RecordStrip.covers(strip, 1_999_999))
  assert.isFalse(RecordStrip.covers(strip, 2_000_000))
})
