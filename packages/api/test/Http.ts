/**
 * Plain HTTP to the server under test: the path goes out as it is written, so that hostile ones arrive.
 */
import { request } from "node:http"
import { Effect } from "effect"
import { HttpServer } from "effect/http"
import * as Customer from "./Customer.ts"

export interface Answer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | Array<string>>
  readonly text: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Of the customer, unless something else is said; `null` for none. */
  readonly key?: string | null
}

/** The port that the server listens on. */
export const port = Effect.map(HttpServer.HttpServer, ({ address }) => ("port" in address ? Number(address.port) : 0))

const keyHeader = ({ key = Customer.key() }: Asked): Readonly<Record<string, string>> =>
  key === null || key === "" ? {} : { Authorization: `Bearer ${key}` }

const bodyHeaders = ({ body }: Asked): Readonly<Record<string, string>> =>
  body === undefined
    ? {}
    : // Node sends none by itself with DELETE.
      { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(JSON.stringify(body))) }

export const ask = (path: string, asked: Asked = {}) =>
  Effect.flatMap(port, (number) =>
    Effect.callback<Answer, Error>((resume) => {
      const outgoing = request(
        {
          host: "127.0.0.1",
          port: number,
          path,
          method: asked.method ?? "GET",
          headers: { ...keyHeader(asked), ...bodyHeaders(asked), ...asked.headers },
          agent: false
        },
        (response) => {
          const chunks: Array<Buffer> = []
          response.on("data", (chunk: Buffer) => chunks.push(chunk))
          response.on("end", () =>
            resume(
              Effect.succeed({
                status: response.statusCode ?? 0,
                headers: response.headers,
                text: Buffer.concat(chunks).toString()
              })
            )
          )
        }
      )
      outgoing.on("error", (error) => resume(Effect.fail(error)))
      outgoing.end(asked.body === undefined ? undefined : JSON.stringify(asked.body))
      return Effect.sync(() => outgoing.destroy())
    })
  )

/** An answer as bytes, and whether it came to its end. */
export const download = Effect.fnUntraced(function* (path: string, headers: Readonly<Record<string, string>> = {}) {
  const number = yield* port
  return yield* Effect.callback<{
    readonly type: string
    readonly encoding: string
    readonly body: Buffer
    readonly isWhole: boolean
  }>((resume) => {
    const asked = { host: "127.0.0.1", port: number, path, headers: { ...keyHeader({}), ...headers }, agent: false }
    const outgoing = request(asked, (response) => {
      const chunks: Array<Buffer> = []
      const done = (isWhole: boolean) =>
        resume(
          Effect.succeed({
            type: String(response.headers["content-type"]),
            encoding: String(response.headers["content-encoding"]),
            body: Buffer.concat(chunks),
            isWhole
          })
        )
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => done(response.complete))
      response.on("error", () => done(false))
    })
    outgoing.end()
  })
})

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
export type Json = any

/** Status and body of a JSON answer, without what differs each time. */
export const json = (path: string, asked: Asked = {}) =>
  Effect.map(ask(path, asked), ({ headers, status, text }) => {
    const { request_id, response_time, usage, ...body } = JSON.parse(text) as Json
    const retryAfter = headers["retry-after"]
    return {
      status,
      type: headers["content-type"],
      requestId: request_id,
      responseTime: response_time,
      retryAfter,
      credits: usage?.credits as number | undefined,
      headers,
      body: body as Json
    }
  })

/** Status and body of the answer to a body that is sent as JSON. */
export const post = (path: string, body: object, asked: Asked = {}) =>
  json(path, {
    ...asked,
    method: "POST",
    headers: { "content-type": "application/json", ...asked.headers },
    body
  })

/** All entries of a list, page by page, and how many pages they took. */
export const everyPage = Effect.fnUntraced(function* (path: string, name: string, limit: number, key?: string) {
  const entries: Array<Json> = []
  let pages = 0
  let cursor = ""
  do {
    const separator = path.includes("?") ? "&" : "?"
    const { body, status } = yield* json(
      `${path}${separator}limit=${limit}&cursor=${cursor}`,
      key === undefined ? {} : { key }
    )
    if (status !== 200) return yield* Effect.die(new Error(`${path}: ${JSON.stringify(body)}`))
    entries.push(...body[name])
    cursor = body.cursor
    pages++
  } while (cursor !== "")
  return { entries, pages }
})
