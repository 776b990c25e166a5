/**
 * Both ladders of a book as bytes, the way snapshots and keyframes are stored. About 4 bytes a level.
 *
 * Layout, version 1:
 *
 *     byte     1, the version
 *     varint   number of yes levels
 *     varint   number of no levels
 *     then the yes levels, then the no levels, each ladder ascending by price:
 *       varint   priceE4 less the priceE4 of the level before (of the first: priceE4 itself)
 *       varint   sizeE2
 *
 * A varint is a whole number from 0 to 2^53 - 1 in groups of 7 bits, lowest first, the high bit set on all but the last byte.
 */
import type { BookLevels, Level } from "@kalshibook/core/BookRecord"
import { priceE4Max } from "@kalshibook/core/Units"

const version = 1

/** A varint of 2^53 - 1 takes 8 bytes; each level has two of them, the head a byte and two more. */
const varintBytesMax = 8

/** Writes the levels. Prices are 1..9999 and ascending in each ladder, sizes whole and above 0: the caller's duty. O(levels). */
export const encode = (levels: BookLevels): Uint8Array => {
  const bytes = new Uint8Array(1 + varintBytesMax * 2 * (1 + levels.yes.length + levels.no.length))
  bytes[0] = version
  let end = writeVarint(bytes, 1, levels.yes.length)
  end = writeVarint(bytes, end, levels.no.length)
  end = writeLadder(bytes, end, levels.yes)
  end = writeLadder(bytes, end, levels.no)
  return bytes.slice(0, end)
}

/** Reads what `encode` wrote; `undefined` for anything else (another version, cut short, bytes left over, impossible levels). */
export const decode = (bytes: Uint8Array): BookLevels | undefined => {
  if (bytes[0] !== version) return undefined
  const reader: Reader = { bytes, at: 1 }
  const yesCount = readVarint(reader)
  const noCount = readVarint(reader)
  const yes = readLadder(reader, yesCount)
  const no = readLadder(reader, noCount)
  if (yes === undefined || no === undefined || reader.at !== bytes.length) return undefined
  return { yes, no }
}

const writeLadder = (bytes: Uint8Array, start: number, ladder: ReadonlyArray<Level>): number => {
  let end = start
  let before = 0
  for (const level of ladder) {
    end = writeVarint(bytes, end, level.priceE4 - before)
    end = writeVarint(bytes, end, level.sizeE2)
    before = level.priceE4
  }
  return end
}

const writeVarint = (bytes: Uint8Array, start: number, value: number): number => {
  let end = start
  let rest = value
  while (rest >= 0x80) {
    bytes[end++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[end++] = rest
  return end
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

/** `NaN` where the bytes end too early or the number is too great: no comparison with it holds, so callers refuse it. */
const readVarint = (reader: Reader): number => {
  let value = 0
  let weight = 1
  for (let index = 0; index < varintBytesMax; index++) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) return Number.NaN
    value += (byte & 0x7f) * weight
    if (byte < 0x80) return Number.isSafeInteger(value) ? value : Number.NaN
    weight *= 0x80
  }
  return Number.NaN
}

const readLadder = (reader: Reader, count: number): ReadonlyArray<Level> | undefined => {
  if (!(count <= priceE4Max)) return undefined
  const ladder: Array<Level> = []
  let priceE4 = 0
  for (let index = 0; index < count; index++) {
    const step = readVarint(reader)
    const sizeE2 = readVarint(reader)
    priceE4 += step
    if (!(step > 0 && priceE4 <= priceE4Max && sizeE2 > 0)) return undefined
    ladder.push({ priceE4, sizeE2 })
  }
  return ladder
}
