/**
 * What the API answers to the signed URLs of the folder; with a bucket nobody comes here, since its URLs lead to the bucket.
 *
 * Says what to answer, and leaves sending to whoever has the connection.
 *
 * adapter: asks for the state of a file
 */
import { stat } from "node:fs/promises"
import { Clock, type Config, Context, Effect, Layer, Option, Result } from "effect"
import * as ContentTypes from "./ContentTypes.ts"
import * as FileAnswer from "./FileAnswer.ts"
import { type FolderSettings, fromEnvironment } from "./FolderSettings.ts"
import * as ObjectDisposition from "./ObjectDisposition.ts"
import * as ObjectFolder from "./ObjectFolder.ts"
import * as ObjectKey from "./ObjectKey.ts"
import * as ObjectOperation from "./ObjectOperation.ts"
import type { ByteSpan, ObjectStoreError } from "./ObjectStore.ts"
import * as S3Settings from "./S3Settings.ts"
import * as SignedPath from "./SignedPath.ts"

/** A request below the place where objects are served. */
export interface SignedRequest extends FileAnswer.FileRequest {
  /** The rest of the path, decoded, without a slash in front. */
  readonly key: string
  readonly query: URLSearchParams
}

export interface SignedAnswer {
  /** 403: the signature is not good or not good any more; 404: signed, and not there. */
  readonly status: FileAnswer.FileAnswer["status"] | 403 | 404
  readonly headers: Readonly<Record<string, string>>
  /** The part of which file to send; `None`: no body. */
  readonly body: Option.Option<ByteSpan & { readonly path: string }>
  /** With 403, 404 and 416: why, for people. */
  readonly problem: Option.Option<string>
}

export class SignedObjects extends Context.Service<
  SignedObjects,
  {
    /** What to answer. Costs one look at the file. */
    readonly answer: (request: SignedRequest) => Effect.Effect<SignedAnswer, ObjectStoreError>
  }
>()("@kalshibook/store/objects/SignedObjects") {
  /** Of a folder. Fails when it cannot be made or its secret not be read. */
  static readonly layerFolder = (settings: FolderSettings): Layer.Layer<SignedObjects, ObjectStoreError> =>
    Layer.effect(
      SignedObjects,
      Effect.gen(function* () {
        const folder = yield* ObjectFolder.prepare(settings, yield* Clock.currentTimeMillis)
        return SignedObjects.of({
          answer: (request) => ObjectOperation.during("answer", request.key)(answer(folder, request))
        })
      }).pipe(ObjectOperation.during("open", ""))
    )

  /** Where objects lie in a bucket: nothing is served here. */
  static readonly layerNone: Layer.Layer<SignedObjects> = Layer.succeed(SignedObjects, {
    answer: () => Effect.succeed(refusal(404, "Objects are served by their bucket."))
  })

  /** From the environment, as `ObjectStore.layer`. */
  static readonly layer: Layer.Layer<SignedObjects, ObjectStoreError | Config.ConfigError> = Layer.unwrap(
    Effect.gen(function* () {
      if (Option.isSome(yield* S3Settings.fromEnvironment)) return SignedObjects.layerNone
      return SignedObjects.layerFolder(yield* fromEnvironment)
    })
  )
}

const refusal = (status: 403 | 404, problem: string): SignedAnswer => ({
  status,
  headers: { "cache-control": "no-store" },
  body: Option.none(),
  problem: Option.some(problem)
})

const problems = {
  expired: "The URL has expired; ask for a new one.",
  forged: "The signature does not belong to this URL; use it as it was given."
}

const answer = Effect.fnUntraced(function* (folder: ObjectFolder.ObjectFolder, request: SignedRequest) {
  const nowSeconds = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
  const signed = SignedPath.verify(request.key, request.query, folder.secret, nowSeconds)
  if (Result.isFailure(signed)) return refusal(403, problems[signed.failure.cause])
  const { key, fileName, expiresAtSeconds } = signed.success
  const missing = refusal(404, "There is no such object any more.")
  if (Result.isFailure(ObjectKey.check(key))) return missing
  const path = ObjectFolder.fileOf(folder, key)
  const info = yield* ObjectFolder.io(() => stat(path)).pipe(
    Effect.asSome,
    Effect.catchTag("NotFound", () => Effect.succeed(Option.none()))
  )
  if (Option.isNone(info) || !info.value.isFile()) return missing
  const { size: bytes, mtimeMs } = info.value
  const found = FileAnswer.answer(request, {
    bytes,
    lastModifiedMicros: ObjectFolder.microsOf(mtimeMs),
    // An object is never written twice, so its length and time name its content.
    etag: `"${bytes.toString(16)}-${ObjectFolder.microsOf(mtimeMs).toString(16)}"`
  })
  const name = Option.getOrElse(fileName, () => ObjectDisposition.nameOf(key))
  return {
    status: found.status,
    headers: {
      ...found.headers,
      ...(found.status === 304 ? {} : { "content-type": ContentTypes.of(key), "x-content-type-options": "nosniff" }),
      "cache-control": `private, max-age=${expiresAtSeconds - nowSeconds}, immutable`,
      "content-disposition": ObjectDisposition.attachment(name)
    },
    body: Option.map(found.body, (span) => ({ ...span, path })),
    problem: found.status === 416 ? Option.some(`The object has ${bytes} bytes.`) : Option.none()
  } satisfies SignedAnswer
})
