import { assert, describe, it } from "@effect/vitest"
import * as Command from "@kalshibook/core/kalshi/Command"
import { Context, Effect, Latch, Layer, Redacted } from "effect"
import { defaults, Settings } from "../src/CollectorSettings.ts"
import { ExchangeAccess } from "../src/ExchangeAccess.ts"
import { ExchangeLine } from "../src/ExchangeLine.ts"
import * as KalshiSocket from "../src/KalshiSocket.ts"
import * as ReceiveClock from "../src/ReceiveClock.ts"
import { startExchange } from "./Station.ts"

const changeCount = 20_000
/** Two reads of 64 KiB; without turns it would be 2 MiB, which are 8,000 frames. */
const framesPerTurnAllowed = 600

describe("KalshiSocket", () => {
  it.live("leaves others their turn while frames pour in", () =>
    Effect.gen(function* () {
      const exchange = yield* startExchange({ drive: "manual" })
      const access = ExchangeAccess.layerOf({
        source: "simulator",
        restUrl: exchange.restUrl,
        wsUrl: exchange.wsUrl,
        keyId: exchange.keyId,
        privateKeyPem: Redacted.make(exchange.privateKeyPem)
      })
      const clock = ReceiveClock.make(
        () => 0,
        () => performance.now() * 1000
      )
      const needs = Layer.mergeAll(access, Settings.layerOf({}))
      const line = yield* Layer.build(ExchangeLine.layerNoDeps.pipe(Layer.provide(needs)))
      const socket = yield* KalshiSocket.open(Context.get(line, ExchangeLine), clock, defaults)

      const subscribed = Latch.makeUnsafe(false)
      const flooded = Latch.makeUnsafe(false)
      const marketTickers = [...exchange.exchange.markets.keys()]
      let frames = 0
      let framesThisTurn = 0
      let framesPerTurnMax = 0
      const endTurn = (): void => {
        framesPerTurnMax = Math.max(framesPerTurnMax, framesThisTurn)
        framesThisTurn = 0
        if (frames < changeCount) setImmediate(endTurn)
        else flooded.openUnsafe()
      }
      yield* Effect.forkChild(
        socket.receive({
          onFrame: () => {
            frames++
            framesThisTurn++
            if (frames > marketTickers.length) subscribed.openUnsafe()
            return true
          },
          onQuiet: () => undefined,
          isResting: () => false
        })
      )
      socket.send(
        Command.encode({
          cmd: "subscribe",
          id: 1,
          channels: ["orderbook_delta"],
          marketTickers,
          skipTickerAck: true,
          useYesPrice: false
        })
      )
      yield* subscribed.await
      endTurn()
      exchange.step(changeCount)
      yield* flooded.await
      assert.isAtMost(framesPerTurnMax, framesPerTurnAllowed)
    }).pipe(Effect.scoped)
  )
})
