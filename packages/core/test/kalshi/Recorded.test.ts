import * as Book from "@kalshibook/core/Book"
import * as DeltaFrame from "@kalshibook/core/kalshi/DeltaFrame"
import { noUnknownFields } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import { assert, describe, it } from "vitest"
import * as FrameSamples from "./FrameSamples.ts"

const directory = FrameSamples.recordedDirectory()

describe.skipIf(directory === undefined)("recorded production frames", () => {
  const frames = directory === undefined ? [] : FrameSamples.recordedFrames(directory)

  it("are all understood, without an unknown field, and written back byte by byte", () => {
    assert.isAbove(frames.length, 0)
    for (const text of frames) {
      const message = Wire.decode(FrameSamples.bytesOf(text))
      assert.notInclude(["unknown", "undecodable"], message._tag)
      assert.strictEqual(message.unknownFields, noUnknownFields)
      assert.strictEqual(Wire.encode(message), `${text}\n`)
    }
  })

  it("mean the same by template and by Schema, and every delta takes the template", () => {
    for (const text of frames) {
      const byTemplate = DeltaFrame.decodeDelta(FrameSamples.bytesOf(text))
      const bySchema = Wire.decodeText(text)
      assert.deepStrictEqual(byTemplate, bySchema._tag === "orderbook_delta" ? bySchema : undefined)
    }
  })

  it("build a book that is never crossed and has no negative level", () => {
    const book = Book.make()
    for (const text of frames) {
      const message = Wire.decode(text)
      if (message._tag === "orderbook_snapshot") assert.isUndefined(Book.replace(book, message.levels))
      if (message._tag !== "orderbook_delta") continue
      assert.isUndefined(Book.apply(book, message.side, message.priceE4, message.deltaE2))
      assert.isFalse(Book.isCrossed(book))
    }
  })
})
