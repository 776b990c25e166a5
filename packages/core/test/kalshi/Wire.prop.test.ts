import * as Wire from "@kalshibook/core/kalshi/Wire"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "../PropertyRuns.ts"
import * as FrameSamples from "./FrameSamples.ts"

describe("Wire", () => {
  it("reads back every message it writes, from text and from bytes", () => {
    fc.assert(
      fc.property(FrameSamples.message, (message) => {
        const text = Wire.encode(message)
        assert.deepStrictEqual(Wire.decode(text), message)
        assert.deepStrictEqual(Wire.decode(FrameSamples.bytesOf(text)), message)
        assert.strictEqual(Wire.encode(Wire.decode(text)), text)
      }),
      propertyRuns(3_000)
    )
  })

  it("makes something of every frame, and never throws", () => {
    const anything = fc.oneof(
      FrameSamples.damaged(FrameSamples.message.map((message) => FrameSamples.bytesOf(Wire.encode(message)))),
      fc.json().map(FrameSamples.bytesOf),
      fc.uint8Array()
    )
    fc.assert(
      fc.property(anything, (frame) => {
        const message = Wire.decode(frame)
        if (message._tag === "unknown" || message._tag === "undecodable") {
          assert.strictEqual(message.text, new TextDecoder().decode(frame))
        }
      }),
      propertyRuns(6_000)
    )
  })

  it("keeps unknown fields by name and the message as it would be without them", () => {
    fc.assert(
      fc.property(
        FrameSamples.delta,
        fc.constantFrom("foo", "__proto__", "constructor", "toString"),
        (message, name) => {
          const text = Wire.encode(message)
          const inside = Wire.decode(text.replace('"msg":{', `"msg":{"${name}":{"a":[1]},`))
          assert.deepStrictEqual(inside, { ...message, unknownFields: [`msg.${name}`] })
          const outside = Wire.decode(text.replace('{"type"', `{"${name}":7,"type"`))
          assert.deepStrictEqual(outside, { ...message, unknownFields: [name] })
        }
      ),
      propertyRuns(300)
    )
  })

  it("gives the levels of a shuffled ladder in ascending order", () => {
    fc.assert(
      fc.property(FrameSamples.snapshot, (message) => {
        const shuffled = { yes: message.levels.yes.toReversed(), no: message.levels.no.toReversed() }
        assert.deepStrictEqual(Wire.decode(Wire.encode({ ...message, levels: shuffled })), message)
      }),
      propertyRuns(300)
    )
  })
})
