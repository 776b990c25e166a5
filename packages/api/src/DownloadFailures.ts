/** Failures of files and downloads, as the problems that callers get. */
import { DownloadTooLarge, NotSealed, StorageAway, UnknownDownload } from "@kalshibook/core/contract/ProblemsOfFiles"
import { Internal } from "@kalshibook/core/contract/ProblemsOfServer"
import type { DownloadError } from "@kalshibook/store/downloads/Downloads"
import { Effect } from "effect"
import { retryAfterSeconds } from "./ApiLimits.ts"
import { RequestMeta } from "./RequestMeta.ts"

export const notSealed = Effect.fnUntraced(function* (detail: string) {
  const { requestId } = yield* RequestMeta
  return yield* new NotSealed({ detail, request_id: requestId, suggestion: "/v1/datasets" })
})

/** The store of files is away when the same call may succeed later; sealed data that is wrong is a fault of ours. */
export const storageFailed = Effect.fnUntraced(function* (error: {
  readonly message: string
  readonly isRetryable: boolean
}) {
  const { requestId, url } = yield* RequestMeta
  const log = error.isRetryable ? Effect.logWarning : Effect.logError
  yield* log(`the store of files failed: ${error.message}`).pipe(Effect.annotateLogs({ requestId, url }))
  if (error.isRetryable) {
    const detail = `Sealed files cannot be reached. Recording goes on; try again in ${retryAfterSeconds} seconds.`
    return yield* new StorageAway({ detail, request_id: requestId })
  }
  const detail =
    "A sealed file is missing or damaged, so nothing is answered from it. It is logged under the request_id."
  return yield* new Internal({ detail, request_id: requestId })
})

/** Why a question is not answered. */
export const questionFailed = Effect.fnUntraced(function* (error: DownloadError) {
  const { requestId } = yield* RequestMeta
  const { reason } = error
  if (reason._tag === "NothingSealed") return yield* notSealed(reason.problem)
  if (reason._tag === "TooLarge") return yield* new DownloadTooLarge({ detail: reason.problem, request_id: requestId })
  return yield* storageFailed(error)
})

/** Why a download is not found. */
export const lookUpFailed = Effect.fnUntraced(function* (error: DownloadError) {
  const { requestId } = yield* RequestMeta
  const { reason } = error
  if (reason._tag !== "UnknownDownload") return yield* storageFailed(error)
  return yield* new UnknownDownload({ detail: reason.problem, request_id: requestId })
})
