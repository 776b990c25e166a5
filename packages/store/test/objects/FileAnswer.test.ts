import { assert, describe, it } from "@effect/vitest"
import * as FileAnswer from "@kalshibook/store/objects/FileAnswer"
import { Option } from "effect"

const file: FileAnswer.FileState = { bytes: 10, lastModifiedMicros: 1_795_345_200_123_456, etag: '"a-1"' }
const time = "Sun, 22 Nov 2026 11:00:00 GMT"

const answer = (request: Partial<FileAnswer.FileRequest>, state = file) =>
  FileAnswer.answer({ method: "GET", ...request }, state)

describe("FileAnswer", () => {
  it("gives the whole file, and says that it can give parts of it", () => {
    assert.deepStrictEqual(answer({}), {
      status: 200,
      headers: { "accept-ranges": "bytes", etag: '"a-1"', "last-modified": time, "content-length": "10" },
      body: Option.some({ fromByte: 0, toByte: 10 })
    })
  })

  it("gives one range as it was asked for, cut where the file ends", () => {
    for (const [range, fromByte, toByte] of [
      ["bytes=0-0", 0, 1],
      ["bytes=2-4", 2, 5],
      ["bytes=8-100", 8, 10],
      ["bytes=3-", 3, 10],
      ["bytes=-4", 6, 10],
      ["bytes=-100", 0, 10],
      ["BYTES= 2-4 ", 2, 5]
    ] as const) {
      const { status, headers, body } = answer({ range })
      assert.deepStrictEqual([status, body], [206, Option.some({ fromByte, toByte })], range)
      assert.strictEqual(headers["content-range"], `bytes ${fromByte}-${toByte - 1}/10`)
      assert.strictEqual(headers["content-length"], String(toByte - fromByte))
    }
  })

  it("says that a range cannot be, with the length, when nothing of it is in the file", () => {
    for (const range of ["bytes=10-", "bytes=10-20", "bytes=-0"]) {
      const { status, headers, body } = answer({ range })
      assert.deepStrictEqual([status, headers["content-range"], body], [416, "bytes */10", Option.none()], range)
    }
  })

  it("ignores what is no single range", () => {
    for (const range of ["bytes=0-1,3-4", "bytes=4-2", "bytes=", "bytes=-", "items=0-1", "bytes=a-b", ""]) {
      assert.strictEqual(answer({ range }).status, 200, range)
    }
  })

  it("gives a part only of the file that the other side knows, else the whole", () => {
    const statusOf = (ifRange: string) => answer({ range: "bytes=0-1", ifRange }).status
    assert.deepStrictEqual([statusOf('"a-1"'), statusOf(time)], [206, 206])
    assert.deepStrictEqual(
      [statusOf('"b-1"'), statusOf('W/"a-1"'), statusOf("Sun, 22 Nov 2026 11:00:01 GMT")],
      [200, 200, 200]
    )
  })

  it("sends nothing to who has it already", () => {
    for (const ifNoneMatch of ['"a-1"', 'W/"a-1"', '"x", "a-1"', "*"]) {
      const { status, body, headers } = answer({ ifNoneMatch, range: "bytes=0-1" })
      assert.deepStrictEqual([status, body, headers["etag"]], [304, Option.none(), '"a-1"'], ifNoneMatch)
    }
    assert.strictEqual(answer({ ifNoneMatch: '"b"' }).status, 200)
  })

  it("answers HEAD as GET without a range, and sends no body", () => {
    const { status, headers, body } = answer({ method: "HEAD", range: "bytes=0-1" })
    assert.deepStrictEqual([status, headers["content-length"], body], [200, "10", Option.none()])
  })

  it("gives an empty file without a body", () => {
    const empty = answer({}, { ...file, bytes: 0 })
    assert.deepStrictEqual([empty.status, empty.headers["content-length"], empty.body], [200, "0", Option.none()])
    assert.strictEqual(answer({ range: "bytes=0-" }, { ...file, bytes: 0 }).status, 416)
  })
})
