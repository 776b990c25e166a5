/**
 * The built site (`packages/web/dist`) in memory: some hundred kilobytes in three encodings, read once, so that whoever asks is answered
 * without a look at the disk, and a new build beside a running server changes nothing under its feet.
 *
 * Knows neither routes nor what is on a page: the build says which paths are pages (`pages.json`).
 */
import { createHash } from "node:crypto"
import fs from "node:fs"
import path from "node:path"
import { Context, Effect, Layer, Option, Result } from "effect"

/** A file as it is answered. */
export interface SiteFile {
  readonly type: string
  /** Changes with the bytes. */
  readonly etag: string
  /** Whether its name changes with its bytes, so that a browser may keep it for ever. */
  readonly isLasting: boolean
  /** By content coding; `identity` is always there. */
  readonly bodies: ReadonlyMap<string, Uint8Array>
}

export interface SiteBuild {
  /** By path: `/assets/main-1f2e.js`. */
  readonly files: ReadonlyMap<string, SiteFile>
  /** The document that every page begins as. */
  readonly document: SiteFile
  /** Patterns of paths that are pages: `/markets/:ticker`. */
  readonly pages: ReadonlyArray<string>
}

/** The site that the server shows at `/`; none: the API alone. */
export const Site = Context.Reference<Option.Option<SiteBuild>>("@kalshibook/api/site/Site", {
  defaultValue: Option.none
})

/** Where people sign in. The browser talks to it, so pages must be allowed to. */
export interface SiteAuth {
  /** Of Supabase, or of this server: an origin, or a path of this server. */
  readonly url: string
  /** Supabase's publishable key; empty where none is needed. */
  readonly key: string
}

/** None: nobody signs in here, and keys are made by whoever operates the server. */
export const Auth = Context.Reference<Option.Option<SiteAuth>>("@kalshibook/api/site/Auth", {
  defaultValue: Option.none
})

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json"
}

/** Files that the build writes beside each other, by their ending. */
const codings = [
  ["br", ".br"],
  ["gzip", ".gz"]
] as const

const lasting = /^\/assets\//

/** Read from the folder of a build; a folder that holds none is no site, and says so once. */
export const layer = (folder: string): Layer.Layer<never> =>
  Layer.effect(
    Site,
    Effect.suspend(() => {
      const read = Result.try(() => build(folder))
      return Result.isSuccess(read)
        ? Effect.succeed(Option.some(read.success))
        : Effect.as(
            Effect.logWarning(`no site is served: there is no build in ${folder} (npm run build -w packages/web)`),
            Option.none()
          )
    })
  )

const build = (folder: string): SiteBuild => {
  const names = fs.readdirSync(folder, { recursive: true, encoding: "utf8" })
  const known = new Set(names)
  const files = new Map<string, SiteFile>()
  for (const name of names) {
    const type = types[path.extname(name)]
    if (type === undefined || name === "pages.json") continue
    files.set(`/${name.split(path.sep).join("/")}`, fileOf(folder, name, type, known))
  }
  const document = fileOf(folder, "index.html", types[".html"] ?? "", known)
  files.delete("/index.html")
  return { files, document, pages: JSON.parse(fs.readFileSync(path.join(folder, "pages.json"), "utf8")) }
}

const fileOf = (folder: string, name: string, type: string, known: ReadonlySet<string>): SiteFile => {
  const identity = fs.readFileSync(path.join(folder, name))
  const bodies = new Map<string, Uint8Array>([["identity", identity]])
  for (const [coding, ending] of codings) {
    if (known.has(`${name}${ending}`)) bodies.set(coding, fs.readFileSync(path.join(folder, `${name}${ending}`)))
  }
  return {
    type,
    etag: `"${createHash("sha256").update(identity).digest("base64url").slice(0, 22)}"`,
    isLasting: lasting.test(`/${name}`),
    bodies
  }
}
