/** A program for the exchange that talks to a server of the tests, whose clock goes on meanwhile. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Customer from "../Customer.ts"
import { type Json, port } from "../Http.ts"
import * as Seed from "../Seed.ts"

/** What comes on a websocket after these commands, until it is closed; `onFrame` may send more. */
export const conversation = Effect.fnUntraced(function* (
  path: string,
  commands: ReadonlyArray<object>,
  onFrame: (frame: Json) => object | undefined = () => undefined,
  key: string = Customer.key()
) {
  const url = `ws://127.0.0.1:${yield* port}${path}`
  // The server's clock goes on while it is waited for.
  const ticking = Effect.forever(Effect.andThen(TestClock.adjust("50 millis"), Effect.promise(nextTurn)))
  const talking = Effect.callback<{
    readonly frames: ReadonlyArray<Json>
    readonly code: number
    readonly reason: string
  }>((resume) => {
    const frames: Array<Json> = []
    // Node's own sends headers, which browsers' cannot.
    const options = { headers: { "KALSHI-ACCESS-KEY": key } } as unknown as Array<string>
    const socket = new WebSocket(url, options)
    socket.addEventListener("open", () => {
      for (const command of commands) socket.send(JSON.stringify(command))
    })
    socket.addEventListener("message", ({ data }) => {
      const frame: Json = JSON.parse(String(data))
      frames.push(frame)
      const more = onFrame(frame)
      if (more !== undefined) socket.send(JSON.stringify(more))
    })
    socket.addEventListener("close", ({ code, reason }) => resume(Effect.succeed({ frames, code, reason })))
    return Effect.sync(() => socket.close())
  })
  return yield* Effect.raceFirst(talking, ticking)
})

const nextTurn = () => new Promise<void>((resolve) => setTimeout(resolve, 2))

export const subscribe = (
  id: number,
  channels: ReadonlyArray<string>,
  tickers: ReadonlyArray<string> = [Seed.recorded]
) => ({
  id,
  cmd: "subscribe",
  params: { channels, market_tickers: tickers, use_yes_price: false }
})
