/**
 * Stores an object, from memory or from a file, and does not believe that it is stored until the server shows it.
 *
 * 1. Is it there? The same: done. Another: a conflict.
 * 2. Upload: in one request, or in parts that become an object only when all have arrived (nobody sees a half one).
 * 3. Ask for its length and sum. Not what was sent: it is removed, and all is done once more.
 *
 * Between 1 and 2 somebody else may store another object under the key. A server that knows `If-None-Match` then refuses ours;
 * with the others the later one stays, which for keys that name their content is the same.
 *
 * adapter: reads files in parts
 */
import { createHash } from "node:crypto"
import type { FileHandle } from "node:fs/promises"
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand
} from "@aws-sdk/client-s3"
import { Effect, Exit, Option } from "effect"
import * as LocalFile from "./LocalFile.ts"
import type { ObjectHead, ObjectKind, ObjectReceipt } from "./ObjectStore.ts"
import { Conflict, Corrupt, type ObjectStoreReason, Refused, Unavailable } from "./ObjectStoreError.ts"
import * as S3Bucket from "./S3Bucket.ts"
import * as S3Download from "./S3Download.ts"
import * as S3Failure from "./S3Failure.ts"
import { partsMax } from "./S3Settings.ts"

/** What is uploaded, under which key. */
interface Upload extends ObjectKind, ObjectReceipt {
  readonly bucket: S3Bucket.S3Bucket
  readonly key: string
  /** The bytes from one place on; fewer only at the end. */
  readonly part: (fromByte: number, bytes: number) => Effect.Effect<Buffer, ObjectStoreReason>
}

/** What the server says of an object. */
export const head = (
  bucket: S3Bucket.S3Bucket,
  key: string
): Effect.Effect<Option.Option<ObjectHead>, ObjectStoreReason> =>
  S3Bucket.call(bucket, (signal) =>
    bucket.client.send(new HeadObjectCommand({ Bucket: bucket.settings.bucket, Key: key }), { abortSignal: signal })
  ).pipe(
    Effect.map(({ ContentLength, LastModified, Metadata }) =>
      Option.some({
        bytes: ContentLength ?? 0,
        sha256: Option.fromUndefinedOr(Metadata?.["sha256"]),
        lastModifiedMicros: (LastModified?.getTime() ?? 0) * 1_000
      })
    ),
    Effect.catchTag("NotFound", () => Effect.succeed(Option.none()))
  )

/** Removes an object; some servers say that one was not there, which is as good. */
export const remove = (bucket: S3Bucket.S3Bucket, key: string): Effect.Effect<void, ObjectStoreReason> =>
  S3Bucket.call(bucket, (signal) =>
    bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.settings.bucket, Key: key }), { abortSignal: signal })
  ).pipe(
    Effect.asVoid,
    Effect.catchTag("NotFound", () => Effect.void)
  )

/** Stores what is in memory. */
export const fromMemory = (bucket: S3Bucket.S3Bucket, key: string, bytes: Uint8Array, kind: ObjectKind) =>
  store({
    ...kind,
    bucket,
    key,
    ...LocalFile.receiptOf(bytes),
    part: (fromByte, length) => Effect.succeed(Buffer.from(bytes.subarray(fromByte, fromByte + length)))
  })

/** Stores a file. One part of it is in memory at a time. */
export const fromFile = (
  bucket: S3Bucket.S3Bucket,
  key: string,
  localPath: string,
  { contentType, sha256 }: ObjectKind & { readonly sha256: string }
) =>
  LocalFile.reading(localPath, (handle: FileHandle, bytes) =>
    store({
      bucket,
      key,
      bytes,
      sha256,
      contentType,
      part: (fromByte, length) => LocalFile.io(() => LocalFile.readPart(handle, fromByte, length))
    })
  )

const store = (upload: Upload): Effect.Effect<void, ObjectStoreReason> =>
  S3Bucket.onceMoreIfCorrupt(
    Effect.gen(function* () {
      if (yield* isThere(upload)) return
      const { partBytes } = upload.bucket.settings
      if (upload.bytes > partBytes * partsMax) {
        return yield* new Refused({ problem: `${upload.bytes} bytes are more than ${partsMax} parts of ${partBytes}` })
      }
      const outcome = yield* upload.bytes > partBytes ? inParts(upload) : atOnce(upload)
      // Somebody else was faster, or our own request arrived though its answer did not.
      if (outcome === "taken" && (yield* isThere(upload))) return
      yield* prove(upload)
    })
  )

/** Whether this very object is stored already; fails when another one is. */
const isThere = Effect.fnUntraced(function* ({ bucket, key, bytes, sha256 }: Upload) {
  const found = yield* head(bucket, key)
  if (Option.isNone(found)) return false
  const stated = found.value.sha256
  const sum = Option.isSome(stated) ? stated.value : (yield* S3Download.sumOf(bucket, key)).sha256
  if (found.value.bytes === bytes && sum === sha256) return true
  return yield* new Conflict({ bytes: found.value.bytes, sha256: sum })
})

/** Holds what the server shows against what was sent. Where metadata is not kept, only the length can tell. */
const prove = Effect.fnUntraced(function* ({ bucket, key, bytes, sha256 }: Upload) {
  const found = yield* head(bucket, key)
  const shown = Option.match(found, {
    onNone: () => ({ bytes: 0, sha256: "" }),
    onSome: (object) => ({ bytes: object.bytes, sha256: Option.getOrElse(object.sha256, () => sha256) })
  })
  if (Option.isSome(found) && shown.bytes === bytes && shown.sha256 === sha256) return
  if (Option.isSome(found)) yield* Effect.ignore(remove(bucket, key))
  return yield* new Corrupt({
    bytesExpected: bytes,
    bytesFound: shown.bytes,
    sha256Expected: sha256,
    sha256Found: shown.sha256
  })
})

/** Whether it was stored, or the key was taken already. */
type Outcome = "stored" | "taken"

const atOnce = Effect.fnUntraced(function* (upload: Upload) {
  const { bucket, key, contentType, sha256 } = upload
  const body = yield* upload.part(0, upload.bytes + 1)
  yield* LocalFile.compare(upload, LocalFile.receiptOf(body))
  return yield* conditional(bucket, (condition, signal) =>
    bucket.client.send(
      new PutObjectCommand({
        Bucket: bucket.settings.bucket,
        Key: key,
        Body: body,
        ContentLength: body.length,
        ContentMD5: md5(body),
        ContentType: contentType,
        Metadata: { sha256 },
        ...condition
      }),
      { abortSignal: signal }
    )
  )
})

const inParts = Effect.fnUntraced(function* (upload: Upload) {
  const { bucket, key, contentType, sha256 } = upload
  const place = { Bucket: bucket.settings.bucket, Key: key }
  const { UploadId } = yield* S3Bucket.call(bucket, (signal) =>
    bucket.client.send(new CreateMultipartUploadCommand({ ...place, ContentType: contentType, Metadata: { sha256 } }), {
      abortSignal: signal
    })
  )
  if (UploadId === undefined) return yield* new Unavailable({ problem: "the server began an upload without a name" })
  return yield* complete(upload, UploadId).pipe(
    Effect.onExit((exit) =>
      Exit.isSuccess(exit) && exit.value === "stored"
        ? Effect.void
        : Effect.ignore(
            S3Bucket.attempt((signal) =>
              bucket.client.send(new AbortMultipartUploadCommand({ ...place, UploadId }), { abortSignal: signal })
            )
          )
    )
  )
})

const complete = Effect.fnUntraced(function* (upload: Upload, UploadId: string) {
  const { bucket, key } = upload
  const place = { Bucket: bucket.settings.bucket, Key: key, UploadId }
  const hash = createHash("sha256")
  const parts: Array<{ readonly PartNumber: number; readonly ETag: string | undefined }> = []
  let sent = 0
  while (sent < upload.bytes) {
    const body = yield* upload.part(sent, bucket.settings.partBytes)
    if (body.length === 0) break
    hash.update(body)
    sent += body.length
    const PartNumber = parts.length + 1
    const { ETag } = yield* S3Bucket.call(bucket, (signal) =>
      bucket.client.send(
        new UploadPartCommand({
          ...place,
          PartNumber,
          Body: body,
          ContentLength: body.length,
          ContentMD5: md5(body)
        }),
        { abortSignal: signal }
      )
    )
    parts.push({ PartNumber, ETag })
  }
  yield* LocalFile.compare(upload, { bytes: sent, sha256: hash.digest("hex") })
  return yield* conditional(bucket, (condition, signal) =>
    bucket.client.send(
      new CompleteMultipartUploadCommand({ ...place, MultipartUpload: { Parts: parts }, ...condition }),
      { abortSignal: signal }
    )
  ).pipe(
    // The upload is gone: an earlier attempt has completed it, and its answer was lost. What is there now decides.
    Effect.catchTag("NotFound", () => Effect.succeed<Outcome>("stored"))
  )
})

/**
 * A request that does not overwrite where the server knows how; where it does not, that is asked once. Gotcha: a server that refuses
 * before it has read the body may end the connection, and its answer is lost; so the next attempt does without.
 */
const conditional = (
  bucket: S3Bucket.S3Bucket,
  run: (condition: { readonly IfNoneMatch?: "*" }, signal: AbortSignal) => Promise<unknown>
): Effect.Effect<Outcome, ObjectStoreReason> =>
  Effect.suspend(() => {
    let isWanted = true
    return S3Bucket.call(bucket, async (signal): Promise<Outcome> => {
      const isConditional = isWanted && bucket.isConditional
      try {
        await run(isConditional ? { IfNoneMatch: "*" } : {}, signal)
        return "stored"
      } catch (cause) {
        if (S3Failure.isConditionFailed(cause)) return "taken"
        if (S3Failure.statusOf(cause) === 0) isWanted = false
        if (!isConditional || !S3Failure.isConditionUnknown(cause)) throw cause
        bucket.isConditional = false
        await run({}, signal)
        return "stored"
      }
    })
  })

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("base64")
