/**
 * Whole-number units of price, size and time, and their text forms.
 *
 * Everything inside the system is an integer: a price is a number of 1/10,000 dollar (`priceE4`, 1..9999), a size is a
 * number of 1/100 contract (`sizeE2`), a time is a number of Unix microseconds (`...Micros`, safe in a JS number until the
 * year 2255). Text appears only at the edges, and every parser here refuses what it cannot represent exactly.
 */
import * as Option from "effect/Option"

/** One dollar in units of `priceE4`. A yes price and the no price it implies add up to this. */
export const dollarE4 = 10_000

/** One cent in the same units. */
export const centE4 = 100

/** Lowest and highest price of a level, in 1/10,000 dollar: strictly between 0 and 1 dollar (Kalshi docs, "Order book", 2026). */
export const priceE4Min = 1
export const priceE4Max = dollarE4 - 1

/** One contract in units of `sizeE2`. */
export const contractE2 = 100

/**
 * Parses a plain decimal (`"0.3400"`, `"-78.00"`, `"3"`) into a whole number of 10^-decimals.
 * `None` for anything else: exponents, spaces, signs other than a leading minus, non-zero digits beyond `decimals`, or a
 * magnitude beyond 2^53.
 */
export const decimalToUnits = (text: string, decimals: number): Option.Option<number> => {
  const length = text.length
  let index = 0
  const negative = text.charCodeAt(0) === 45
  if (negative) index++
  let units = 0
  let digits = 0
  let fraction = -1
  for (; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code === 46) {
      if (fraction >= 0 || digits === 0) return Option.none()
      fraction = 0
      continue
    }
    if (code < 48 || code > 57) return Option.none()
    digits++
    if (fraction < 0) {
      units = units * 10 + (code - 48)
    } else if (fraction < decimals) {
      fraction++
      units = units * 10 + (code - 48)
    } else if (code !== 48) {
      return Option.none()
    }
  }
  if (digits === 0 || text.charCodeAt(length - 1) === 46) return Option.none()
  for (let missing = decimals - Math.max(fraction, 0); missing > 0; missing--) units *= 10
  if (units > Number.MAX_SAFE_INTEGER) return Option.none()
  return Option.some(negative && units !== 0 ? -units : units)
}

/** Writes a whole number of 10^-decimals as a plain decimal with exactly `decimals` fraction digits. */
export const unitsToDecimal = (units: number, decimals: number): string => {
  if (decimals === 0) return String(units)
  const digits = String(Math.abs(units)).padStart(decimals + 1, "0")
  const cut = digits.length - decimals
  return `${units < 0 ? "-" : ""}${digits.slice(0, cut)}.${digits.slice(cut)}`
}

/** Dollars as text (`"0.3400"`) to 1/10,000 dollar. `None` if not exactly representable. */
export const priceE4FromDollars = (dollars: string): Option.Option<number> => decimalToUnits(dollars, 4)

/** 1/10,000 dollar to dollars as Kalshi writes them, four decimals: `"0.3400"`. */
export const dollarsFromPriceE4 = (priceE4: number): string => {
  const known = dollars[priceE4]
  if (known !== undefined) return known
  const text = unitsToDecimal(priceE4, 4)
  if (Number.isInteger(priceE4) && priceE4 >= 0 && priceE4 <= dollarE4) dollars[priceE4] = text
  return text
}

/** The prices that were written before: there are ten thousand, and a book has hundreds. */
const dollars: Array<string | undefined> = new Array(dollarE4 + 1).fill(undefined)

/** Contracts as text (`"100.00"`, signed for deltas) to 1/100 contract. `None` if not exactly representable. */
export const sizeE2FromContracts = (contracts: string): Option.Option<number> => decimalToUnits(contracts, 2)

/** 1/100 contract to contracts as Kalshi writes them, two decimals: `"100.00"`. */
export const contractsFromSizeE2 = (sizeE2: number): string => {
  const contracts = Math.floor(sizeE2 / contractE2)
  const hundredths = sizeE2 - contracts * contractE2
  return sizeE2 < 0 ? unitsToDecimal(sizeE2, 2) : `${contracts}${hundredths < 10 ? ".0" : "."}${hundredths}`
}

const iso8601 =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?$/i

/**
 * An ISO 8601 / RFC 3339 time to Unix microseconds. Accepts 0 to 9 fraction digits (Kalshi cuts trailing zeros; digits
 * beyond microseconds are cut, as the exchange itself cuts `ts_ms`), `Z`, an offset, or nothing (read as UTC), and a bare
 * date (midnight UTC). `None` for anything else, also for dates that do not exist and times beyond the year 2255.
 */
export const microsFromIso = (text: string): Option.Option<number> => {
  const match = iso8601.exec(text)
  if (match === null) return Option.none()
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = match
  const base = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  const exists = isoFromMicros(base * 1000).startsWith(`${year}-${month}-${day}T${hour}:${minute}:${second}`)
  if (!exists) return Option.none()
  const micros = Number(fraction.padEnd(6, "0").slice(0, 6))
  let offsetMinutes = 0
  if (zone !== "Z" && zone !== "z") {
    offsetMinutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
    if (zone.startsWith("-")) offsetMinutes = -offsetMinutes
  }
  const total = (base - offsetMinutes * 60_000) * 1000 + micros
  return Number.isSafeInteger(total) ? Option.some(total) : Option.none()
}

const secondsTextOf = (() => {
  let cachedSeconds = Number.NaN
  let cachedText = ""
  return (seconds: number): string => {
    if (seconds !== cachedSeconds) {
      cachedSeconds = seconds
      cachedText = new Date(seconds * 1000).toISOString().slice(0, 19)
    }
    return cachedText
  }
})()

/** Unix microseconds to ISO 8601 in UTC with six fraction digits: `"2026-05-14T22:08:33.694567Z"`. */
export const isoFromMicros = (micros: number): string => {
  const seconds = Math.floor(micros / 1_000_000)
  return `${secondsTextOf(seconds)}.${String(micros - seconds * 1_000_000).padStart(6, "0")}Z`
}

/** One UTC hour in microseconds: the width of a partition of the hot tier and of a segment of the cold one. */
export const hourMicros = 3_600_000_000
