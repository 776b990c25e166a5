import { assert, describe, it } from "@effect/vitest"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { cursorCharsMax } from "@kalshibook/core/contract/Limits"
import { Option } from "effect"
import * as fc from "fast-check"

const question = { ticker: "A.B-1", from: 5, to: undefined }

describe("a cursor", () => {
  it("goes on where the page before ended", () => {
    const cursor = Cursor.encode(Cursor.records, question, [1_763_733_780_250_000, 41])
    assert.deepStrictEqual(
      Cursor.decode(Cursor.records, question, cursor),
      Option.some([1_763_733_780_250_000, 41] as const)
    )
    const trade = Cursor.encode(Cursor.trades, question, [1_763_733_780_250_000, "e5b1d6c4"])
    assert.deepStrictEqual(
      Cursor.decode(Cursor.trades, question, trade),
      Option.some([1_763_733_780_250_000, "e5b1d6c4"] as const)
    )
  })

  it("is bound to its question, whatever the order of the filters", () => {
    const cursor = Cursor.encode(Cursor.markets, { status: "active", category: "Crypto" }, "K-1")
    const decode = (other: Cursor.Question) => Cursor.decode(Cursor.markets, other, cursor)
    assert.deepStrictEqual(decode({ category: "Crypto", status: "active", tickers: undefined }), Option.some("K-1"))
    assert.deepStrictEqual(decode({ category: "Crypto" }), Option.none())
    assert.deepStrictEqual(decode({ category: "crypto", status: "active" }), Option.none())
    assert.deepStrictEqual(decode({ category: "active", status: "Crypto" }), Option.none())
  })

  it("is bound to its list", () => {
    const cursor = Cursor.encode(Cursor.markets, {}, "K-1")
    assert.deepStrictEqual(Cursor.decode(Cursor.events, {}, cursor), Option.none())
    assert.deepStrictEqual(Cursor.decode(Cursor.records, {}, cursor), Option.none())
  })

  it("is refused when it was changed, cut, too long or made by another version", () => {
    const cursor = Cursor.encode(Cursor.records, question, [1_763_733_780_250_000, 41])
    const inside = Buffer.from(cursor, "base64url").toString()
    const forged = (text: string) => Buffer.from(text).toString("base64url")
    for (const wrong of [
      "",
      "!",
      cursor.slice(0, -3),
      "A".repeat(cursorCharsMax + 1),
      forged(inside.replace("[1,", "[2,")),
      forged(inside.replace("41", "-1")),
      forged(inside.replace("41", "4.1")),
      forged(inside.replace("41", '"41"')),
      forged("[]"),
      forged("null"),
      forged("{"),
      forged('[1,"records"]')
    ]) {
      assert.deepStrictEqual(Cursor.decode(Cursor.records, question, wrong), Option.none(), wrong)
    }
  })

  it("never lets a control character through to the store", () => {
    const forged = Cursor.encode(Cursor.markets, {}, "K\u0000")
    assert.deepStrictEqual(Cursor.decode(Cursor.markets, {}, forged), Option.none())
  })

  it("reads whatever is thrown at it without failing", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.json().map((text) => Buffer.from(text).toString("base64url"))
        ),
        (text) => {
          assert.deepStrictEqual(Cursor.decode(Cursor.records, question, text), Option.none())
        }
      )
    )
  })
})
