import { PgTypes } from "@effect/sql-pg"
import * as PgColumn from "@kalshibook/store/PgColumn"
import { bools, int2s, int4s, int8s, makeTypes } from "@kalshibook/store/PgNumbers"
import { Result } from "effect"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "../../core/test/PropertyRuns.ts"

const types = makeTypes()

const bytesOf = (parameter: PgTypes.Parameter) => Result.getOrThrow(PgTypes.encodeParameter(parameter, types))

const columnOf = <A>(
  elementType: PgColumn.ElementType,
  push: (column: PgColumn.PgColumn, value: A) => void,
  values: ReadonlyArray<A>
): PgTypes.Parameter => {
  const column = PgColumn.make(elementType, values.length)
  for (const value of values) push(column, value)
  return PgColumn.parameterOf(column)
}

/** For any values, the bytes of the column are those of the driver's array. */
const holds = <A>(
  values: fc.Arbitrary<A>,
  column: (values: ReadonlyArray<A>) => PgTypes.Parameter,
  array: typeof column
) =>
  fc.assert(
    fc.property(fc.array(values), (some) => {
      assert.deepStrictEqual(bytesOf(column(some)), bytesOf(array(some)))
    }),
    propertyRuns(100)
  )

describe("PgColumn", () => {
  it("is, byte for byte, the driver's array of the same values", () => {
    holds(fc.boolean(), (values) => columnOf("bool", PgColumn.pushBool, values), bools)
    holds(fc.integer({ min: -32_768, max: 32_767 }), (values) => columnOf("int2", PgColumn.pushInt2, values), int2s)
    holds(fc.integer(), (values) => columnOf("int4", PgColumn.pushInt4, values), int4s)
    holds(fc.option(fc.maxSafeInteger()), (values) => columnOf("int8", PgColumn.pushInt8, values), int8s)
  })

  it("refuses what its type cannot hold, rather than store another number", () => {
    const refused = [
      columnOf("int2", PgColumn.pushInt2, [1, 32_768]),
      columnOf("int2", PgColumn.pushInt2, [0.5]),
      columnOf("int4", PgColumn.pushInt4, [2_147_483_648]),
      columnOf("int4", PgColumn.pushInt4, [Number.NaN]),
      columnOf("int8", PgColumn.pushInt8, [null, 2 ** 53]),
      columnOf("int8", PgColumn.pushInt8, [1.5])
    ]
    for (const parameter of refused) assert.isTrue(Result.isFailure(PgTypes.encodeParameter(parameter, types)))
  })
})
