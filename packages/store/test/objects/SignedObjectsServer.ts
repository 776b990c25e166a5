/** An HTTP server that answers signed URLs of the folder as `SignedObjects` says, on a free port, for as long as a scope. */
import { createReadStream } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { SignedObjects } from "@kalshibook/store/objects/SignedObjects"
import { Effect, Option } from "effect"

export interface SignedObjectsServer {
  /** Where objects are served. */
  readonly baseUrl: string
  /** Who answers; 503 until somebody is named. */
  answerBy: SignedObjects["Service"] | undefined
}

export const start = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      const served: { -readonly [name in keyof SignedObjectsServer]: SignedObjectsServer[name] } = {
        baseUrl: "",
        answerBy: undefined
      }
      const server = createServer((asked, answer) => {
        if (served.answerBy === undefined) answer.writeHead(503).end()
        else send(served.answerBy, asked, answer)
      })
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
      served.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/objects`
      return { served, server }
    }),
    ({ server }) =>
      Effect.promise(() => {
        server.closeAllConnections()
        return new Promise((closed) => server.close(closed))
      })
  ),
  ({ served }): SignedObjectsServer => served
)

const send = async (by: SignedObjects["Service"], asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
  const url = new URL(asked.url ?? "/", "http://127.0.0.1")
  const { range, "if-range": ifRange, "if-none-match": ifNoneMatch } = asked.headers
  const { status, headers, body } = await Effect.runPromise(
    by.answer({
      method: asked.method === "HEAD" ? "HEAD" : "GET",
      key: decodeURIComponent(url.pathname.replace("/v1/objects/", "")),
      query: url.searchParams,
      range,
      ifRange: typeof ifRange === "string" ? ifRange : undefined,
      ifNoneMatch
    })
  )
  answer.writeHead(status, headers)
  if (Option.isNone(body)) answer.end()
  else createReadStream(body.value.path, { start: body.value.fromByte, end: body.value.toByte - 1 }).pipe(answer)
}
