/** Numbers as text, each with its unit or made to stand under one. Prices and sizes come as decimals and stay exact. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 })

/** `12,034` */
export const count = (value: number): string => whole.format(value)

/** `12K`, for axes and cells. */
export const compact = (value: number): string => short.format(value)

/** A decimal with four digits as a whole number of 1/10,000. */
export const e4 = (text: string): number => unitsOf(text, 4)
/** A decimal with two digits as a whole number of 1/100. */
export const e2 = (text: string): number => unitsOf(text, 2)

const unitsOf = (text: string, decimals: number): number => {
  const [head = "0", tail = ""] = text.replace("-", "").split(".")
  const units = Number(head + tail.slice(0, decimals).padEnd(decimals, "0"))
  return text.startsWith("-") ? -units : units
}

/** `0.5500` dollars as `55`, `0.5550` as `55.5`: cents, as the exchange shows prices. */
export const cents = (priceE4: number): string => String(priceE4 / 100)

/** `5002.00` contracts as `5,002`; a fraction is kept where there is one. */
export const contracts = (sizeE2: number): string => {
  const text = whole.format(Math.trunc(sizeE2 / 100))
  const rest = Math.abs(sizeE2 % 100)
  return rest === 0 ? text : `${text}.${String(rest).padStart(2, "0")}`
}

/** `99.8611 %`, never rounded up to all of it. */
export const percent = (ratio: number, digits = 2): string => {
  const factor = 10 ** digits
  return `${(Math.floor(ratio * 100 * factor) / factor).toFixed(digits)} %`
}

/** `1 h 04 min`, `12.5 s`, `310 ms` */
export const duration = (seconds: number): string => {
  if (seconds === 0) return "0 s"
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

const byteUnits = ["B", "kB", "MB", "GB", "TB"]

/** `18.2 MB` */
export const bytes = (value: number): string => {
  const step = value < 1_000 ? 0 : Math.min(byteUnits.length - 1, Math.floor(Math.log10(value) / 3))
  return `${Number((value / 1_000 ** step).toFixed(step === 0 ? 0 : 1))} ${byteUnits[step]}`
}

/** `$30`, `$0.008`: whole dollars without fraction. */
export const dollars = (text: string): string => `$${text.replace(/\.?0+$/, "")}`
