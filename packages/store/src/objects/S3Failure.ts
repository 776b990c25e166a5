/**
 * What the AWS SDK throws, as a reason. Servers differ in their codes, so the HTTP status decides, and codes only where a status
 * misleads. Of what was thrown nothing but one line is kept: the rest holds headers with signatures.
 */
import { Predicate } from "effect"
import { AccessDenied, NotFound, type ObjectStoreReason, Refused, Unavailable } from "./ObjectStoreError.ts"

/** Refusals with a status of 4xx that pass: the request was cut or spoilt on its way, or the clocks differ (the SDK has set its own by now). */
const passing = new Set([
  "BadDigest",
  "ConditionalRequestConflict",
  "IncompleteBody",
  "OperationAborted",
  "RequestTimeTooSkewed",
  "RequestTimeout",
  "SlowDown",
  "XAmzContentSHA256Mismatch"
])
const problemCharsMax = 300

/** The name by which the server calls it; of an error on the way, the system's. */
const codeOf = (cause: unknown): string => {
  if (Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code)) return cause.code
  return Predicate.isError(cause) ? cause.name : "Unknown"
}

/** The HTTP status; 0 when no answer came. */
export const statusOf = (cause: unknown): number =>
  Predicate.hasProperty(cause, "$metadata") &&
  Predicate.hasProperty(cause.$metadata, "httpStatusCode") &&
  Predicate.isNumber(cause.$metadata.httpStatusCode)
    ? cause.$metadata.httpStatusCode
    : 0

/** Whether the server does not know the header `If-None-Match` of a PUT. */
export const isConditionUnknown = (cause: unknown): boolean =>
  statusOf(cause) === 501 || codeOf(cause) === "NotImplemented"

/** Whether an object of this key is there already. */
export const isConditionFailed = (cause: unknown): boolean => statusOf(cause) === 412

export const reasonOf = (cause: unknown): ObjectStoreReason => {
  const status = statusOf(cause)
  const code = codeOf(cause)
  const problem = problemOf(cause)
  if (code === "CredentialsProviderError") return new AccessDenied({ problem })
  if (status === 0 || status < 300 || status === 408 || status === 429) return new Unavailable({ problem })
  if (passing.has(code) || (status >= 500 && status !== 501)) return new Unavailable({ problem })
  if (code === "NoSuchBucket") return new Refused({ problem })
  if (status === 404) return new NotFound({ problem })
  return status === 401 || status === 403 ? new AccessDenied({ problem }) : new Refused({ problem })
}

const problemOf = (cause: unknown): string => {
  const status = statusOf(cause)
  const said = Predicate.isError(cause) ? cause.message : String(cause)
  const text = `${codeOf(cause)}${status === 0 ? "" : ` (${status})`}: ${said}`.replace(/\s+/g, " ").trim()
  return text.length > problemCharsMax ? `${text.slice(0, problemCharsMax)}...` : text
}
