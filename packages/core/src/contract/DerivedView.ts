/** Measures of books in answers: those that `derive` asks for, by their names. */
import * as Schema from "effect/Schema"
import { decimalsOf, measures, type RecordMeasureName } from "../BookMeasures.ts"
import { unitsToDecimal } from "../Units.ts"

const field = (name: RecordMeasureName) => {
  const { description, type } = measures[name]
  const value = Schema.NullOr(type === "DOUBLE" ? Schema.Finite : Schema.String)
  return Schema.optionalKey(value.annotate({ description: description.replaceAll("Empty", "Null") }))
}

const bookFields = {
  yes_bid: field("yes_bid"),
  yes_ask: field("yes_ask"),
  spread: field("spread"),
  mid: field("mid"),
  imbalance: field("imbalance"),
  yes_depth: field("yes_depth"),
  no_depth: field("no_depth"),
  depth_imbalance: field("depth_imbalance")
} as const satisfies Record<Exclude<RecordMeasureName, "size_after">, unknown>

export const Derived = Schema.Struct(bookFields).annotate({
  identifier: "Derived",
  description: "The measures of the book that `derive` asks for, and no others."
})

export const RecordDerived = Schema.Struct({ size_after: field("size_after"), ...bookFields }).annotate({
  identifier: "RecordDerived",
  description: "The measures after the record that `derive` asks for, and no others. Only in streams."
})

/** Decimals as text, ratios as numbers. */
export const view = (
  names: ReadonlyArray<RecordMeasureName>,
  valueAt: (place: number) => number | null | undefined
): Readonly<Record<string, string | number | null>> =>
  Object.fromEntries(
    names.map((name, place) => {
      const value = valueAt(place) ?? null
      const decimals = decimalsOf(measures[name].type)
      return [name, value === null || decimals === undefined ? value : unitsToDecimal(value, decimals)]
    })
  )
