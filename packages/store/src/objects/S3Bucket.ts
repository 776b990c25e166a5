/**
 * One bucket: its client, and calls that are made again while the reason passes. The SDK's own attempts are switched off: they do not
 * know of a body that is cut, and two ladders of attempts multiply.
 */
import { S3Client } from "@aws-sdk/client-s3"
import { Duration, Effect, Option, Redacted, Schedule, type Scope } from "effect"
import { abortable } from "./Abortable.ts"
import { isReason } from "./LocalFile.ts"
import { type ObjectStoreReason, Refused } from "./ObjectStoreError.ts"
import * as S3Failure from "./S3Failure.ts"
import type { S3Settings } from "./S3Settings.ts"

export interface S3Bucket {
  readonly client: S3Client
  readonly settings: S3Settings
  /** Whether PUTs say `If-None-Match: *`: until the server says that it does not know it. */
  isConditional: boolean
}

/** A client for as long as the scope. Nothing is connected yet. */
export const open = (settings: S3Settings): Effect.Effect<S3Bucket, Refused, Scope.Scope> =>
  Effect.gen(function* () {
    const endpoint = Option.getOrUndefined(settings.endpoint)
    if (endpoint !== undefined) yield* checkEndpoint(endpoint)
    const credentials = Option.map(settings.credentials, ({ accessKeyId, secretAccessKey }) => ({
      accessKeyId,
      secretAccessKey: Redacted.value(secretAccessKey)
    }))
    const client = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new S3Client({
            region: settings.region,
            forcePathStyle: settings.isPathStyle,
            ...(endpoint === undefined ? {} : { endpoint }),
            ...(Option.isNone(credentials) ? {} : { credentials: credentials.value }),
            maxAttempts: 1,
            // Sums that servers other than AWS do not know are left out; ours are in the metadata.
            requestChecksumCalculation: "WHEN_REQUIRED",
            responseChecksumValidation: "WHEN_REQUIRED",
            // It would take a connection of its own for each upload.
            expectContinueHeader: false,
            requestHandler: {
              connectionTimeout: settings.connectMillisMax,
              socketTimeout: settings.silenceMillisMax
            }
          })
      ),
      (client) => Effect.sync(() => client.destroy())
    )
    return { client, settings, isConditional: true }
  })

const checkEndpoint = (endpoint: string): Effect.Effect<void, Refused> => {
  const url = URL.parse(endpoint)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
    ? Effect.void
    : Effect.fail(new Refused({ problem: "the endpoint is no URL of the form https://host:port" }))
}

/** One attempt; what is thrown becomes a reason, unless it is one already. */
export const attempt = <A>(run: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, ObjectStoreReason> =>
  abortable(run, (cause) => (isReason(cause) ? cause : S3Failure.reasonOf(cause)))

/** Makes an attempt again and again while it is worth it. */
const again =
  ({ settings }: S3Bucket) =>
  <A>(effect: Effect.Effect<A, ObjectStoreReason>): Effect.Effect<A, ObjectStoreReason> =>
    Effect.retry(effect, {
      while: (reason) => reason.isRetryable,
      times: settings.attemptsMax - 1,
      schedule: Schedule.exponential(Duration.millis(settings.retryMillisMin)).pipe(
        Schedule.modifyDelay(({ duration }) =>
          Effect.succeed(Duration.min(duration, Duration.millis(settings.retryMillisMax)))
        ),
        Schedule.jittered
      )
    })

/** A request, as often as it takes. */
export const call = <A>(
  bucket: S3Bucket,
  run: (signal: AbortSignal) => Promise<A>
): Effect.Effect<A, ObjectStoreReason> => again(bucket)(attempt(run))

/** What arrived spoilt may arrive whole; what is stored spoilt does not get better. */
export const onceMoreIfCorrupt = <A>(
  effect: Effect.Effect<A, ObjectStoreReason>
): Effect.Effect<A, ObjectStoreReason> =>
  Effect.retry(effect, { while: (reason) => reason._tag === "Corrupt", times: 1 })
