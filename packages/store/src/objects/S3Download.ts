/**
 * Reads an object or a part of it. A body that is cut is gone on with where it ended (`Range`, with `If-Match` so that it is still
 * the same object); the sum is computed from what arrived, and compared with the one in the metadata.
 *
 * adapter: bodies of the AWS SDK are streams of Node
 */
import { createHash, type Hash } from "node:crypto"
import { Readable } from "node:stream"
import { GetObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import * as LocalFile from "./LocalFile.ts"
import type { ByteSpan, ObjectReceipt } from "./ObjectStore.ts"
import { Corrupt, NotFound, type ObjectStoreReason, Refused, Unavailable } from "./ObjectStoreError.ts"
import * as S3Bucket from "./S3Bucket.ts"
import * as S3Failure from "./S3Failure.ts"

/** Where the bytes go. What it throws as a reason ends the download. */
export interface Sink {
  /** How many bytes will come, told before the first. */
  readonly expect?: (bytes: number) => void
  readonly write: (chunk: Buffer, atByte: number) => Promise<void>
}

interface Progress {
  hash: Hash
  received: number
  /** Of the object whose bytes were received; empty before the first answer, or where the server gives none. */
  etag: string
}

/** Downloads into the sink; when it returns, all bytes are there. After a failure in the middle the sink may get bytes again. */
const download = (
  bucket: S3Bucket.S3Bucket,
  key: string,
  sink: Sink,
  span?: ByteSpan
): Effect.Effect<ObjectReceipt, ObjectStoreReason> =>
  S3Bucket.onceMoreIfCorrupt(
    Effect.suspend(() => {
      const progress: Progress = { hash: createHash("sha256"), received: 0, etag: "" }
      return S3Bucket.call(bucket, (signal) => goOn({ bucket, key, sink, span, progress, signal }))
    })
  )

interface Step {
  readonly bucket: S3Bucket.S3Bucket
  readonly key: string
  readonly sink: Sink
  readonly span: ByteSpan | undefined
  readonly progress: Progress
  readonly signal: AbortSignal
}

const startAgain = (progress: Progress): void => {
  progress.hash = createHash("sha256")
  progress.received = 0
  progress.etag = ""
}

const goOn = async (step: Step): Promise<ObjectReceipt> => {
  const { sink, span, progress } = step
  const answer = await ask(step)
  const from = span?.fromByte ?? 0
  const place = placeOf(answer, from + progress.received)
  // A server that does not know ranges gives the whole object.
  if (place.fromByte === 0 && progress.received > 0) startAgain(progress)
  progress.etag = answer.ETag ?? ""
  const end = Math.min(span?.toByte ?? place.total, place.total)
  if (end < from || (span !== undefined && end === from)) {
    throw new Refused({ problem: `the range begins at byte ${from}, and the object has ${place.total}` })
  }
  const expected = end - from
  sink.expect?.(expected)
  await receive(step, answer, { skip: from + progress.received - place.fromByte, expected })
  if (progress.received < expected) {
    throw new Unavailable({ problem: `the body ended after ${progress.received} of ${expected} bytes` })
  }
  const receipt = { bytes: progress.received, sha256: progress.hash.copy().digest("hex") }
  const stated = answer.Metadata?.["sha256"]
  if (span === undefined && stated !== undefined && stated !== receipt.sha256) {
    throw new Corrupt({
      bytesExpected: expected,
      bytesFound: receipt.bytes,
      sha256Expected: stated,
      sha256Found: receipt.sha256
    })
  }
  return receipt
}

const ask = async ({ bucket, key, span, progress, signal }: Step): Promise<GetObjectCommandOutput> => {
  const fromByte = (span?.fromByte ?? 0) + progress.received
  const isPart = span !== undefined || progress.received > 0
  const command = new GetObjectCommand({
    Bucket: bucket.settings.bucket,
    Key: key,
    ...(isPart ? { Range: `bytes=${fromByte}-${span === undefined ? "" : span.toByte - 1}` } : {}),
    ...(progress.received > 0 && progress.etag !== "" ? { IfMatch: progress.etag } : {})
  })
  try {
    return await bucket.client.send(command, { abortSignal: signal })
  } catch (cause) {
    if (!S3Failure.isConditionFailed(cause)) throw cause
    startAgain(progress)
    throw new Unavailable({ problem: "another object took the place of this one while it was read" })
  }
}

/** Where in the object the body begins, and how long the object is. */
const placeOf = (
  { ContentRange, ContentLength }: GetObjectCommandOutput,
  asked: number
): { readonly fromByte: number; readonly total: number } => {
  if (ContentRange === undefined) {
    if (ContentLength === undefined)
      throw new Unavailable({ problem: "the answer does not say how long the object is" })
    return { fromByte: 0, total: ContentLength }
  }
  const [, fromByte, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(ContentRange) ?? []
  if (Number(fromByte) !== asked) {
    throw new Unavailable({ problem: `the answer is not the range that was asked for: ${ContentRange}` })
  }
  return { fromByte: asked, total: Number(total) }
}

/** Takes the body up to what is expected; `skip` bytes at its beginning were not asked for. */
const receive = async (
  { sink, progress, signal }: Step,
  { Body }: GetObjectCommandOutput,
  { skip, expected }: { readonly skip: number; readonly expected: number }
): Promise<void> => {
  if (!(Body instanceof Readable)) throw new NotFound({ problem: "the answer has no body" })
  const stop = () => Body.destroy(new Unavailable({ problem: "stopped" }))
  signal.addEventListener("abort", stop, { once: true })
  let left = skip
  try {
    for await (const piece of Body as AsyncIterable<Buffer>) {
      const behind = piece.subarray(Math.min(left, piece.length))
      left -= piece.length - behind.length
      const wanted = behind.subarray(0, expected - progress.received)
      if (wanted.length > 0) {
        await sink.write(wanted, progress.received)
        progress.hash.update(wanted)
        progress.received += wanted.length
      }
      if (wanted.length < behind.length) break
    }
  } finally {
    signal.removeEventListener("abort", stop)
    Body.destroy()
  }
}

/** Into a local file that appears when it is whole. */
export const toFile = (bucket: S3Bucket.S3Bucket, key: string, localPath: string) =>
  LocalFile.writeWhole(localPath, (handle) =>
    download(bucket, key, {
      write: (chunk, atByte) => LocalFile.write(handle, chunk, atByte)
    }).pipe(Effect.tap(({ bytes }) => LocalFile.io(() => handle.truncate(bytes))))
  )

/** Into memory, no more than so many bytes. */
export const toMemory = (
  bucket: S3Bucket.S3Bucket,
  key: string,
  { bytesMax, range }: { readonly bytesMax: number; readonly range: ByteSpan | undefined }
): Effect.Effect<Uint8Array, ObjectStoreReason> =>
  Effect.suspend(() => {
    let bytes = Buffer.alloc(0)
    const sink: Sink = {
      expect: (expected) => {
        if (expected > bytesMax) {
          throw new Refused({ problem: `${expected} bytes are more than the ${bytesMax} that are held in memory` })
        }
        if (bytes.length !== expected) bytes = Buffer.alloc(expected)
      },
      write: async (chunk, atByte) => {
        bytes.set(chunk, atByte)
      }
    }
    return Effect.map(download(bucket, key, sink, range), () => bytes)
  })

/** Nowhere: for the sum alone. */
export const sumOf = (bucket: S3Bucket.S3Bucket, key: string): Effect.Effect<ObjectReceipt, ObjectStoreReason> =>
  download(bucket, key, { write: () => Promise.resolve() })
