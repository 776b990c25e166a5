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
export const llmsPath = "/llms.txt"
export const llmsFullPath = "/llms-full.txt"
export const mcpPath = "/mcp"

/** Where the payment service tells what happened. */
export const webhookPath = "/v1/stripe/webhook"

/** Where signed URLs of a folder that takes a bucket's place lead. */
export const objectsPath = "/v1/objects/*"

/** The live stream, a websocket. */
export const streamPath = "/v1/stream"

/** The methods of each path. */
const methods = new Map<string, ReadonlySet<string>>(
  [openApiPath, docsPath, errorsPath, llmsPath, llmsFullPath, objectsPath, streamPath].map((path) => [
    path,
    new Set(["GET"])
  ])
)
methods.set(mcpPath, new Set(["POST"]))
methods.set(webhookPath, new Set(["POST"]))
for (const group of Object.values(KalshiBookApi.groups)) {
  for (const { method, path } of Object.values(group.endpoints)) {
    methods.set(path, new Set([...(methods.get(path) ?? []), method]))
  }
}

const table = FindMyWay.make<string>({ maxParamLength: Number.MAX_SAFE_INTEGER })
for (const pattern of methods.keys()) table.on("GET", pattern as FindMyWay.PathInput, pattern)

/** The pattern of the route that answers the path (`/v1/markets/:ticker`); `undefined` where there is none. */
export const routeOf = (url: string): string | undefined => table.find("GET", url)?.handler

/** The methods of a path that there is. HEAD is answered like GET without the body, OPTIONS by CORS. */
export const methodsOf = (route: string | undefined): string => {
  const own = methods.get(route ?? "") ?? new Set(["GET"])
  return [
    ...methodsChanging.filter((method) => own.has(method)),
    ...(own.has("GET") ? ["GET", "HEAD"] : []),
    "OPTIONS"
  ].join(", ")
}

const methodsChanging = ["POST", "PUT", "PATCH", "DELETE"]

/** The path that was probably meant by one that does not exist: one without the version. Else the index. */
export const suggestionFor = (url: string): string => {
  const candidate = `/v1${url}`
  return routeOf(candidate) !== undefined ? candidate : "/"
}
