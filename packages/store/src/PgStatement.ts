/**
 * Statements of the writing connection (`HotConnection`): text with numbered parameters that name their types, so that
 * `unnest` gets what the columns are. Whole columns travel as one binary array each.
 *
 * Layout of an array (Postgres, `array_recv`): five int32, highest byte first: 1 dimension, whether there are nulls, the elements'
 * type, how many there are, lower bound 1; then each element as an int32 with its length and its bytes, or as -1 for null.
 */

/** The value of a parameter. Bytes are in Postgres' own binary form. */
export interface Parameter {
  readonly _tag: "Parameter"
  /** Name of the type in SQL. */
  readonly type: string
  readonly value: Buffer | string | null
}

export interface Statement {
  readonly _tag: "Statement"
  readonly text: string
  readonly values: ReadonlyArray<Parameter["value"]>
}

/** A statement, or a part of one, of text, parameters and other parts. */
export const pg = (text: TemplateStringsArray, ...parts: ReadonlyArray<Parameter | Statement>): Statement => {
  const values: Array<Parameter["value"]> = []
  let whole = text[0] ?? ""
  for (const [index, part] of parts.entries()) {
    if (part._tag === "Parameter") {
      values.push(part.value)
      whole += `$${values.length}::${part.type}`
    } else {
      const before = values.length
      values.push(...part.values)
      whole += part.text.replace(/\$(\d+)/g, (_, number: string) => `$${before + Number(number)}`)
    }
    whole += text[index + 1] ?? ""
  }
  return { _tag: "Statement", text: whole, values }
}

const parameter = (type: string, value: Parameter["value"]): Parameter => ({ _tag: "Parameter", type, value })

export const text = (value: string | null): Parameter => parameter("text", value)
export const int4 = (value: number): Parameter => parameter("int4", String(value))
/** A whole number within 2^53. */
export const int8 = (value: number | null): Parameter => parameter("int8", value === null ? null : String(value))

/** Type numbers of elements (`pg_type.oid`). */
const oids = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, text: 25 } as const

const headBytes = 20
const lengthBytes = 4
const twoTo32 = 4_294_967_296

/** An array of elements of one width, or null. Returns from `put` whether the value is one that the type can hold. */
const fixed = <A>(
  element: keyof typeof oids,
  width: number,
  values: ReadonlyArray<A | null>,
  put: (view: DataView, at: number, value: A) => boolean
): Parameter => {
  const view = new DataView(new ArrayBuffer(headBytes + values.length * (lengthBytes + width)))
  let end = headBytes
  let hasNull = false
  for (const value of values) {
    if (value === null) {
      view.setInt32(end, -1)
      hasNull = true
      end += lengthBytes
      continue
    }
    view.setInt32(end, width)
    // impossible: columns hold whole numbers within their type; rounding one would be a lie.
    if (!put(view, end + lengthBytes, value)) throw new RangeError(`${String(value)} is no ${element}`)
    end += lengthBytes + width
  }
  return arrayOf(element, view, end, values.length, hasNull)
}

/** An array of elements of any length. */
const varying = (element: keyof typeof oids, values: ReadonlyArray<Uint8Array | null>): Parameter => {
  let bytes = headBytes
  for (const value of values) bytes += lengthBytes + (value?.length ?? 0)
  const view = new DataView(new ArrayBuffer(bytes))
  const array = new Uint8Array(view.buffer)
  let end = headBytes
  let hasNull = false
  for (const value of values) {
    view.setInt32(end, value === null ? -1 : value.length)
    end += lengthBytes
    if (value === null) hasNull = true
    else array.set(value, end)
    end += value?.length ?? 0
  }
  return arrayOf(element, view, end, values.length, hasNull)
}

const arrayOf = (
  element: keyof typeof oids,
  view: DataView<ArrayBuffer>,
  end: number,
  length: number,
  hasNull: boolean
): Parameter => {
  view.setInt32(0, length === 0 ? 0 : 1)
  view.setInt32(4, hasNull ? 1 : 0)
  view.setInt32(8, oids[element])
  view.setInt32(12, length)
  view.setInt32(16, 1)
  // An empty array has no dimension, and ends before the length of the first.
  return parameter(`${element}[]`, Buffer.from(view.buffer, 0, length === 0 ? 12 : end))
}

const putInt8 = (view: DataView, at: number, value: number): boolean => {
  const high = Math.floor(value / twoTo32)
  view.setInt32(at, high)
  view.setUint32(at + 4, value - high * twoTo32)
  return Number.isSafeInteger(value)
}

const putInt4 = (view: DataView, at: number, value: number): boolean => {
  view.setInt32(at, value)
  return (value | 0) === value
}

const putInt2 = (view: DataView, at: number, value: number): boolean => {
  view.setInt16(at, value)
  return (value << 16) >> 16 === value
}

const putBool = (view: DataView, at: number, value: boolean): boolean => {
  view.setInt8(at, value ? 1 : 0)
  return true
}

const utf8 = new TextEncoder()

export const int8s = (values: ReadonlyArray<number | null>): Parameter => fixed("int8", 8, values, putInt8)
export const int4s = (values: ReadonlyArray<number>): Parameter => fixed("int4", 4, values, putInt4)
export const int2s = (values: ReadonlyArray<number>): Parameter => fixed("int2", 2, values, putInt2)
export const bools = (values: ReadonlyArray<boolean>): Parameter => fixed("bool", 1, values, putBool)
export const byteas = (values: ReadonlyArray<Uint8Array>): Parameter => varying("bytea", values)
export const texts = (values: ReadonlyArray<string | null>): Parameter =>
  varying(
    "text",
    values.map((value) => (value === null ? null : utf8.encode(value)))
  )
