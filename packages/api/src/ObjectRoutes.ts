/**
 * The files that signed URLs of the folder name, with ranges, so that a download that was cut goes on. With a bucket nobody comes here:
 * its URLs lead to it.
 */
import { RangeNotSatisfiable, SignatureRefused, UnknownObject } from "@kalshibook/core/contract/ProblemsOfFiles"
import { SignedObjects } from "@kalshibook/store/objects/SignedObjects"
import { Effect, Option, Result } from "effect"
import { HttpPlatform, HttpRouter, HttpServerRequest, HttpServerRespondable, HttpServerResponse } from "effect/http"
import * as DownloadFailures from "./DownloadFailures.ts"
import { RequestMeta } from "./RequestMeta.ts"
import { objectsPath } from "./RouteTable.ts"

const prefix = objectsPath.slice(0, -1)

/** A path that is no text once decoded is no key either: it stays as it is, and its signature fails. */
const decoded = (path: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(path)),
    () => path
  )

const problems = { 403: SignatureRefused, 404: UnknownObject, 416: RangeNotSatisfiable } as const

const answer = Effect.gen(function* () {
  const objects = yield* SignedObjects
  const platform = yield* HttpPlatform.HttpPlatform
  const request = yield* HttpServerRequest.HttpServerRequest
  const { requestId, url } = yield* RequestMeta
  const [path = "", query = ""] = url.split("?", 2)
  const found = yield* objects.answer({
    method: request.method === "HEAD" ? "HEAD" : "GET",
    key: decoded(path.slice(prefix.length)),
    query: new URLSearchParams(query),
    range: request.headers.range,
    ifRange: request.headers["if-range"],
    ifNoneMatch: request.headers["if-none-match"]
  })
  const { status } = found
  // Files are packed already, and what is cut goes on by their own bytes.
  const headers = { ...found.headers, "content-encoding": "identity" }
  if (status === 403 || status === 404 || status === 416) {
    const detail = Option.getOrElse(found.problem, () => "There is nothing here.")
    const response = yield* HttpServerRespondable.toResponse(new problems[status]({ detail, request_id: requestId }))
    const { "content-length": _, ...rest } = found.headers
    return HttpServerResponse.setHeaders(response, rest)
  }
  if (Option.isNone(found.body)) return HttpServerResponse.empty({ status, headers })
  const { fromByte, path: file, toByte } = found.body.value
  const response = yield* platform.fileResponse(file, { status, offset: fromByte, bytesToRead: toByte - fromByte })
  return HttpServerResponse.setHeaders(response, headers)
}).pipe(
  Effect.catchTag("ObjectStoreError", DownloadFailures.storageFailed),
  Effect.catchTag("PlatformError", (error) =>
    DownloadFailures.storageFailed({ message: error.message, isRetryable: true })
  )
)

/** HEAD comes here, too. */
export const layer = HttpRouter.add("GET", objectsPath, answer)
