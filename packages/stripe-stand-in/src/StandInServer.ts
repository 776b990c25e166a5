// adapter: Node's HTTP server and files; webhooks are sent with the platform's fetch.
/**
 * The stand-in on a port of this machine: Stripe's API, its pages, and signed webhooks. It listens on 127.0.0.1 and nowhere else, since it
 * believes everybody who asks. What it remembers is kept in a file, where one is named.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage } from "node:http"
import * as FormText from "./FormText.ts"
import * as Pages from "./Pages.ts"
import * as Requests from "./Requests.ts"
import * as Signature from "./Signature.ts"
import { make, type StandIn } from "./StandIn.ts"
import type { Event, State } from "./StandInState.ts"
import * as Time from "./Time.ts"

export interface ServerOptions {
  /** 0: any free one. */
  readonly port: number
  /** Where events are posted to, and what signs them. */
  readonly webhook: { readonly url: string; readonly secret: string }
  readonly file?: string
}

export interface RunningStandIn {
  readonly origin: string
  readonly port: number
  readonly standIn: StandIn
  readonly close: () => Promise<void>
}

const bodyBytesMax = 1_000_000
/** What is due is looked for so often. */
const tickMillis = 5_000
/** A webhook that is not taken is sent again after these pauses; Stripe goes on for three days. */
const againMillis: ReadonlyArray<number> = [1_000, 5_000, 30_000, 120_000]

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new RangeError("the body is too large")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

const kept = (file: string | undefined): State | undefined => {
  try {
    return file === undefined ? undefined : (JSON.parse(readFileSync(file, "utf8")) as State)
  } catch {
    return undefined
  }
}

/** Posts an event until it is taken, or for some minutes. */
const post = async (
  event: Event,
  { secret, url }: ServerOptions["webhook"],
  isClosed: () => boolean
): Promise<void> => {
  const payload = JSON.stringify(event, null, 2)
  for (const pause of [0, ...againMillis]) {
    await new Promise((resolve) => setTimeout(resolve, pause).unref())
    if (isClosed()) return
    try {
      const signature = Signature.header(payload, secret, Math.floor(Date.now() / 1_000))
      const headers = { "content-type": "application/json; charset=utf-8", "stripe-signature": signature }
      const { ok } = await fetch(url, { method: "POST", headers, body: payload, signal: AbortSignal.timeout(20_000) })
      if (ok) return
    } catch {
      // Nobody is there, or not yet.
    }
  }
}

/** Listens; resolves when it does. */
export const start = async (options: ServerOptions): Promise<RunningStandIn> => {
  let isClosed = false
  let origin = ""
  const state = kept(options.file)
  const standIn = make({
    clock: () => Math.floor(Date.now() / 1_000),
    get origin() {
      return origin
    },
    ...(state === undefined ? {} : { state })
  })
  standIn.onEvent = (event) => void post(event, options.webhook, () => isClosed)
  const keep = () => {
    if (options.file === undefined) return
    writeFileSync(`${options.file}.new`, JSON.stringify(standIn.state), { mode: 0o600 })
    renameSync(`${options.file}.new`, options.file)
  }
  const server = createServer((request, response) => {
    void (async () => {
      const url = request.url ?? "/"
      const [path = "/", query = ""] = url.split("?", 2)
      const method = request.method ?? "GET"
      const body = await bodyOf(request)
      if (!path.startsWith("/v1/")) {
        const page = Pages.answer(standIn, method, path, FormText.parse(method === "POST" ? body : query))
        if (page === undefined) response.writeHead(404).end()
        else if ("to" in page) response.writeHead(303, { location: page.to }).end()
        else response.writeHead(page.status ?? 200, { "content-type": "text/html; charset=utf-8" }).end(page.html)
      } else {
        const idempotencyKey = request.headers["idempotency-key"]
        const key = typeof idempotencyKey === "string" ? idempotencyKey : undefined
        const answer = Requests.answer(standIn, { method, url, body, idempotencyKey: key })
        response.writeHead(answer.status, { "content-type": "application/json", "request-id": standIn.id("req") })
        response.end(JSON.stringify(answer.body))
      }
      if (method !== "GET") keep()
    })().catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port, "127.0.0.1", resolve)
  })
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : options.port
  origin = `http://127.0.0.1:${port}`
  const ticking = setInterval(() => {
    const { length } = standIn.state.events
    Time.catchUp(standIn)
    if (standIn.state.events.length !== length) keep()
  }, tickMillis)
  return {
    origin,
    port,
    standIn,
    close: () =>
      new Promise((resolve) => {
        isClosed = true
        clearInterval(ticking)
        keep()
        server.closeAllConnections()
        server.close(() => resolve())
      })
  }
}
