/** The object store in a bucket: AWS, Supabase Storage, R2, MinIO, Swift, and whatever else speaks S3. */
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3"
import { getSignedUrl } from "@aws-sdk/s3-request-presigner"
import { Effect, Option, Stream } from "effect"
import * as ObjectDisposition from "./ObjectDisposition.ts"
import { getBytesMax } from "./ObjectLimits.ts"
import * as ObjectOperation from "./ObjectOperation.ts"
import type { ObjectStore, SignedUrlOptions } from "./ObjectStore.ts"
import * as S3Bucket from "./S3Bucket.ts"
import * as S3Download from "./S3Download.ts"
import type { S3Settings } from "./S3Settings.ts"
import * as S3Upload from "./S3Upload.ts"

/** A bucket that exists. What is wrong with it is said by the first call. */
export const open = Effect.fnUntraced(function* (settings: S3Settings) {
  const bucket = yield* S3Bucket.open(settings)
  return {
    putFile: (key, localPath, options) =>
      ObjectOperation.onFile("putFile", key, options.sha256, S3Upload.fromFile(bucket, key, localPath, options)),
    put: (key, bytes, kind) => ObjectOperation.onBytes(key, bytes, S3Upload.fromMemory(bucket, key, bytes, kind)),
    getToFile: (key, localPath) => ObjectOperation.on("getToFile", key, S3Download.toFile(bucket, key, localPath)),
    get: (key, options) =>
      ObjectOperation.onSpan(
        key,
        options?.range,
        S3Download.toMemory(bucket, key, { bytesMax: getBytesMax, range: options?.range })
      ),
    head: (key) => ObjectOperation.on("head", key, S3Upload.head(bucket, key)),
    list: (prefix) =>
      ObjectOperation.onPrefix(
        prefix,
        Stream.paginate(Option.none<string>(), (token) => page(bucket, prefix, token))
      ),
    remove: (key) => ObjectOperation.on("remove", key, S3Upload.remove(bucket, key)),
    signedUrl: (key, options) => ObjectOperation.onUrl(key, options, sign(bucket, key, options))
  } satisfies ObjectStore["Service"]
})

const page = (bucket: S3Bucket.S3Bucket, prefix: string, token: Option.Option<string>) =>
  S3Bucket.call(bucket, (signal) =>
    bucket.client.send(
      new ListObjectsV2Command({
        Bucket: bucket.settings.bucket,
        Prefix: prefix,
        MaxKeys: bucket.settings.pageKeys,
        ...(Option.isSome(token) ? { ContinuationToken: token.value } : {})
      }),
      { abortSignal: signal }
    )
  ).pipe(
    Effect.map(({ Contents = [], IsTruncated, NextContinuationToken }) => {
      const objects = Contents.map(({ Key, LastModified, Size }) => ({
        key: Key ?? "",
        bytes: Size ?? 0,
        lastModifiedMicros: (LastModified?.getTime() ?? 0) * 1_000
      }))
      const next = IsTruncated === true ? Option.fromUndefinedOr(NextContinuationToken) : Option.none<string>()
      return [objects, Option.map(next, Option.some)] as const
    })
  )

const sign = ({ client, settings }: S3Bucket.S3Bucket, key: string, options: SignedUrlOptions) =>
  S3Bucket.attempt(() =>
    getSignedUrl(
      client,
      new GetObjectCommand({
        Bucket: settings.bucket,
        Key: key,
        ResponseContentDisposition: ObjectDisposition.attachment(options.fileName ?? ObjectDisposition.nameOf(key))
      }),
      { expiresIn: options.expiresInSeconds }
    )
  )
