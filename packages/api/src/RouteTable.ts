/**
 * Which paths there are and with which methods, to tell an unknown path from a wrong method and to name requests in metrics.
 */
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as ProblemKind from "@kalshibook/core/contract/ProblemKind"
import { FindMyWay } from "effect/http"

/** Paths that are no operation of the contract. */
export const openApiPath = "/openapi.json"
export const docsPath = "/docs"
export const errorsPath = ProblemKind.docsPath

/** Where signed URLs of a folder that takes a bucket's place lead. */
export const objectsPath = "/v1/objects/*"

/** HEAD is answered like GET without the body, OPTIONS by CORS. */
const methodsOfGet = "GET, HEAD, OPTIONS"

/** Where Kalshi's own API begins: its paths after that are ours after `/v1`. */
const kalshiPrefix = /^\/trade-api\/v2(?=\/)/

const patterns = [
  ...Object.values(KalshiBookApi.groups).flatMap((group) => Object.values(group.endpoints).map(({ path }) => path)),
  openApiPath,
  docsPath,
  errorsPath,
  objectsPath
]

const pathsOf = (wanted: string): ReadonlySet<string> =>
  new Set(
    Object.values(KalshiBookApi.groups)
      .flatMap((group) => Object.values(group.endpoints))
      .filter(({ method }) => method === wanted)
      .map(({ path }) => path)
  )
const gets = pathsOf("GET")
const posted = pathsOf("POST")

const table = FindMyWay.make<string>({ maxParamLength: Number.MAX_SAFE_INTEGER })
for (const pattern of patterns) table.on("GET", pattern as FindMyWay.PathInput, pattern)

/** The pattern of the route that answers the path (`/v1/markets/:ticker`); `undefined` where there is none. */
export const routeOf = (url: string): string | undefined => table.find("GET", url)?.handler

/** The methods of a path that there is. */
export const methodsOf = (route: string | undefined): string =>
  route !== undefined && posted.has(route)
    ? gets.has(route)
      ? `POST, ${methodsOfGet}`
      : "POST, OPTIONS"
    : methodsOfGet

/** The path that was probably meant by one that does not exist: Kalshi's, or one without the version. Else the index. */
export const suggestionFor = (url: string): string => {
  const candidates = [url.replace(kalshiPrefix, "/v1"), `/v1${url}`]
  return candidates.find((candidate) => routeOf(candidate) !== undefined) ?? "/"
}
