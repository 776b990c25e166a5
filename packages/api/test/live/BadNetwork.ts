/** A network that holds up, cuts and garbles what passes, as its seed says, until it is told to be good. */
import net from "node:net"
import { Effect, type Scope } from "effect"

export interface BadNetwork {
  /** Where a client connects, on 127.0.0.1. */
  readonly port: number
  readonly counts: { cut: number; garbled: number; held: number }
  readonly beGood: () => void
}

/** Of so many chunks that pass one is cut off at, garbled or held up. */
const chances = { cut: 25, garble: 25, hold: 10 }
const holdMillisMax = 40

export const make = (portBehind: number, seed: number): Effect.Effect<BadNetwork, never, Scope.Scope> =>
  Effect.gen(function* () {
    let state = seed
    /** A whole number below `limit`: mulberry32. */
    const random = (limit: number): number => {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
    }
    let isGood = false
    const counts = { cut: 0, garbled: 0, held: 0 }
    const sockets = new Set<net.Socket>()

    const pass = (from: net.Socket, to: net.Socket): void => {
      from.on("data", (chunk: Buffer) => {
        if (!isGood && random(chances.cut) === 0) {
          counts.cut++
          to.write(chunk.subarray(0, random(chunk.length)))
          from.destroy()
          return
        }
        if (!isGood && random(chances.garble) === 0) {
          counts.garbled++
          const at = random(chunk.length)
          chunk[at] = (chunk[at] ?? 0) ^ (1 << random(8))
        }
        to.write(chunk)
        if (!isGood && random(chances.hold) === 0) {
          counts.held++
          from.pause()
          setTimeout(() => from.resume(), random(holdMillisMax))
        }
      })
      from.on("error", () => {})
      from.on("close", () => {
        sockets.delete(from)
        to.destroySoon()
      })
      sockets.add(from)
    }

    const listener = net.createServer({ noDelay: true }, (client) => {
      const server = net.connect({ port: portBehind, host: "127.0.0.1", noDelay: true })
      pass(client, server)
      pass(server, client)
    })
    const port = yield* Effect.acquireRelease(
      Effect.callback<number>((resume) => {
        listener.listen(0, "127.0.0.1", () => {
          const address = listener.address()
          resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
        })
      }),
      () =>
        Effect.callback<void>((resume) => {
          for (const socket of sockets) socket.destroy()
          listener.close(() => resume(Effect.void))
        })
    )
    return {
      port,
      counts,
      beGood: () => {
        isGood = true
      }
    }
  })
