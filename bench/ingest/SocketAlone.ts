/** What the socket alone brings: the collector's own line to the same exchange, with the same subscription, and nothing done with a frame. */

import { Settings } from "@kalshibook/collector/CollectorSettings"
import { ExchangeAccess } from "@kalshibook/collector/ExchangeAccess"
import { ExchangeLine } from "@kalshibook/collector/ExchangeLine"
import * as Command from "@kalshibook/core/kalshi/Command"
import { Context, Deferred, Duration, Effect, Layer, Redacted } from "effect"
import * as ExchangeProcess from "./ExchangeProcess.ts"
import type { HoseSettings } from "./Hose.ts"

const roundMillisMax = 60_000

/** Reads all changes. Succeeds with the seconds from the first to the last. */
export const read = (settings: HoseSettings): Promise<number> =>
  Effect.gen(function* () {
    const address = yield* ExchangeProcess.start(settings)
    const access = ExchangeAccess.layerOf({
      ...address,
      source: "simulator",
      privateKeyPem: Redacted.make(address.privateKeyPem)
    })
    const line = yield* Layer.build(
      ExchangeLine.layerNoDeps.pipe(Layer.provide(Layer.merge(access, Settings.layerOf({}))))
    )
    const socket = yield* Context.get(line, ExchangeLine).open
    const done = yield* Deferred.make<number>()
    const marketTickers = address.outcomes.map(([ticker]) => ticker)
    // The acknowledgement and the snapshots come first.
    const framesBefore = 1 + marketTickers.length
    let frames = 0
    let startMillis = 0
    socket.listen({
      onFrame: () => {
        if (++frames === framesBefore + 1) startMillis = performance.now()
        if (frames === framesBefore + settings.changes) {
          Deferred.doneUnsafe(done, Effect.succeed((performance.now() - startMillis) / 1000))
        }
      },
      onPing: () => undefined,
      onGone: (detail) => Deferred.doneUnsafe(done, Effect.die(new Error(detail)))
    })
    socket.resume()
    const subscription = { channels: ["orderbook_delta"], marketTickers, skipTickerAck: true, useYesPrice: false }
    socket.send(Command.encode({ cmd: "subscribe", id: 1, ...subscription }))
    return yield* Deferred.await(done)
  }).pipe(Effect.scoped, Effect.timeout(Duration.millis(roundMillisMax)), Effect.runPromise)
