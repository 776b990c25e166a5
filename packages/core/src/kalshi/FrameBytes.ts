/**
 * A reader over the bytes of one frame, for templates: constant parts are compared eight bytes at a time, numbers are read straight
 * from their digits. It knows JSON's lexical rules where they matter (no leading zeros, no escapes) and no messages.
 *
 * One frame at a time: `load` copies it into a buffer of this module and every other function reads on from there. What cannot be read
 * is NaN, `false` or `undefined`, and the place then does not matter any more, for the caller gives the frame up.
 */

/** Longer frames are not loaded. A delta has 233 to 300 bytes. */
export const frameBytesMax = 1_024

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
    source.getFloat64(Math.min(lane * laneBytes, length - laneBytes))
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
      if (view.getFloat64(at + lane * laneBytes) !== lanes[lane]) return false
    }
    if (view.getFloat64(end - laneBytes) !== lanes[last]) return false
  }
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

/** Reads `2026-05-14T22:08:33.694567Z"` with none to six fraction digits, Unix microseconds, from 1970 on. */
export const timeMicros = (): number => {
  const start = at
  const hour = twoDigitsAt(start + 11)
  const minute = twoDigitsAt(start + 14)
  const second = twoDigitsAt(start + 17)
  if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN
  if (bytes[start + 4] !== minus || bytes[start + 7] !== minus || bytes[start + 10] !== letterT) return Number.NaN
  if (bytes[start + 13] !== colon || bytes[start + 16] !== colon) return Number.NaN
  const year = twoDigitsAt(start) * 100 + twoDigitsAt(start + 2)
  const midnight = midnightMicros(year, twoDigitsAt(start + 5), twoDigitsAt(start + 8))
  at = start + 19
  const fraction = bytes[at] === dot ? fractionMicros() : 0
  if (bytes[at] !== letterZ || bytes[at + 1] !== quote) return Number.NaN
  at += 2
  const micros = midnight + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
  return micros <= Number.MAX_SAFE_INTEGER ? micros : Number.NaN
}

const fractionMicros = (): number => {
  const start = ++at
  let fraction = 0
  let unit = 1_000_000
  let digit = (bytes[at] as number) - zero
  while (digit >= 0 && digit <= 9 && unit > 1) {
    unit /= 10
    fraction += digit * unit
    digit = (bytes[++at] as number) - zero
  }
  return at === start ? Number.NaN : fraction
}

let dateLast = -1
let midnightLast = 0

/** Midnight of a date, Unix microseconds; NaN for dates that do not exist. Remembers the last date: frames of a day come together. */
const midnightMicros = (year: number, month: number, day: number): number => {
  const date = year * 10_000 + month * 100 + day
  if (date !== dateLast) {
    const millis = Date.UTC(year, month - 1, day)
    const found = new Date(millis)
    if (!(year >= 1970 && found.getUTCMonth() === month - 1 && found.getUTCDate() === day)) return Number.NaN
    dateLast = date
    midnightLast = millis * 1000
  }
  return midnightLast
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
