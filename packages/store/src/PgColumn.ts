/**
 * A column of many rows in the form in which Postgres takes it: a binary array, filled value by value in one pass over the rows.
 * For the statement that stores nine rows of ten; the driver's own arrays, which cost five times as much, are for all others.
 *
 * Layout (Postgres, `array_recv`): five int32, highest byte first: 1 dimension, whether there are nulls, the elements' type, how
 * many there are, lower bound 1; then each element as an int32 with its length and its bytes, or as the length -1 for null.
 */
import { PgTypes } from "@effect/sql-pg"
import { Result } from "effect"

/** Element types, with the bytes of an element. */
const elementTypes = {
  bool: { oid: PgTypes.OID.bool, arrayOid: PgTypes.OID.boolArray, width: 1 },
  int2: { oid: PgTypes.OID.int2, arrayOid: PgTypes.OID.int2Array, width: 2 },
  int4: { oid: PgTypes.OID.int4, arrayOid: PgTypes.OID.int4Array, width: 4 },
  int8: { oid: PgTypes.OID.int8, arrayOid: PgTypes.OID.int8Array, width: 8 }
} as const

export type ElementType = keyof typeof elementTypes

export interface PgColumn {
  readonly _tag: "PgColumn"
  readonly elementType: ElementType
  readonly view: DataView
  /** Bytes written so far. */
  end: number
  rows: number
  hasNull: boolean
  /** Whether every value so far was a whole number that its type can hold. */
  isExact: boolean
}

const headBytes = 20
const lengthBytes = 4
const twoTo32 = 4_294_967_296

/** A column with room for `rowsMax` values. */
export const make = (elementType: ElementType, rowsMax: number): PgColumn => ({
  _tag: "PgColumn",
  elementType,
  view: new DataView(new ArrayBuffer(headBytes + rowsMax * (lengthBytes + elementTypes[elementType].width))),
  end: headBytes,
  rows: 0,
  hasNull: false,
  isExact: true
})

const isColumn = (value: unknown): value is PgColumn =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === "PgColumn"

/** Adds a value to a column of `bool`. */
export const pushBool = (column: PgColumn, value: boolean): void => {
  const { end, view } = column
  view.setInt32(end, 1)
  view.setInt8(end + lengthBytes, value ? 1 : 0)
  column.end = end + lengthBytes + 1
  column.rows++
}

/** Adds a value to a column of `int2`. */
export const pushInt2 = (column: PgColumn, value: number): void => {
  const { end, view } = column
  view.setInt32(end, 2)
  view.setInt16(end + lengthBytes, value)
  if ((value << 16) >> 16 !== value) column.isExact = false
  column.end = end + lengthBytes + 2
  column.rows++
}

/** Adds a value to a column of `int4`. */
export const pushInt4 = (column: PgColumn, value: number): void => {
  const { end, view } = column
  view.setInt32(end, 4)
  view.setInt32(end + lengthBytes, value)
  if ((value | 0) !== value) column.isExact = false
  column.end = end + lengthBytes + 4
  column.rows++
}

/** Adds a value within 2^53 to a column of `int8`. */
export const pushInt8 = (column: PgColumn, value: number | null): void => {
  const { end, view } = column
  column.rows++
  if (value === null) {
    view.setInt32(end, -1)
    column.hasNull = true
    column.end = end + lengthBytes
    return
  }
  const high = Math.floor(value / twoTo32)
  view.setInt32(end, 8)
  view.setInt32(end + lengthBytes, high)
  view.setUint32(end + lengthBytes + 4, value - high * twoTo32)
  if (!Number.isSafeInteger(value)) column.isExact = false
  column.end = end + lengthBytes + 8
}

/** The bytes of the array. They are the column's own: it must not be filled any further. */
const bytesOf = (column: PgColumn): Uint8Array => {
  const { end, hasNull, rows, view } = column
  const isEmpty = rows === 0
  view.setInt32(0, isEmpty ? 0 : 1)
  view.setInt32(4, hasNull ? 1 : 0)
  view.setInt32(8, elementTypes[column.elementType].oid)
  view.setInt32(12, rows)
  view.setInt32(16, 1)
  // An empty array has no dimension, and ends before the length of the first.
  return new Uint8Array(view.buffer, 0, isEmpty ? 12 : end)
}

/** The column as a parameter, for a client whose types know columns (`register`). */
export const parameterOf = (column: PgColumn): PgTypes.Parameter => parameter(column.elementType, column)

const parameter = (elementType: ElementType, value: unknown): PgTypes.Parameter => ({
  [PgTypes.ParameterTypeId]: PgTypes.ParameterTypeId,
  oid: elementTypes[elementType].arrayOid,
  value
})

/** Lets a client's types take columns where they take arrays. Arrays stay what they are in `arrays`. */
export const register = (types: PgTypes.Registry, arrays: PgTypes.Registry): void => {
  for (const elementType of ["bool", "int2", "int4", "int8"] as const) {
    const { arrayOid } = elementTypes[elementType]
    const columnBytes = (column: PgColumn): Result.Result<Uint8Array, PgTypes.CodecError> =>
      column.isExact && column.elementType === elementType
        ? Result.succeed(bytesOf(column))
        : Result.fail(new PgTypes.CodecError({ message: `a value that is no ${elementType} in a column` }))
    types.register<unknown>(arrayOid, {
      encode: (value) => (isColumn(value) ? columnBytes(value) : PgTypes.encode(value, arrayOid, arrays)),
      decode: (bytes) => PgTypes.decode(bytes, arrayOid, binaryFormat, arrays),
      write: (sink, value) =>
        isColumn(value)
          ? Result.map(columnBytes(value), (bytes) => sink.raw(bytes))
          : PgTypes.writeParameter(sink, parameter(elementType, value), arrays)
    })
  }
}

const binaryFormat = 1
