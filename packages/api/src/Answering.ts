/**
 * What every answer has in common, whatever route gave it: an id, CORS, limits, metrics, and that nothing but problem
 * documents tells of failures.
 */
import * as ApiKeyText from "@kalshibook/core/contract/ApiKeyText"
import { urlCharsMax } from "@kalshibook/core/contract/Limits"
import { KeyInQuery } from "@kalshibook/core/contract/ProblemsOfAccess"
import {
  Internal,
  MalformedRequest,
  MethodNotAllowed,
  UnknownRoute,
  UnsupportedMediaType,
  UrlTooLong
} from "@kalshibook/core/contract/ProblemsOfServer"
import { ByteSize, Cause, Clock, Context, Effect, Option, Result, type Types } from "effect"
import {
  Headers,
  HttpMiddleware,
  HttpPlatform,
  HttpRouter,
  HttpServerError,
  HttpServerRequest,
  HttpServerRespondable,
  HttpServerResponse
} from "effect/http"
import { HttpApiError } from "effect/http-api"
import {
  bodyBytesMax,
  compressBytesMin,
  documentSecondsMax,
  preflightSecondsMax,
  retryAfterSeconds
} from "./ApiLimits.ts"
import { badRequest } from "./BadRequests.ts"
import { RequestErrors } from "./RequestErrors.ts"
import * as RequestGate from "./RequestGate.ts"
import { newRequestId, RequestMeta, type RequestNotes } from "./RequestMeta.ts"
import * as RequestMetrics from "./RequestMetrics.ts"
import {
  docsPath,
  errorsPath,
  llmsFullPath,
  llmsPath,
  methodsOf,
  openApiPath,
  routeOf,
  suggestionFor
} from "./RouteTable.ts"

/** Anybody may read: there is nothing here that a browser's user could lose. */
const cors = HttpMiddleware.cors({
  allowedOrigins: ["*"],
  allowedMethods: ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"],
  allowedHeaders: [
    "Authorization",
    "X-API-Key",
    "X-Account",
    "Content-Type",
    "Accept",
    "Range",
    "If-Range",
    "If-None-Match",
    "Idempotency-Key",
    "Mcp-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name"
  ],
  exposedHeaders: [
    "X-Request-Id",
    "Retry-After",
    "WWW-Authenticate",
    "RateLimit",
    "RateLimit-Policy",
    "X-Credits-Used",
    "X-Credits-Remaining",
    "Content-Range",
    "Accept-Ranges",
    "ETag",
    "Allow",
    "Idempotency-Replayed",
    "Content-Disposition"
  ],
  maxAge: preflightSecondsMax
})

/** Parquet and packed files are not packed again. */
const packedTypes = /^(?:text\/|application\/(?:json|problem\+json|x-ndjson|javascript|vnd\.apache\.arrow))/

const compression = HttpMiddleware.compression({
  algorithms: ["zstd", "gzip", "br"],
  minSize: compressBytesMin,
  compressible: (contentType) => packedTypes.test(contentType)
})

/** Global: goes around every route of the router that it is added to. */
export const layer = (gate: RequestGate.RequestGate = RequestGate.make()) =>
  HttpRouter.middleware<{ provides: RequestMeta }>()(
    Effect.gen(function* () {
      const platform = yield* HttpPlatform.HttpPlatform
      const errors = yield* RequestErrors
      yield* Effect.forkScoped(gate.watch)
      return (httpEffect) =>
        Effect.provideService(compression(answer(gate, errors, httpEffect)), HttpPlatform.HttpPlatform, platform)
    }),
    { global: true }
  )

/** Made once for all requests. Fails only by interruption, with a client that went away. */
const answer = <E, R>(
  gate: RequestGate.RequestGate,
  errors: RequestErrors["Service"],
  httpEffect: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  Types.unhandled,
  Exclude<R, RequestMeta> | HttpServerRequest.HttpServerRequest
> => {
  const bounded = cors(Effect.flatMap(RequestMeta, ({ requestId }) => gate.pass(requestId, httpEffect)))
  // An upgraded connection lives as long as its client wants.
  const unbounded = cors(httpEffect)
  return Effect.withFiber<
    HttpServerResponse.HttpServerResponse,
    Types.unhandled,
    Exclude<R, RequestMeta> | HttpServerRequest.HttpServerRequest
  >((fiber) => {
    const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
    const clock = fiber.getRef(Clock.Clock)
    const startedNanos = clock.currentTimeNanosUnsafe()
    const requestId = newRequestId()
    const url = ApiKeyText.redact(request.url)
    const notes: RequestNotes = { headers: {}, meter: undefined, asker: undefined, isOpenEnded: false }
    const meta = RequestMeta.of({ requestId, url, startedNanos, notes })
    const refusal = refusalOfUrl(meta)
    const finish = (response: HttpServerResponse.HttpServerResponse) => {
      if (isUnsupported(response)) return Effect.map(unsupported(request, meta), told)
      const { holdMillis = 0 } = notes
      // Behind the gate: whoever is held back takes no place there.
      return holdMillis > 0
        ? Effect.as(Effect.interruptible(Effect.sleep(holdMillis)), told(response))
        : Effect.succeed(told(response))
    }
    const told = (response: HttpServerResponse.HttpServerResponse) => {
      const nanos = clock.currentTimeNanosUnsafe() - startedNanos
      const route = notes.route ?? routeOf(request.url)
      // How long a connection was open is not how long an answer took.
      if (response.status !== 101)
        RequestMetrics.note(fiber.context, { route, method: request.method, status: response.status, nanos })
      if (response.status >= 400)
        errors.note({ requestId, notes, response, nowMillis: clock.currentTimeMillisUnsafe() })
      const headers = { ...headersFor(response, requestId, route), ...notes.headers }
      return HttpServerResponse.setHeaders(response, Headers.fromRecordUnsafe(headers))
    }
    const ofRoute = request.headers["upgrade"] === undefined ? bounded : unbounded
    const answering: Effect.Effect<
      HttpServerResponse.HttpServerResponse,
      Effect.Error<typeof bounded> | UrlTooLong | KeyInQuery,
      Effect.Services<typeof bounded>
    > = refusal === undefined ? ofRoute : Effect.fail(refusal)
    const answered = Effect.matchCauseEffect(answering, {
      onSuccess: finish,
      onFailure: (cause) => Effect.flatMap(problemResponse(cause, request, meta), finish)
    })
    return Effect.provideService(
      hasBody(request) ? Effect.provideService(answered, HttpServerRequest.MaxBodySize, bodySizeMax) : answered,
      RequestMeta,
      meta
    )
  })
}

const bodySizeMax = ByteSize.bytes(bodyBytesMax)

const hasBody = ({ method }: HttpServerRequest.HttpServerRequest): boolean => method !== "GET" && method !== "HEAD"

const refusalOfUrl = (meta: RequestMeta["Service"]): UrlTooLong | KeyInQuery | undefined => {
  const { requestId, url } = meta
  if (url.length > urlCharsMax) {
    const detail = `Path and query have ${url.length} characters; the server reads ${urlCharsMax}.`
    return new UrlTooLong({ detail, request_id: requestId })
  }
  if (keyInUrl.test(url)) {
    const detail = "There is a key in the URL, where logs and histories keep it. Send it as a header, and replace it."
    return new KeyInQuery({ detail, request_id: requestId })
  }
  return undefined
}

/** A key of ours, anywhere, or a parameter that is there for one. */
export const keyInUrl = /kb_live_|[?&](?:api[_-]?key|key|token|access_token|authorization)=/i

/** What only a new version of the server changes. Everything else is as of now. */
const lastingRoutes: ReadonlySet<string | undefined> = new Set([
  docsPath,
  errorsPath,
  openApiPath,
  llmsPath,
  llmsFullPath
])

const headersFor = (
  response: HttpServerResponse.HttpServerResponse,
  requestId: string,
  route: string | undefined
): Record<string, string> => ({
  "x-request-id": requestId,
  "cache-control":
    response.headers["cache-control"] ??
    (lastingRoutes.has(route) ? `public, max-age=${documentSecondsMax}` : "no-store"),
  ...(response.status === 503 ? { "retry-after": String(retryAfterSeconds) } : {}),
  ...(response.status === 401 ? { "www-authenticate": 'Bearer realm="KalshiBook"' } : {}),
  ...(response.status === 405 ? { allow: methodsOf(route) } : {})
})

/** The problem document of a failure. A client that went away gets nothing: its interruption is passed on. */
const problemResponse = (
  cause: Cause.Cause<unknown>,
  request: HttpServerRequest.HttpServerRequest,
  meta: RequestMeta["Service"]
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
  const failure = Option.getOrElse(Cause.findErrorOption(cause), () =>
    Option.getOrUndefined(Result.getSuccess(Cause.findDefect(cause)))
  )
  if (HttpServerError.isHttpServerError(failure) && failure.reason._tag === "RouteNotFound") {
    return HttpServerRespondable.toResponse(nothingHere(request, meta))
  }
  if (HttpApiError.HttpApiSchemaError.is(failure) && askersKinds.has(failure.kind)) {
    return HttpServerRespondable.toResponse(badRequest(failure, meta))
  }
  if (HttpServerError.isHttpServerError(failure) && failure.reason._tag === "RequestParseError") {
    const detail = "The body cannot be read: it must be JSON, in UTF-8, of at most a megabyte."
    return HttpServerRespondable.toResponse(new MalformedRequest({ detail, request_id: meta.requestId }))
  }
  if (isProblem(failure)) return HttpServerRespondable.toResponse(failure)
  const internal = new Internal({
    detail: "A fault of ours. It is logged under the request_id.",
    request_id: meta.requestId
  })
  return Effect.logError("a request failed", cause).pipe(
    Effect.annotateLogs({ requestId: meta.requestId, method: request.method, url: meta.url }),
    Effect.andThen(HttpServerRespondable.toResponse(internal))
  )
}

/** The library answers a body of another type by itself, with a text. */
const isUnsupported = ({ headers, status }: HttpServerResponse.HttpServerResponse): boolean =>
  status === 415 && headers["content-type"] !== "application/problem+json"

const unsupported = ({ headers }: HttpServerRequest.HttpServerRequest, { requestId }: RequestMeta["Service"]) => {
  const sent = headers["content-type"] === undefined ? "without a type" : `as \`${headers["content-type"]}\``
  const detail = `The body was sent ${sent}; it must be \`application/json\`.`
  return HttpServerRespondable.toResponse(new UnsupportedMediaType({ detail, request_id: requestId }))
}

/** Parts of a request that the contract describes: what is wrong in them is a parameter. */
const askersKinds: ReadonlySet<string> = new Set(["Params", "Query", "Payload", "Headers"])

const isProblem = (failure: unknown): failure is HttpServerRespondable.Respondable =>
  HttpServerRespondable.isRespondable(failure) && "code" in failure && "request_id" in failure

const nothingHere = (
  request: HttpServerRequest.HttpServerRequest,
  meta: RequestMeta["Service"]
): MethodNotAllowed | UnknownRoute => {
  const [path = ""] = meta.url.split("?", 1)
  if (routeOf(meta.url) !== undefined) {
    const detail = `${path} has ${methodsOf(routeOf(meta.url))}, not ${request.method}.`
    return new MethodNotAllowed({ detail, request_id: meta.requestId })
  }
  const suggestion = suggestionFor(meta.url)
  return new UnknownRoute({ detail: `There is nothing at ${path}.`, request_id: meta.requestId, suggestion })
}
