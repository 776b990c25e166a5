/**
 * Postgres integers as JS numbers, and arrays of columns as parameters.
 *
 * Every bigint of our tables (microseconds, offsets, sizes) is a whole number within 2^53, so it travels as a JS number both
 * ways; the driver's own default is BigInt. Arrays name their element type, so that `unnest` gets what the columns are.
 */
import { PgTypes } from "@effect/sql-pg"
import { Result } from "effect"

const twoTo32 = 4_294_967_296

const isExact = (value: unknown): value is number | bigint => Number.isSafeInteger(Number(value))

const outOfRange = (value: unknown) =>
  Result.fail(new PgTypes.CodecError({ message: `int8 is not a whole number within 2^53: ${String(value)}` }))

const encode = (value: number | bigint): Uint8Array => {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  const high = Math.floor(Number(value) / twoTo32)
  view.setInt32(0, high)
  view.setUint32(4, Number(value) - high * twoTo32)
  return bytes
}

const int32At = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number)

const read = (bytes: Uint8Array, offset: number, size: number): Result.Result<number, PgTypes.CodecError> => {
  if (size !== 8) return outOfRange(`${size} bytes`)
  const value = int32At(bytes, offset) * twoTo32 + (int32At(bytes, offset + 4) >>> 0)
  return isExact(value) ? Result.succeed(value) : outOfRange(value)
}

/** int8 to and from a JS number; a value beyond 2^53 is an error, never rounded. */
const int8Codec: PgTypes.Codec<number | bigint> = {
  encode: (value) => (isExact(value) ? Result.succeed(encode(value)) : outOfRange(value)),
  decode: (bytes) => read(bytes, 0, bytes.length),
  read,
  write: (sink, value) => {
    if (!isExact(value)) return outOfRange(value)
    const high = Math.floor(Number(value) / twoTo32)
    sink.int32(high)
    sink.int32(Number(value) - high * twoTo32)
    return Result.void
  }
}

/** The driver's types, with int8 as a JS number. */
export const makeTypes = (): PgTypes.Registry => {
  const types = PgTypes.makeRegistry()
  types.register(PgTypes.OID.int8, int8Codec, { arrayOid: PgTypes.OID.int8Array })
  return types
}

const arrayOf =
  <A>(oid: number) =>
  (values: ReadonlyArray<A>): PgTypes.Parameter => ({
    [PgTypes.ParameterTypeId]: PgTypes.ParameterTypeId,
    oid,
    value: values
  })

export const int8 = (value: number | null): PgTypes.Parameter => ({
  [PgTypes.ParameterTypeId]: PgTypes.ParameterTypeId,
  oid: PgTypes.OID.int8,
  value
})

export const int8s = arrayOf<number | null>(PgTypes.OID.int8Array)
export const int4s = arrayOf<number>(PgTypes.OID.int4Array)
export const texts = arrayOf<string | null>(PgTypes.OID.textArray)
export const byteas = arrayOf<Uint8Array | null>(PgTypes.OID.byteaArray)
