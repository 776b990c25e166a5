/** A network between a client and a server on this machine, which can be cut, held up in both directions, or made to lose answers. */
import net from "node:net"
import { Effect, type Scope } from "effect"

/**
 * - `open`: everything passes.
 * - `held`: nothing passes, and nothing is lost.
 * - `answersHeld`: the server gets what it is sent, and the client waits for answers.
 * - `cut`: every connection is broken, and new ones are refused.
 */
export type NetworkState = "open" | "held" | "answersHeld" | "cut"

export interface Network {
  /** Where the client connects, on 127.0.0.1. */
  readonly port: number
  readonly set: (state: NetworkState) => Effect.Effect<void>
}

interface Pair {
  readonly client: net.Socket
  readonly server: net.Socket
}

/** In front of a unix socket. */
export const make = (path: string): Effect.Effect<Network, never, Scope.Scope> =>
  Effect.gen(function* () {
    const pairs = new Set<Pair>()
    let state: NetworkState = "open"
    const apply = ({ client, server }: Pair): void => {
      if (state === "cut") {
        client.resetAndDestroy()
        server.destroy()
        return
      }
      if (state === "held") client.pause()
      else client.resume()
      if (state === "open") server.resume()
      else server.pause()
    }
    const listener = net.createServer({ pauseOnConnect: true }, (client) => {
      const pair: Pair = { client, server: net.connect(path) }
      pairs.add(pair)
      pass(pair.client, pair.server, pairs, pair)
      pass(pair.server, pair.client, pairs, pair)
      apply(pair)
    })
    const port = yield* Effect.acquireRelease(
      Effect.promise(
        () =>
          new Promise<number>((resolve, reject) => {
            listener.once("error", reject)
            listener.listen(0, "127.0.0.1", () => resolve((listener.address() as net.AddressInfo).port))
          })
      ),
      () =>
        Effect.promise(async () => {
          for (const { client, server } of pairs) {
            client.destroy()
            server.destroy()
          }
          await new Promise((resolve) => listener.close(resolve))
        })
    )
    return {
      port,
      set: (next) =>
        Effect.sync(() => {
          state = next
          for (const pair of pairs) apply(pair)
        })
    }
  })

/** What comes of one side goes to the other, which ends with it. Slow readers are of no concern on one machine. */
const pass = (from: net.Socket, to: net.Socket, pairs: Set<Pair>, pair: Pair): void => {
  from.on("data", (chunk) => void to.write(chunk))
  from.on("error", () => {})
  from.on("close", () => {
    pairs.delete(pair)
    to.destroy()
  })
}
