/** What every store does around an operation: looks at what it is asked for before anything else, and names it in what goes wrong. */
import { Effect, Stream } from "effect"
import * as ObjectDisposition from "./ObjectDisposition.ts"
import * as ObjectKey from "./ObjectKey.ts"
import { putBytesMax } from "./ObjectLimits.ts"
import type { ByteSpan, SignedUrlOptions } from "./ObjectStore.ts"
import { type ObjectOperation, ObjectStoreError, type ObjectStoreReason, Refused } from "./ObjectStoreError.ts"

/** Names the operation in an error. */
export const during =
  (operation: ObjectOperation, key: string) =>
  <A, R>(effect: Effect.Effect<A, ObjectStoreReason, R>): Effect.Effect<A, ObjectStoreError, R> =>
    Effect.mapError(effect, (reason) => new ObjectStoreError({ operation, key, reason }))

export const on = <A>(
  operation: ObjectOperation,
  key: string,
  effect: Effect.Effect<A, ObjectStoreReason>
): Effect.Effect<A, ObjectStoreError> =>
  Effect.fromResult(ObjectKey.check(key)).pipe(
    Effect.andThen(effect),
    during(operation, key),
    Effect.withSpan(`ObjectStore.${operation}`, { attributes: { key } })
  )

const refuse = (isRefused: boolean, problem: string): Effect.Effect<void, Refused> =>
  isRefused ? Effect.fail(new Refused({ problem })) : Effect.void

export const onFile = <A>(
  operation: ObjectOperation,
  key: string,
  sha256: string,
  effect: Effect.Effect<A, ObjectStoreReason>
): Effect.Effect<A, ObjectStoreError> =>
  on(
    operation,
    key,
    Effect.andThen(refuse(!/^[0-9a-f]{64}$/.test(sha256), "sha256 is 64 lower-case hexadecimal digits"), effect)
  )

export const onBytes = <A>(
  key: string,
  bytes: Uint8Array,
  effect: Effect.Effect<A, ObjectStoreReason>
): Effect.Effect<A, ObjectStoreError> =>
  on(
    "put",
    key,
    Effect.andThen(refuse(bytes.length > putBytesMax, `more than ${putBytesMax} bytes are put from a file`), effect)
  )

export const onSpan = <A>(
  key: string,
  span: ByteSpan | undefined,
  effect: Effect.Effect<A, ObjectStoreReason>
): Effect.Effect<A, ObjectStoreError> =>
  on("get", key, Effect.andThen(refuse(span !== undefined && !isSpan(span), "a range has a byte or more"), effect))

const isSpan = ({ fromByte, toByte }: ByteSpan): boolean =>
  Number.isSafeInteger(fromByte) && Number.isSafeInteger(toByte) && fromByte >= 0 && fromByte < toByte

export const onUrl = <A>(
  key: string,
  options: SignedUrlOptions,
  effect: Effect.Effect<A, ObjectStoreReason>
): Effect.Effect<A, ObjectStoreError> =>
  on("signedUrl", key, Effect.andThen(Effect.fromResult(ObjectDisposition.check(options)), effect))

export const onPrefix = <A>(
  prefix: string,
  stream: Stream.Stream<A, ObjectStoreReason>
): Stream.Stream<A, ObjectStoreError> =>
  Stream.unwrap(Effect.fromResult(ObjectKey.checkPrefix(prefix)).pipe(Effect.map(() => stream))).pipe(
    Stream.mapError((reason) => new ObjectStoreError({ operation: "list", key: prefix, reason }))
  )
