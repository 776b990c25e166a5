/**
 * Schemas of the single fields of Kalshi's wire: texts and numbers in, whole-number units out.
 *
 * Every field that the exchange writes as a decimal text is also accepted as a JSON number when it is exact, for one developer saw
 * such frames. Decoding only: what is sent is written by `WireText`, which fixes the order of keys.
 */
import { Effect, Option, Schema, SchemaIssue, SchemaTransformation } from "effect"
import type { Level } from "../BookRecord.ts"
import { contractE2, decimalToUnits, dollarE4, microsFromIso, priceE4Max, priceE4Min } from "../Units.ts"

const nameCharsMax = 256
/** Control characters, and halves of surrogate pairs. */
const unprintable = /[\p{Cc}\p{Cs}]/u
/** Real bodies have three levels. */
const bodyDepthMax = 64

const notSent = (): Effect.Effect<never, SchemaIssue.Issue> =>
  Effect.fail(new SchemaIssue.InvalidValue({ message: "this schema only decodes" }))

/** A schema from any JSON value to `A` by a partial function; `expected` says in the refusal what was wanted. */
const field = <A>(
  to: Schema.Codec<A>,
  expected: string,
  read: (json: unknown) => A | undefined
): Schema.Codec<A, unknown> =>
  Schema.Unknown.pipe(
    Schema.decodeTo(
      to,
      SchemaTransformation.transformEffect<A, unknown>({
        decode: (json, options) => {
          const value = read(json)
          return value === undefined
            ? Effect.fail(new SchemaIssue.InvalidValue({ expected }, json, options))
            : Effect.succeed(value)
        },
        encode: notSent
      })
    )
  )

const readDecimal = (json: unknown, decimals: number): number | undefined => {
  if (typeof json === "string") return Option.getOrUndefined(decimalToUnits(json, decimals))
  return typeof json === "number" ? Option.getOrUndefined(decimalToUnits(String(json), decimals)) : undefined
}

const within = (value: number | undefined, least: number, most: number): number | undefined =>
  value !== undefined && value >= least && value <= most ? value : undefined

export type JsonObject = Readonly<Record<string, unknown>>

export const isJsonObject = (json: unknown): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json)

/** A count or id: a whole number from 0 on, such as `sid`, `seq`, `id`. */
export const isCount = (json: unknown): json is number =>
  typeof json === "number" && Number.isSafeInteger(json) && json >= 0
export const Count = field(Schema.Number, "a whole number from 0 on", (json) => (isCount(json) ? json : undefined))

/** The largest id of a subscription that is believed: what is stored has four bytes for it. The exchange counts from 1 in each connection. */
export const sidMax = 2 ** 31 - 1
export const Sid = field(Schema.Number, `a whole number from 0 to ${sidMax}`, (json) =>
  isCount(json) && json <= sidMax ? json : undefined
)

/** Price of a level: strictly between 0 and 1 dollar. Unit 1/10,000 dollar. */
export const LevelPrice = field(Schema.Number, "dollars above 0 and below 1 with at most four decimals", (json) =>
  within(readDecimal(json, 4), priceE4Min, priceE4Max)
)

/** A quoted or settled price: 0 to 1 dollar, both included. Unit 1/10,000 dollar. */
export const QuotePrice = field(Schema.Number, "dollars from 0 to 1 with at most four decimals", (json) =>
  within(readDecimal(json, 4), 0, dollarE4)
)

/** Like `QuotePrice`, `null` for the empty text that stands for "never traded". */
export const QuotePriceOrNone = field(Schema.NullOr(Schema.Number), "dollars from 0 to 1, or an empty text", (json) =>
  json === "" || json === null ? null : within(readDecimal(json, 4), 0, dollarE4)
)

/** Level price in whole cents, as until 2026-03-12. Unit 1/10,000 dollar. */
export const LevelPriceCents = field(Schema.Number, "whole cents from 1 to 99", (json) =>
  within(readDecimal(json, 0), 1, 99) === undefined ? undefined : (readDecimal(json, 0) as number) * 100
)

/** A size from 0 on. Unit 1/100 contract. */
export const Size = field(Schema.Number, "contracts from 0 on with at most two decimals", (json) =>
  within(readDecimal(json, 2), 0, Number.MAX_SAFE_INTEGER)
)

/** A size above 0. Unit 1/100 contract. */
export const SizePositive = field(Schema.Number, "contracts above 0 with at most two decimals", (json) =>
  within(readDecimal(json, 2), 1, Number.MAX_SAFE_INTEGER)
)

/** A signed change of a size. Unit 1/100 contract. */
export const SizeChange = field(Schema.Number, "contracts with at most two decimals", (json) => readDecimal(json, 2))

/** More would not fit a safe number of 1/100 contract. */
const wholeContractsMax = Math.floor(Number.MAX_SAFE_INTEGER / contractE2)

/** Whole contracts, signed, as until 2026-03-12. Unit 1/100 contract. */
export const SizeChangeWhole = field(Schema.Number, "whole contracts", (json) => {
  const contracts = within(readDecimal(json, 0), -wholeContractsMax, wholeContractsMax)
  return contracts === undefined ? undefined : contracts * contractE2
})

/** Whole contracts above 0, as until 2026-03-12. Unit 1/100 contract. */
export const SizePositiveWhole = field(Schema.Number, "whole contracts above 0", (json) => {
  const contracts = within(readDecimal(json, 0), 1, wholeContractsMax)
  return contracts === undefined ? undefined : contracts * contractE2
})

/** An RFC 3339 time with 0 to 9 fraction digits. Unix microseconds. */
export const TimeText = field(Schema.Number, "an RFC 3339 time", (json) =>
  typeof json === "string" ? Option.getOrUndefined(microsFromIso(json)) : undefined
)

/** Unix milliseconds. Unix microseconds. */
export const TimeMillis = field(Schema.Number, "Unix milliseconds", (json) => wholeTimes(json, 1000))

/** Unix seconds. Unix microseconds. */
export const TimeSeconds = field(Schema.Number, "Unix seconds", (json) => wholeTimes(json, 1_000_000))

const wholeTimes = (json: unknown, factor: number): number | undefined => {
  const value = isCount(json) ? json * factor : Number.NaN
  return Number.isSafeInteger(value) ? value : undefined
}

export const SideName = Schema.Literals(["yes", "no"])

/**
 * The name of something: a ticker, an id, a type. Real ones have up to 60 characters of printable ASCII. What is refused here could not
 * be stored: Postgres knows no U+0000, and an index takes no more than some thousand bytes.
 */
export const Name = field(Schema.String, `a text of 1 to ${nameCharsMax} characters, none of them a control`, (json) =>
  typeof json === "string" && json !== "" && json.length <= nameCharsMax && !unprintable.test(json) ? json : undefined
)

/** The list of an `ok` may hold every market of the exchange. */
export const TickerList = field<ReadonlyArray<string>>(Schema.Any, "a list of names", (json) =>
  Array.isArray(json) && json.every((name) => typeof name === "string" && name !== "") ? json : undefined
)

/** An object that is kept as it came. One that is nested deeper could not be written again: writing it would exhaust the stack. */
export const Body = field<JsonObject>(Schema.Any, `an object, nested at most ${bodyDepthMax} deep`, (json) =>
  isJsonObject(json) && isWithinDepth(json, bodyDepthMax) ? json : undefined
)

const isWithinDepth = (json: unknown, depthMax: number): boolean => {
  if (typeof json !== "object" || json === null) return true
  return depthMax > 0 && Object.values(json).every((inner) => isWithinDepth(inner, depthMax - 1))
}

/** How the levels of one ladder are written: `[price, size]` in these units. */
interface LevelForm {
  readonly priceDecimals: number
  readonly priceFactor: number
  readonly sizeDecimals: number
  readonly sizeFactor: number
}

const readLevels = (json: unknown, form: LevelForm): ReadonlyArray<Level> | undefined => {
  if (json === null) return []
  if (!Array.isArray(json)) return undefined
  const levels = new Array<Level>(json.length)
  let ascending = true
  for (let index = 0; index < json.length; index++) {
    const pair: unknown = json[index]
    if (!Array.isArray(pair) || pair.length !== 2) return undefined
    const price = readDecimal(pair[0], form.priceDecimals)
    const size = readDecimal(pair[1], form.sizeDecimals)
    if (price === undefined || size === undefined) return undefined
    const priceE4 = price * form.priceFactor
    const sizeE2 = size * form.sizeFactor
    if (priceE4 < priceE4Min || priceE4 > priceE4Max || sizeE2 < 1 || !Number.isSafeInteger(sizeE2)) return undefined
    if (index > 0 && priceE4 <= (levels[index - 1] as Level).priceE4) ascending = false
    levels[index] = { priceE4, sizeE2 }
  }
  return ascending ? levels : sortedOnce(levels)
}

const sortedOnce = (levels: Array<Level>): ReadonlyArray<Level> | undefined => {
  levels.sort((left, right) => left.priceE4 - right.priceE4)
  for (let index = 1; index < levels.length; index++) {
    if ((levels[index] as Level).priceE4 === (levels[index - 1] as Level).priceE4) return undefined
  }
  return levels
}

const LevelsOut: Schema.Codec<ReadonlyArray<Level>> = Schema.Any

const levelsField = (form: LevelForm) =>
  field(
    LevelsOut,
    "levels [price, size] with prices above 0 and below 1 dollar, none twice, and sizes above 0",
    (json) => readLevels(json, form)
  )

/** `[["0.3400", "100.00"], ...]`, the current form. Comes out ascending. */
export const Levels = levelsField({ priceDecimals: 4, priceFactor: 1, sizeDecimals: 2, sizeFactor: 1 })

/** `[["0.3400", 100], ...]`, dollars and whole contracts, as until 2026-03-12. */
export const LevelsDollarsWhole = levelsField({
  priceDecimals: 4,
  priceFactor: 1,
  sizeDecimals: 0,
  sizeFactor: contractE2
})

/** `[[34, 100], ...]`, cents and whole contracts, as until 2026-03-12. */
export const LevelsCents = levelsField({ priceDecimals: 0, priceFactor: 100, sizeDecimals: 0, sizeFactor: contractE2 })
