/** The stream on a port of its own, without keys: from the hub, where a recorder publishes, to the sockets. And `ws` beside it. */
import { createServer } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import * as SocketLink from "@kalshibook/api/stream/SocketLink"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { type WebSocket, WebSocketServer } from "ws"

export interface StreamHost {
  readonly hub: FeedHub["Service"]
  readonly port: number
  /** Readers of `/stream`, which follow everything, and of `/plain`, to which nobody sends but the benchmark. */
  readonly plain: ReadonlyArray<WebSocket>
  readonly sockets: ReadonlyArray<Socket>
  readonly stop: () => Promise<void>
}

export const start = async (): Promise<StreamHost> => {
  const scope = Scope.makeUnsafe()
  const layer = Layer.merge(StreamServer.layerMemory, FeedHub.layer)
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const server = Context.get(context, StreamServer)
  const plain: Array<WebSocket> = []
  const sockets: Array<Socket> = []
  const http = createServer()
  const websockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  http.on("upgrade", (request, socket, head) =>
    websockets.handleUpgrade(request, socket, head, (websocket) => {
      sockets.push(socket as Socket)
      if (request.url === "/plain") {
        plain.push(websocket)
        return
      }
      const link = SocketLink.make(socket as Socket)
      const limits = { connectionsMax: 1, replaySpeedMax: 1 }
      const options = { link, format: "json", slow: "disconnect", limits } as const
      void Effect.runPromise(
        Effect.flatMap(Scope.provide(server.connect(options), scope), ({ receive }) =>
          receive('{"op":"subscribe","id":1,"all":true,"snapshot":false}')
        )
      )
    })
  )
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
  return {
    hub: Context.get(context, FeedHub),
    port: (http.address() as AddressInfo).port,
    plain,
    sockets,
    stop: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      for (const socket of sockets) socket.destroy()
      http.close()
    }
  }
}
