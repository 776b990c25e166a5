/**
 * The whole API over stores in memory, on a free port, at a moment shortly after the last commit of the seed.
 */

import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import type { RequestGate } from "@kalshibook/api/RequestGate"
import { recorderReportExample } from "@kalshibook/core/contract/RecorderReportExample"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import * as FileStores from "@kalshibook/store/downloads/FileStores"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Customer from "./Customer.ts"
import * as Seed from "./Seed.ts"

/** What time it is in these tests: one second after the watermark. */
const nowMillis = Seed.watermark.tsReceivedMicros / 1_000 + 1_000

const stores = Layer.merge(History.layerHot, Coverage.layerMemory).pipe(
  Layer.provideMerge(
    Layer.mergeAll(ArchiveBoard.layerMemory, HotTier.layerMemory, ChannelGaps.layerMemory, LifecycleLog.layerMemory)
  ),
  Layer.provideMerge(MarketCatalog.layerMemory),
  Layer.merge(FileStores.layerNone),
  Layer.merge(Layer.provideMerge(Customer.layer, Customer.storesInMemory))
)

/** A recorder of the same process. */
export const recorder = RecorderStatusSource.layerSameProcess(
  Effect.succeed({
    source: "simulator",
    url: "ws://127.0.0.1:4010/trade-api/ws/v2",
    state: "recording",
    sinceMicros: Seed.startMicros,
    marketsRecorded: 2,
    recordsPerSecond: 12.5,
    report: recorderReportExample
  })
)

const seeded = Layer.effectDiscard(Effect.andThen(TestClock.setTime(nowMillis), Seed.store))

/** Over empty stores, at an address. */
export const layerAt = (address: ApiServer.Address, gate?: RequestGate) =>
  ApiServer.layer(address, gate).pipe(Layer.provide(recorder), Layer.provideMerge(stores))

const anyPort: ApiServer.Address = { host: "127.0.0.1", port: 0 }

/** Over empty stores. */
export const layerEmpty = (gate?: RequestGate) => layerAt(anyPort, gate)

/** Over the seed. */
export const layer = (gate?: RequestGate) =>
  ApiServer.layer(anyPort, gate).pipe(Layer.provide(recorder), Layer.provide(seeded), Layer.provideMerge(stores))

/** Over empty stores, with something that the API finds in its surroundings. */
export const layerAround = <A, E>(around: Layer.Layer<A, E, Layer.Success<typeof stores>>) =>
  ApiServer.layer(anyPort).pipe(Layer.provide(recorder), Layer.provide(around), Layer.provideMerge(stores))

/** Over the seed, with routes beside the contract. */
export const layerWith = <E, R>(more: Layer.Layer<never, E, R>) =>
  ApiServer.layer(anyPort, undefined, more).pipe(
    Layer.provide(recorder),
    Layer.provide(seeded),
    Layer.provideMerge(stores)
  )
