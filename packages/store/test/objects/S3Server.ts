/**
 * An S3 server with a bucket, for a test file: the one that `KALSHIBOOK_TEST_S3_ENDPOINT` names (with `_BUCKET`, `_REGION`,
 * `_ACCESS_KEY_ID` and `_SECRET_ACCESS_KEY`), or one of its own that is started, and gone at the end. Without any the tests fail and
 * say what is missing.
 */
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3"
import { defaults, type S3Settings } from "@kalshibook/store/objects/S3Settings"
import { Config, Context, Effect, Layer, Option, Redacted } from "effect"
import * as SwiftServer from "./SwiftServer.ts"

/** The first start on a machine fetches the server. */
export const startMillisMax = 300_000

/** From where on a file goes in parts: as small as the server allows. */
export const partBytes =
  process.env["KALSHIBOOK_TEST_S3_ENDPOINT"] === undefined ? SwiftServer.partBytesMin : 5 * 1024 * 1024

export class S3Server extends Context.Service<
  S3Server,
  {
    readonly endpoint: string
    /** How its bucket is used; patient, and with short delays. */
    readonly settings: S3Settings
    /** A client without any of our ways, to look at the bucket from outside. */
    readonly client: S3Client
  }
>()("@kalshibook/store/test/objects/S3Server") {
  static readonly layer: Layer.Layer<S3Server> = Layer.effect(
    S3Server,
    Effect.gen(function* () {
      const given = yield* Config.option(Config.String("KALSHIBOOK_TEST_S3_ENDPOINT"))
      const settings = Option.isSome(given) ? yield* settingsOf(given.value) : yield* startOwn
      const client = yield* Effect.acquireRelease(
        Effect.sync(() => clientOf(settings)),
        (each) => Effect.sync(() => each.destroy())
      )
      if (Option.isNone(given)) {
        yield* Effect.tryPromise(() => client.send(new CreateBucketCommand({ Bucket: settings.bucket })))
      }
      return { endpoint: Option.getOrElse(settings.endpoint, () => ""), settings, client }
    }).pipe(Effect.orDie)
  )
}

/** Several attempts, soon after one another; small parts, and pages so small that a list takes some. */
const forTests = {
  ...defaults,
  isPathStyle: true,
  retryMillisMin: 5,
  retryMillisMax: 50,
  partBytes,
  pageKeys: 3
}

const startOwn = Effect.map(
  SwiftServer.start,
  (endpoint): S3Settings => ({
    ...forTests,
    bucket: "kalshibook-test",
    region: SwiftServer.region,
    endpoint: Option.some(endpoint),
    credentials: Option.some({
      accessKeyId: SwiftServer.accessKeyId,
      secretAccessKey: Redacted.make(SwiftServer.secretAccessKey)
    })
  })
)

const settingsOf = Effect.fnUntraced(function* (endpoint: string) {
  const settings: S3Settings = {
    ...forTests,
    bucket: yield* Config.String("KALSHIBOOK_TEST_S3_BUCKET"),
    region: yield* Config.String("KALSHIBOOK_TEST_S3_REGION").pipe(Config.withDefault(defaults.region)),
    endpoint: Option.some(endpoint),
    credentials: Option.some({
      accessKeyId: yield* Config.String("KALSHIBOOK_TEST_S3_ACCESS_KEY_ID"),
      secretAccessKey: yield* Config.Redacted("KALSHIBOOK_TEST_S3_SECRET_ACCESS_KEY")
    })
  }
  return settings
})

const clientOf = ({ credentials, endpoint, region }: S3Settings): S3Client => {
  const { accessKeyId, secretAccessKey } = Option.getOrThrow(credentials)
  return new S3Client({
    endpoint: Option.getOrThrow(endpoint),
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey: Redacted.value(secretAccessKey) },
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED"
  })
}
