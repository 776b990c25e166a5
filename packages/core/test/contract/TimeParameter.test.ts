import { assert, describe, it } from "@effect/vitest"
import { parse } from "@kalshibook/core/contract/TimeParameter"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Option } from "effect"

const moment = 1_763_733_780_250_000

const read = (text: string): string => Option.match(parse(text), { onNone: () => "refused", onSome: isoFromMicros })

describe("a time in a request", () => {
  it("means the same moment in every form that a caller may write", () => {
    for (const text of [
      "2025-11-21T14:03:00.250000Z",
      "2025-11-21T14:03:00.25Z",
      "2025-11-21T14:03:00.25",
      "2025-11-21 14:03:00.25",
      "2025-11-21T15:03:00.25+01:00",
      "2025-11-21T15:03:00.25 01:00",
      "2025-11-21T09:03:00.25-0500",
      "1763733780.25",
      "1763733780250",
      "1763733780250.0",
      "1763733780250000"
    ]) {
      assert.deepStrictEqual(parse(text), Option.some(moment), text)
    }
  })

  it("is seconds, milliseconds or microseconds by its magnitude", () => {
    assert.strictEqual(read("0"), "1970-01-01T00:00:00.000000Z")
    assert.strictEqual(read("4102444800"), "2100-01-01T00:00:00.000000Z")
    assert.strictEqual(read("100000000000"), "1973-03-03T09:46:40.000000Z")
    assert.strictEqual(read("4102444800000"), "2100-01-01T00:00:00.000000Z")
    assert.strictEqual(read("100000000000000"), "1973-03-03T09:46:40.000000Z")
    assert.strictEqual(read("4102444800000000"), "2100-01-01T00:00:00.000000Z")
  })

  it("is kept to the microsecond", () => {
    assert.strictEqual(read("1763733780.123456"), "2025-11-21T14:03:00.123456Z")
    assert.strictEqual(read("1763733780123.456"), "2025-11-21T14:03:00.123456Z")
    assert.strictEqual(read("2025-11-21T14:03:00.123456Z"), "2025-11-21T14:03:00.123456Z")
  })

  it("may be a bare date, midnight in UTC", () => {
    assert.strictEqual(read("2025-11-21"), "2025-11-21T00:00:00.000000Z")
  })

  it("is refused where it is no time, or one that cannot be told exactly", () => {
    for (const text of [
      "",
      "now",
      "yesterday",
      "-1",
      "+1763733780",
      "1e9",
      "0x10",
      " 1763733780",
      "1763733780.",
      ".5",
      "1763733780.1234567",
      "1763733780250.1234",
      "1763733780250000.5",
      "17637337802500000000",
      "2025-02-30",
      "2025-13-01T00:00:00Z",
      "2025-11-21T24:00:01Z",
      "2025-11-21T14:03:00.1234567890Z",
      "1969-12-31T23:59:59Z",
      "2256-01-01T00:00:00Z",
      "9999-12-31T23:59:59Z",
      "2025-11-21T14:03:00Z\u0000",
      "２０２５-11-21",
      "1".repeat(400)
    ]) {
      assert.deepStrictEqual(parse(text), Option.none(), text)
    }
  })
})
