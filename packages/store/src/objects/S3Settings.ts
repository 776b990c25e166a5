/** Which bucket, and every bound of the requests to it with its reason. */
import * as Environment from "@kalshibook/core/settings/Environment"
import { type Config, Effect, Option, type Redacted } from "effect"
import { pageKeysMax } from "./ObjectLimits.ts"

export interface S3Settings {
  readonly bucket: string
  /** Part of every signature; for R2 `auto`, for MinIO whatever it was set up with. */
  readonly region: string
  /** Where the server is, without the bucket; `None`: AWS, in the region. */
  readonly endpoint: Option.Option<string>
  /** The bucket as the first part of the path, and not of the host's name. */
  readonly isPathStyle: boolean
  /** `None`: what the AWS SDK finds by itself (`AWS_` variables, `~/.aws`, the machine's role). */
  readonly credentials: Option.Option<{
    readonly accessKeyId: string
    readonly secretAccessKey: Redacted.Redacted
  }>
  /** How long a connection may take to be made. */
  readonly connectMillisMax: number
  /** How long a connection may be silent while a request or its answer is under way. */
  readonly silenceMillisMax: number
  /** How often each request is made before it is given up; delays grow from the first to the second, with jitter. */
  readonly attemptsMax: number
  readonly retryMillisMin: number
  readonly retryMillisMax: number
  /** A larger file is uploaded in parts of so many bytes, one at a time, each held in memory. S3 wants 5 MiB or more. */
  readonly partBytes: number
  /** Keys in one page of a list; S3 gives no more than 1,000. */
  readonly pageKeys: number
}

const mebibyte = 1024 * 1024

/** S3 takes 10,000 parts. */
export const partsMax = 10_000

export const defaults = {
  region: Environment.settings.KALSHIBOOK_S3_REGION.absent,
  endpoint: Option.none(),
  isPathStyle: false,
  credentials: Option.none(),
  connectMillisMax: Environment.settings.KALSHIBOOK_S3_CONNECT_MILLIS.absent,
  silenceMillisMax: Environment.settings.KALSHIBOOK_S3_REQUEST_MILLIS.absent,
  attemptsMax: Environment.settings.KALSHIBOOK_S3_ATTEMPTS.absent,
  retryMillisMin: 200,
  retryMillisMax: 10_000,
  partBytes: 16 * mebibyte,
  pageKeys: pageKeysMax
} satisfies Omit<S3Settings, "bucket">

/** The bucket of the environment; `None` when it names none (`KALSHIBOOK_S3_BUCKET`). */
export const fromEnvironment: Effect.Effect<Option.Option<S3Settings>, Config.ConfigError> = Effect.gen(function* () {
  const bucket = yield* Environment.config("KALSHIBOOK_S3_BUCKET")
  if (Option.isNone(bucket)) return Option.none()
  const endpoint = yield* Environment.config("KALSHIBOOK_S3_ENDPOINT")
  const isPathStyle = yield* Environment.config("KALSHIBOOK_S3_FORCE_PATH_STYLE")
  return Option.some({
    ...defaults,
    bucket: bucket.value,
    endpoint,
    region: yield* Environment.config("KALSHIBOOK_S3_REGION"),
    isPathStyle: Option.getOrElse(isPathStyle, () => Option.isSome(endpoint)),
    credentials: Option.all({
      accessKeyId: yield* Environment.config("KALSHIBOOK_S3_ACCESS_KEY_ID"),
      secretAccessKey: yield* Environment.config("KALSHIBOOK_S3_SECRET_ACCESS_KEY")
    }),
    connectMillisMax: yield* Environment.config("KALSHIBOOK_S3_CONNECT_MILLIS"),
    silenceMillisMax: yield* Environment.config("KALSHIBOOK_S3_REQUEST_MILLIS"),
    attemptsMax: yield* Environment.config("KALSHIBOOK_S3_ATTEMPTS")
  })
})
