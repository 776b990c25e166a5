import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as SealedDigest from "@kalshibook/store/SealedDigest"
import { assert, describe, it } from "vitest"

const hour = (at: number, revision = 1, isMarked = false) => ({ hourMicros: at * hourMicros, revision, isMarked })
const digests = (...hours: ReadonlyArray<ReturnType<typeof hour>>) => SealedDigest.digestsOf(hours)
const at = (found: ReadonlyMap<number, string>, hour: number) => found.get(hour * hourMicros)

describe("the digest of sealed history", () => {
  it("is the same for the same revisions, and another from the hour on that was sealed again", () => {
    const before = digests(hour(5), hour(6), hour(7), hour(8))
    const after = digests(hour(5), hour(6, 2), hour(7), hour(8))
    assert.strictEqual(new Set(before.values()).size, 4)
    assert.strictEqual(at(after, 5), at(before, 5))
    for (const later of [6, 7, 8]) assert.notStrictEqual(at(after, later), at(before, later), String(later))
    assert.deepStrictEqual(digests(hour(5), hour(6), hour(7), hour(8), hour(9)).get(8 * hourMicros), at(before, 8))
  })

  it("ends before an hour that is missing or marked", () => {
    assert.deepStrictEqual([...digests(hour(5), hour(7)).keys()], [5 * hourMicros])
    assert.deepStrictEqual([...digests(hour(5), hour(6, 1, true), hour(7)).keys()], [5 * hourMicros])
    assert.strictEqual(digests().size, 0)
  })
})
