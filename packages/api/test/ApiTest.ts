/**
 * The whole API over stores in memory, on a free port, at a moment shortly after the last commit of the seed.
 */

import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import type { RequestGate } from "@kalshibook/api/RequestGate"
import * as StraightBooks from "@kalshibook/api/StraightBooks"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import { recorderReportExample } from "@kalshibook/core/contract/RecorderReportExample"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import { ColdTier } from "@kalshibook/store/cold/ColdTier"
import { SealedHours, type SealedRevision } from "@kalshibook/store/cold/SealedHours"
import * as FileStores from "@kalshibook/store/downloads/FileStores"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Settlements } from "@kalshibook/store/Settlements"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Customer from "./Customer.ts"
import * as Seed from "./Seed.ts"
import * as SignedIn from "./SignedIn.ts"

/** What time it is in these tests: one second after the watermark. */
const nowMillis = Seed.watermark.tsReceivedMicros / 1_000 + 1_000

const storesWith = <E, R>(history: Layer.Layer<History, E, R>) =>
  Layer.merge(history, Coverage.layerMemory).pipe(
    Layer.provideMerge(
      Layer.mergeAll(ArchiveBoard.layerMemory, HotTier.layerMemory, ChannelGaps.layerMemory, LifecycleLog.layerMemory)
    ),
    Layer.provideMerge(Settlements.layerMemory.pipe(Layer.provideMerge(MarketCatalog.layerMemory))),
    Layer.merge(FileStores.layerNone),
    Layer.merge(Layer.provideMerge(Customer.layer, Customer.storesInMemory))
  )

const stores = storesWith(History.layerHot)

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
  ApiServer.layer(address, gate).pipe(
    Layer.provide(recorder),
    Layer.provide(StreamServer.layerMemory),
    Layer.provideMerge(stores)
  )

const anyPort: ApiServer.Address = { host: "127.0.0.1", port: 0 }

/** Over empty stores. */
export const layerEmpty = (gate?: RequestGate) => layerAt(anyPort, gate)

/** Over the seed. */
export const layer = (gate?: RequestGate) =>
  ApiServer.layer(anyPort, gate).pipe(
    Layer.provide(recorder),
    Layer.provide(StreamServer.layerMemory),
    Layer.provide(seeded),
    Layer.provideMerge(stores)
  )

/** All that the routes need, over the seed, without a server. */
export const services = () =>
  Layer.provideMerge(Layer.merge(recorder, StreamServer.layerMemory), Layer.provideMerge(seeded, stores))

/** Over the seed, of which all is sealed, in revisions that may change. */
export const layerSealed = (revisions: Effect.Effect<ReadonlyArray<SealedRevision>>) => {
  const sealed = Layer.effect(
    SealedHours,
    Effect.map(SealedHours, (none) => SealedHours.of({ ...none, revisions }))
  ).pipe(Layer.provide(SealedHours.layerNone))
  const history = History.layerNoDeps.pipe(Layer.provide([sealed, ColdTier.layerNone]))
  return ApiServer.layer(anyPort).pipe(
    Layer.provide(recorder),
    Layer.provide(StreamServer.layerMemory),
    Layer.provide(seeded),
    Layer.provideMerge(storesWith(history))
  )
}

/** Goes on for so many minutes, in which nothing happens, and all of it is stored. */
export const minutesLater = Effect.fnUntraced(function* (minutes: number) {
  const hot = yield* HotTier
  const micros = minutes * 60_000_000
  const { tsReceivedMicros } = Seed.watermark
  yield* hot.append({
    records: [],
    keyframes: [],
    trades: [],
    lifecycle: [],
    connections: [],
    channelGaps: [],
    watermark: { ...Seed.watermark, tsReceivedMicros: tsReceivedMicros + micros }
  })
  yield* TestClock.adjust(`${minutes} minutes`)
})

/** Over empty stores, with something that the API finds in its surroundings. */
export const layerAround = <A, E>(around: Layer.Layer<A, E, Layer.Success<typeof stores>>) =>
  ApiServer.layer(anyPort).pipe(
    Layer.provide(recorder),
    Layer.provide(StreamServer.layerMemory),
    Layer.provide(around),
    Layer.provideMerge(stores)
  )

/** Over the seed, for people who are signed in, too. */
export const layerSignedIn = () =>
  ApiServer.layer(anyPort).pipe(
    Layer.provide(recorder),
    Layer.provide(SignedIn.tokens),
    Layer.provide(StreamServer.layerMemory),
    Layer.provide(seeded),
    Layer.provideMerge(stores)
  )

/** Over the seed, with routes beside the contract. */
export const layerWith = <E, R>(more: Layer.Layer<never, E, R>) =>
  ApiServer.layer(anyPort, undefined, more).pipe(
    Layer.provide(recorder),
    Layer.provide(StreamServer.layerMemory),
    Layer.provide(seeded),
    Layer.provideMerge(stores)
  )

/** Over the seed, with the straight way to books or without it. */
export const layerCompared = (isOpen: boolean) =>
  ApiServer.layer(anyPort).pipe(
    Layer.provide(Layer.succeed(StraightBooks.IsOpen, isOpen)),
    Layer.provide(recorder),
    Layer.provide(StreamServer.layerMemory),
    Layer.provide(seeded),
    Layer.provideMerge(stores)
  )
