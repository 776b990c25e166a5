/**
 * A reader over the bytes of one frame, for templates: constant parts are compared eight bytes at a time, numbers are read straight
 * from their digits. It knows JSON's lexical rules where they matter (no leading zeros, no escapes) and no messages.
 *
 * One frame at a time: `load` copies it into a buffer of this module and every other function reads on from there. What cannot be read
 * is NaN, `false` or `undefined`, and the place then does not matter any more, for the caller gives the frame up.
 */

/** Longer frames are not loaded. A delta has 233 to 300 bytes. */
const frameBytesMax = 1_024

/** Digits of a whole number that surely fits 2^53. */
const digitsMax = 15
/** Digits before the point of a decimal: with two more it surely fits 2^53. */
const wholeDigitsMax = 13
/** Longer texts are not read: real tickers and ids have up to 60 bytes. */
const textBytesMax = 128

const quote = 0x22
const minus = 0x2d
const dot = 0x2e
const zero = 0x30
const colon = 0x3a
const letterT = 0x54
const letterZ = 0x5a
const backslash = 0x5c
const laneBytes = 8

/** Behind the frame stands a byte 0, which ends every number and text. */
const bytes = new Uint8Array(frameBytesMax + 1)
const view = new DataView(bytes.buffer)
let frameBytes = 0
let at = 0

/** Begins a frame. `false` when it is too long. */
export const load = (frame: Uint8Array): boolean => {
  if (frame.length > frameBytesMax) return false
  bytes.set(frame)
  bytes[frame.length] = 0
  frameBytes = frame.length
  at = 0
  return true
}

/** A constant piece of a template. */
export interface Part {
  readonly length: number
  /** The bytes as float64 lanes; the last lane ends with the last byte and may overlap the one before. ASCII never makes a NaN. */
  readonly lanes: Float64Array
  /** The bytes, for parts shorter than a lane; else empty. */
  readonly short: Uint8Array
}

/** Prepares a piece of a template, which must be ASCII. */
export const part = (text: string): Part => {
  const ascii = Uint8Array.from(text, (character) => character.charCodeAt(0))
  const { length } = ascii
  if (length < laneBytes) return { length, lanes: new Float64Array(0), short: ascii }
  const source = new DataView(ascii.buffer)
  const lanes = Float64Array.from({ length: Math.ceil(length / laneBytes) }, (_, lane) =>
    source.getFloat64(Math.min(lane * laneBytes, length - laneBytes), true)
  )
  return { length, lanes, short: new Uint8Array(0) }
}

/** Moves behind `expected` if it stands here. */
export const skip = (expected: Part): boolean => {
  const { lanes, length, short } = expected
  const end = at + length
  if (end > frameBytes) return false
  const last = lanes.length - 1
  if (last < 0) {
    for (let index = 0; index < length; index++) {
      if (bytes[at + index] !== short[index]) return false
    }
  } else {
    for (let lane = 0; lane < last; lane++) {
      if (view.getFloat64(at + lane * laneBytes, true) !== lanes[lane]) return false
    }
    if (view.getFloat64(end - laneBytes, true) !== lanes[last]) return false
  }
  at = end
  return true
}

/**
 * Pieces of one template with a place for each, in one block of memory: comparing with the piece at a place touches no more than the
 * lines of memory that it fills, however many there are.
 */
export type Shelf = Float64Array

/** At each place: the length of the piece in bytes (0: empty), then its lanes. */
const placeLanes = 20
const shelfPieceBytesMax = (placeLanes - 1) * laneBytes

export const shelf = (places: number): Shelf => new Float64Array(places * placeLanes)

export const isEmptyPlace = (shelf: Shelf, place: number): boolean => shelf[place * placeLanes] === 0

/** Puts a piece in a place. `false` when it is too long or too short for a shelf. */
export const put = (shelf: Shelf, place: number, piece: Part): boolean => {
  const { lanes, length } = piece
  if (length < laneBytes || length > shelfPieceBytesMax) return false
  shelf[place * placeLanes] = length
  shelf.set(lanes, place * placeLanes + 1)
  return true
}

/** Moves behind the piece at a place if it stands here. */
export const skipShelved = (shelf: Shelf, place: number): boolean => {
  const first = place * placeLanes + 1
  const length = shelf[first - 1] as number
  const end = at + length
  if (length === 0 || end > frameBytes) return false
  const last = first + ((length - 1) >> 3)
  for (let lane = first, offset = at; lane < last; lane++, offset += laneBytes) {
    if (view.getFloat64(offset, true) !== shelf[lane]) return false
  }
  if (view.getFloat64(end - laneBytes, true) !== shelf[last]) return false
  at = end
  return true
}

/** Moves behind one byte if it stands here. */
export const skipByte = (expected: number): boolean => {
  if (bytes[at] !== expected) return false
  at++
  return true
}

/** The byte that stands here. */
export const byte = (): number => bytes[at] as number

export const isAtEnd = (): boolean => at === frameBytes

/** Reads a whole number as JSON writes it: no sign, no leading zero. */
export const count = (): number => {
  const start = at
  let number = 0
  let digit = (bytes[at] as number) - zero
  while (digit >= 0 && digit <= 9) {
    number = number * 10 + digit
    digit = (bytes[++at] as number) - zero
  }
  const digits = at - start
  return digits === 0 || digits > digitsMax || (digits > 1 && bytes[start] === zero) ? Number.NaN : number
}

/** The digit at a place. NaN spreads through sums and fails every comparison. */
const digitAt = (place: number): number => {
  const digit = (bytes[place] as number) - zero
  return digit >= 0 && digit <= 9 ? digit : Number.NaN
}

const twoDigitsAt = (place: number): number => digitAt(place) * 10 + digitAt(place + 1)

/** Reads exactly four digits as one number. */
export const fourDigits = (): number => {
  at += 4
  return twoDigitsAt(at - 4) * 100 + twoDigitsAt(at - 2)
}

/** Reads a signed decimal with exactly two decimals, in hundredths. Never -0. */
export const hundredths = (): number => {
  const isNegative = skipByte(minus)
  const start = at
  let number = 0
  let digit = (bytes[at] as number) - zero
  while (digit >= 0 && digit <= 9) {
    number = number * 10 + digit
    digit = (bytes[++at] as number) - zero
  }
  const digits = at - start
  if (digits === 0 || digits > wholeDigitsMax || bytes[at] !== dot) return Number.NaN
  number = number * 100 + twoDigitsAt(at + 1)
  at += 3
  return isNegative && number !== 0 ? -number : number
}

/** The last second that was read, as lanes over its 19 bytes, and its Unix microseconds: the frames of a second come together. */
let secondLane0 = Number.NaN
let secondLane1 = Number.NaN
let secondLane2 = Number.NaN
let secondMicros = Number.NaN

/** Reads `2026-05-14T22:08:33.694567Z"` with none to six fraction digits, Unix microseconds, from 1970 on. */
export const timeMicros = (): number => {
  const start = at
  if (start + secondBytes > frameBytes) return Number.NaN
  const lane0 = view.getFloat64(start, true)
  const lane1 = view.getFloat64(start + laneBytes, true)
  const lane2 = view.getFloat64(start + secondBytes - laneBytes, true)
  if (lane0 !== secondLane0 || lane1 !== secondLane1 || lane2 !== secondLane2) {
    secondMicros = secondMicrosAt(start)
    secondLane0 = lane0
    secondLane1 = lane1
    secondLane2 = lane2
  }
  at = start + secondBytes
  const fraction = bytes[at] === dot ? fractionMicros() : 0
  if (bytes[at] !== letterZ || bytes[at + 1] !== quote) return Number.NaN
  at += 2
  const micros = secondMicros + fraction
  return micros <= Number.MAX_SAFE_INTEGER ? micros : Number.NaN
}

/** Length of `2026-05-14T22:08:33`. */
const secondBytes = 19

const secondMicrosAt = (start: number): number => {
  if (bytes[start + 4] !== minus || bytes[start + 7] !== minus || bytes[start + 10] !== letterT) return Number.NaN
  if (bytes[start + 13] !== colon || bytes[start + 16] !== colon) return Number.NaN
  const year = twoDigitsAt(start) * 100 + twoDigitsAt(start + 2)
  const month = twoDigitsAt(start + 5)
  const hour = twoDigitsAt(start + 11)
  const minute = twoDigitsAt(start + 14)
  const second = twoDigitsAt(start + 17)
  if (!(year >= 1970 && hour < 24 && minute < 60 && second < 60)) return Number.NaN
  const millis = Date.UTC(year, month - 1, twoDigitsAt(start + 8), hour, minute, second)
  // A day that its month does not have lies in another month.
  return new Date(millis).getUTCMonth() === month - 1 ? millis * 1000 : Number.NaN
}

const fractionUnits = [Number.NaN, 100_000, 10_000, 1_000, 100, 10, 1]

const fractionMicros = (): number => {
  const start = ++at
  let fraction = 0
  let digit = (bytes[at] as number) - zero
  while (digit >= 0 && digit <= 9) {
    fraction = fraction * 10 + digit
    digit = (bytes[++at] as number) - zero
  }
  return fraction * (fractionUnits[at - start] ?? Number.NaN)
}

/** A hash of the bytes before the next quote. Does not move. */
export const hashToQuote = (): number => {
  let hash = 0
  for (let index = at; index < frameBytes && bytes[index] !== quote; index++) {
    hash = (Math.imul(hash, 31) + (bytes[index] as number)) | 0
  }
  return hash
}

/** Reads printable ASCII without escapes, and moves to the quote behind it. */
export const textToQuote = (): string | undefined => {
  const end = bytes.indexOf(quote, at)
  if (end < 0 || end - at > textBytesMax) return undefined
  const text = bytes.subarray(at, end)
  if (text.some((code) => code < 0x20 || code > 0x7e || code === backslash)) return undefined
  at = end
  return String.fromCharCode(...text)
}
