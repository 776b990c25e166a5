import * as DeltaFrame from "@kalshibook/core/kalshi/DeltaFrame"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "../PropertyRuns.ts"
import * as FrameSamples from "./FrameSamples.ts"

/** What the frame means: the way without the template. */
const bySchema = (frame: Uint8Array): ServerMessage => Wire.decodeText(new TextDecoder().decode(frame))

/** The template may decline a frame; a message that it gives must be the right one. */
const agrees = (frame: Uint8Array): boolean => {
  const byTemplate = DeltaFrame.decodeDelta(frame)
  if (byTemplate === undefined) return false
  assert.deepStrictEqual(byTemplate, bySchema(frame))
  return true
}

const textOf = (frame: Uint8Array): string => new TextDecoder().decode(frame)
const deltaFrame = FrameSamples.delta.map((message) => FrameSamples.bytesOf(Wire.encode(message)))

/** The same frame with one thing that the template does not know, and the exchange may send all the same. */
const variants: ReadonlyArray<(text: string) => string> = [
  (text) => text.trimEnd(),
  (text) => text.replace('"msg":{', '"msg":{"new_field":[1,{"a":"}"}],'),
  (text) => text.replace('"sid":', '"sending_ts_ms":1791380000123,"sid":'),
  (text) => text.replace(/("sid":\d+),("seq":\d+)/, "$2,$1"),
  (text) => text.replace(/("price_dollars":"[^"]+"),("delta_fp":"[^"]+")/, "$2,$1"),
  (text) => text.replace(/"market_id":"[^"]+",/, ""),
  (text) =>
    text.replace(
      /"market_ticker":"(.)/,
      (_, first: string) => `"market_ticker":"\\u${first.charCodeAt(0).toString(16).padStart(4, "0")}`
    ),
  (text) => text.replace(/"price_dollars":"([^"]+)"/, '"price_dollars":$1'),
  (text) => text.replace(/"delta_fp":"([^"]+)"/, '"delta_fp":$1'),
  (text) => text.replace(/"price_dollars":"0\.(..)../, '"price":1$1,"x":"'),
  (text) => text.replace(/"price_dollars":"[^"]+","delta_fp":"[^"]+"/, '"price":51,"delta":-1'),
  (text) => text.replace(/"ts":"([^"]+)Z"/, '"ts":"$1+00:00"'),
  (text) => text.replace(/"ts":"(.{19})[^"]*Z"/, '"ts":"$1.539836022Z"'),
  (text) => text.replace(/,"ts":"[^"]+"/, ""),
  (text) => text.replace(/,"ts_ms":\d+/, ""),
  (text) => text.replaceAll(":", ": "),
  (text) => text.replace('"side":"yes"', '"side":"YES"'),
  (text) => text.replace('"seq":', '"seq":0'),
  (text) => text.replace('"delta_fp":"', '"delta_fp":"+'),
  (text) => text.replace('"delta_fp":"', '"delta_fp":"00'),
  (text) => text.replace(/"ts_ms":\d+/, '"ts_ms":9007199254741'),
  (text) => text.replace(/"ts":"\d{4}-\d\d-\d\d/, '"ts":"2026-02-30'),
  (text) => text.replace(/"ts":"\d{4}/, '"ts":"9999'),
  (text) => text.replace(/"seq":\d+/, '"seq":9007199254740993'),
  (text) => text.replace(/"price_dollars":"[^"]+"/, '"price_dollars":"0.0000"'),
  (text) => text.replace(/"price_dollars":"[^"]+"/, '"price_dollars":"1.0000"'),
  (text) => text.replace(/"delta_fp":"[^"]+"/, '"delta_fp":"-0.00"'),
  (text) => text.replace(/"ts":"([^"]{10})[^"]*"/, '"ts":"$1T24:00:00Z"'),
  (text) => text.replace(/"ts":"([^"]{10})[^"]*"/, '"ts":"$1T22:08:60Z"'),
  (text) => text.replace(/"ts":"([^"]{10})[^"]*"/, '"ts":"$1T22:08:33.Z"'),
  (text) => text.replace(/"ts":"([^"]{5})[^"]*"/, '"ts":"$113-01T22:08:33Z"')
]

describe("DeltaFrame", () => {
  it("reads every delta that the exchange writes", () => {
    fc.assert(
      fc.property(deltaFrame, (frame) => {
        assert.isTrue(agrees(frame), textOf(frame))
      }),
      propertyRuns(3_000)
    )
  })

  it("reads a frame in a buffer that holds others, and keeps nothing of the buffer", () => {
    fc.assert(
      fc.property(deltaFrame, deltaFrame, (first, second) => {
        const shared = Buffer.from([...first, ...second])
        const message = DeltaFrame.decodeDelta(shared.subarray(0, first.length))
        const next = DeltaFrame.decodeDelta(shared.subarray(first.length))
        shared.fill(0)
        assert.deepStrictEqual(message, bySchema(first))
        assert.deepStrictEqual(next, bySchema(second))
        assert.deepStrictEqual(DeltaFrame.decodeDelta(first), bySchema(first))
      }),
      propertyRuns(500)
    )
  })

  it("agrees with the Schema or declines, for frames damaged in any way", () => {
    fc.assert(
      fc.property(FrameSamples.damaged(deltaFrame), (frame) => {
        agrees(frame)
      }),
      propertyRuns(15_000)
    )
  })

  it("agrees with the Schema or declines, for every cut of a frame", () => {
    fc.assert(
      fc.property(deltaFrame, (frame) => {
        for (let length = 0; length < frame.length; length++) agrees(frame.subarray(0, length))
      }),
      propertyRuns(20)
    )
  })

  it("agrees with the Schema or declines, for older, newer and reordered forms", () => {
    fc.assert(
      fc.property(
        deltaFrame,
        fc.array(fc.constantFrom(...variants), { minLength: 1, maxLength: 3 }),
        (frame, changes) => {
          agrees(FrameSamples.bytesOf(changes.reduce((text, change) => change(text), textOf(frame))))
        }
      ),
      propertyRuns(6_000)
    )
  })

  it("declines every other kind of frame", () => {
    fc.assert(
      fc.property(
        FrameSamples.message.filter((message) => message._tag !== "orderbook_delta"),
        (message) => {
          assert.isUndefined(DeltaFrame.decodeDelta(FrameSamples.bytesOf(Wire.encode(message))))
        }
      ),
      propertyRuns(500)
    )
  })

  it("tells markets apart whose names collide in its table", () => {
    const sample = fc.sample(FrameSamples.delta, 1)[0] ?? assert.fail("no sample")
    for (let market = 0; market < 20_000; market++) {
      const message = { ...sample, marketTicker: `KXMVE-${market}`, marketId: `${market}` }
      const decoded = DeltaFrame.decodeDelta(FrameSamples.bytesOf(Wire.encode(message)))
      assert.strictEqual(decoded?.marketTicker, message.marketTicker)
      assert.strictEqual(decoded?.marketId, message.marketId)
    }
  })
})
