import { assert, describe, it } from "@effect/vitest"
import { type TapeEntry, type TapeEntryKind, tapeEntryKinds } from "@kalshibook/core/TapeEntry"
import { blockMagic, kindBitsOf } from "@kalshibook/store/tape/TapeFormat"
import fc from "fast-check"
import { propertyRuns } from "../../../core/test/PropertyRuns.ts"
import { headerOf, readSegments, segmentOf } from "./SegmentBytes.ts"

/** Also empty ones, ones larger than a block, and ones with the beginning of a block inside. */
const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.uint8Array({ minLength: 1_500, maxLength: 2_500 }),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.concat([bytes, blockMagic, bytes]))
)

interface Draft {
  readonly kind: TapeEntryKind
  readonly epoch: number
  readonly body: Uint8Array
}

const draft: fc.Arbitrary<Draft> = fc.record({
  kind: fc.constantFrom(...tapeEntryKinds),
  epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  body
})

/** Entries in groups, numbered from the first number; their times never go back. */
const groups = (firstEntry: number) =>
  fc.array(fc.array(draft, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 }).map((drafts) => {
    let number = firstEntry - 1
    return drafts.map((group) =>
      group.map((entry): TapeEntry => {
        number++
        const tsReceivedMicros = 1_795_345_200_000_000 + number * 7
        return {
          ...entry,
          number,
          tsReceivedMicros,
          tsMonotonicMicros: 2 ** 33 + number,
          body: Buffer.from(entry.body)
        }
      })
    )
  })

const pieceBytes = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 200, max: 50_000 }))

/** Fractions of a length, as a place in it. */
const place = (length: number, fraction: number): number => Math.min(length - 1, Math.floor(length * fraction))
const fraction = fc.double({ min: 0, max: 1, noNaN: true })

describe("the format of the tape", () => {
  it("gives back any entries, in whatever pieces the bytes come", () => {
    fc.assert(
      fc.property(groups(1), pieceBytes, (taken, bytes) => {
        const found = readSegments([segmentOf(headerOf({}), taken).bytes], bytes)
        assert.deepStrictEqual(found, { entries: taken.flat(), findings: [] })
      }),
      propertyRuns(200)
    )
  })

  it("gives back exactly the whole blocks before any cut, and tells of the rest", () => {
    fc.assert(
      fc.property(groups(1), pieceBytes, fraction, (taken, bytes, at) => {
        const segment = segmentOf(headerOf({}), taken)
        const cutAt = place(segment.bytes.length, at)
        const whole = segment.blocks.filter(({ end }) => end <= cutAt).at(-1)
        const { entries, findings } = readSegments([segment.bytes.subarray(0, cutAt)], bytes)
        assert.deepStrictEqual(entries, taken.flat().slice(0, whole?.lastEntry ?? 0))
        const headerEnd = segment.bytes.indexOf(blockMagic)
        const wholeEnd = whole?.end ?? (cutAt >= headerEnd ? headerEnd : 0)
        assert.deepStrictEqual(
          findings.map(({ kind, fromByte, bytes }) => ({ kind, fromByte, bytes })),
          cutAt === wholeEnd && cutAt > 0 ? [] : [{ kind: "torn_tail", fromByte: wholeEnd, bytes: cutAt - wholeEnd }]
        )
      }),
      propertyRuns(300)
    )
  })

  it("finds any byte that was changed, loses at most its block, and names the entries that are missing", () => {
    fc.assert(
      fc.property(
        groups(1),
        groups(1),
        pieceBytes,
        fraction,
        fc.integer({ min: 1, max: 255 }),
        (one, more, bytes, at, bits) => {
          const first = segmentOf(headerOf({}), one)
          const count = one.flat().length
          const two = more.map((group) => group.map((entry) => ({ ...entry, number: entry.number + count })))
          const second = segmentOf(headerOf({ segment: 2, first_entry: count + 1 }), two)
          const flippedAt = place(first.bytes.length, at)
          const damaged = Buffer.from(first.bytes)
          damaged[flippedAt] = (damaged[flippedAt] ?? 0) ^ bits
          const { entries, findings } = readSegments([damaged, second.bytes], bytes)
          const block = first.blocks.findIndex(({ end }) => end > flippedAt)
          const isInHeader = flippedAt < first.bytes.indexOf(blockMagic)
          const from = isInHeader ? 1 : (first.blocks[block - 1]?.lastEntry ?? 0) + 1
          const to = isInHeader ? 0 : (first.blocks[block]?.lastEntry ?? 0)
          assert.deepStrictEqual(
            entries,
            [...one.flat(), ...two.flat()].filter(({ number }) => number < from || number > to)
          )
          assert.deepStrictEqual(
            findings.map(({ kind, entriesMissing }) => ({ kind, entriesMissing })),
            [{ kind: "damage", entriesMissing: isInHeader ? null : { from, to } }]
          )
        }
      ),
      propertyRuns(300)
    )
  })

  it("gives exactly what is asked for by number and kind", () => {
    fc.assert(
      fc.property(
        groups(5),
        pieceBytes,
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 0, max: 80 }),
        fc.subarray([...tapeEntryKinds]),
        (taken, bytes, fromEntry, length, kinds) => {
          const toEntry = fromEntry + length
          const segment = segmentOf(headerOf({ first_entry: 5 }), taken)
          const query = { fromEntry, toEntry, kindBits: kindBitsOf(kinds) }
          const { entries, findings } = readSegments([segment.bytes], bytes, query)
          assert.deepStrictEqual(findings, [])
          assert.deepStrictEqual(
            entries,
            taken.flat().filter(({ kind, number }) => number >= fromEntry && number <= toEntry && kinds.includes(kind))
          )
        }
      ),
      propertyRuns(200)
    )
  })

  it("does not look behind the last entry that is asked for, where somebody may be writing", () => {
    fc.assert(
      fc.property(
        groups(1),
        pieceBytes,
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        (taken, bytes, halfWritten) => {
          const { bytes: whole, blocks } = segmentOf(headerOf({}), taken)
          const segment = Buffer.concat([whole, halfWritten])
          const found = readSegments([segment], bytes, { toEntry: blocks.at(-1)?.lastEntry ?? 0 })
          assert.deepStrictEqual(found, { entries: taken.flat(), findings: [] })
        }
      ),
      propertyRuns(100)
    )
  })

  it("reads any bytes without an accident", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), groups(1), fraction, pieceBytes, (noise, taken, at, bytes) => {
        const segment = segmentOf(headerOf({}), taken)
        const cutAt = place(segment.bytes.length, at)
        const mixed = Buffer.concat([segment.bytes.subarray(0, cutAt), noise, segment.bytes.subarray(cutAt)])
        const { entries, findings } = readSegments([mixed], bytes)
        const numbers = entries.map(({ number }) => number)
        assert.deepStrictEqual(
          entries,
          taken.flat().filter(({ number }) => numbers.includes(number))
        )
        assert.strictEqual(findings.length > 0, noise.length > 0)
      }),
      propertyRuns(200)
    )
  })
})
