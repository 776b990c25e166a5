/**
 * The site's documents and files, beside the API on one origin. What is no page and no file stays what it was: a problem document.
 *
 * Pages are strict: nothing but this server's own scripts and styles runs on them, and they talk to this server and to whoever signs
 * people in, to nobody else.
 */
import { Effect, Option } from "effect"
import { FindMyWay, HttpRouter, HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { DemoSeries } from "../Sample.ts"
import * as SampleMarket from "./SampleMarket.ts"
import { Auth, Site, type SiteAuth, type SiteBuild, type SiteFile } from "./Site.ts"

/** What the pages ask before anything else. */
const settingsPath = "/site.json"

/** Paths under which a browser that asks for a page is told that there is nothing as any client is. */
const noPages = /^\/(?:v1|problems|healthz|metrics|openapi\.json|docs|auth|mcp|assets|trade-api)(?:\/|$)/

const yearSeconds = 31_536_000

/** Who asks for a page in so many words: browsers do, programs do not. */
const wantsPage = (request: HttpServerRequest.HttpServerRequest): boolean =>
  request.headers.accept?.includes("text/html") ?? false

const policyOf = (auth: Option.Option<SiteAuth>): string => {
  const others = Option.match(auth, {
    onNone: () => "",
    onSome: ({ url }) => (URL.canParse(url) ? ` ${new URL(url).origin}` : "")
  })
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${others}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'"
  ].join("; ")
}

const answerFile = (
  file: SiteFile,
  request: HttpServerRequest.HttpServerRequest,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {}
): HttpServerResponse.HttpServerResponse => {
  const headers = {
    etag: file.etag,
    vary: "Accept-Encoding, Accept",
    "cache-control": file.isLasting ? `public, max-age=${yearSeconds}, immutable` : "no-cache",
    "x-content-type-options": "nosniff",
    ...options.headers
  }
  if (request.headers["if-none-match"] === file.etag) return HttpServerResponse.empty({ status: 304, headers })
  const accepted = request.headers["accept-encoding"] ?? ""
  const coding = ["br", "gzip"].find((name) => accepted.includes(name) && file.bodies.has(name)) ?? "identity"
  return HttpServerResponse.uint8Array(file.bodies.get(coding) ?? new Uint8Array(), {
    status: options.status ?? 200,
    contentType: file.type,
    headers: { ...headers, "content-encoding": coding }
  })
}

const answerPage = (
  site: SiteBuild,
  request: HttpServerRequest.HttpServerRequest,
  auth: Option.Option<SiteAuth>,
  status: number
) =>
  answerFile(site.document, request, {
    status,
    headers: {
      "content-security-policy": policyOf(auth),
      "referrer-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin",
      "permissions-policy": "camera=(), geolocation=(), microphone=()"
    }
  })

/** The site's first page for a browser at `/`; none where somebody else asks, or where there is no site. */
export const frontPage = Effect.gen(function* () {
  const auth = yield* Auth
  const site = yield* Site
  return (request: HttpServerRequest.HttpServerRequest): Option.Option<HttpServerResponse.HttpServerResponse> =>
    Option.map(
      Option.filter(site, () => wantsPage(request)),
      (found) => answerPage(found, request, auth, 200)
    )
})

export const layer = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const auth = yield* Auth
    const demoSeries = yield* DemoSeries
    const site = yield* Site
    const sample = demoSeries.size > 0 ? Effect.succeedNone : yield* SampleMarket.finder
    const settings = Effect.map(sample, (market) => ({
      auth: Option.getOrNull(auth),
      demo_series: [...demoSeries],
      sample: Option.getOrNull(market)
    }))
    yield* router.add("GET", settingsPath, Effect.map(settings, HttpServerResponse.jsonUnsafe))
    if (Option.isSome(site)) yield* router.add("GET", "/*", rest(site.value, auth))
  })
)

/** Everything that no other route answers. */
const rest = (site: SiteBuild, auth: Option.Option<SiteAuth>) => {
  const pages = FindMyWay.make<true>()
  for (const page of site.pages) pages.on("GET", page as FindMyWay.PathInput, true)
  return Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const [path = ""] = request.url.split("?", 1)
    const file = site.files.get(path)
    if (file !== undefined) return answerFile(file, request)
    if (pages.find("GET", path) !== undefined) return answerPage(site, request, auth, 200)
    if (wantsPage(request) && !noPages.test(path)) return answerPage(site, request, auth, 404)
    return yield* new HttpServerError.HttpServerError({ reason: new HttpServerError.RouteNotFound({ request }) })
  })
}
