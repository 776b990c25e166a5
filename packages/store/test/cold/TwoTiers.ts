/** History over a Postgres and a folder of objects, for tests of both tiers together. */
import { join } from "node:path"
import { ColdTier } from "@kalshibook/store/cold/ColdTier"
import { ObjectCache } from "@kalshibook/store/cold/ObjectCache"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { Segments } from "@kalshibook/store/cold/Segments"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Context, Effect, Layer, Option } from "effect"
import * as PgTest from "../PgTest.ts"

/** A folder of this test's own: `objects` in it takes the bucket's place, `cache` is the local cache. */
export class Folder extends Context.Service<Folder, { readonly path: string }>()("@kalshibook/store/test/cold/Folder") {
  static readonly layer = Layer.effect(
    Folder,
    Effect.map(PgTest.temporaryFolder, (path) => ({ path }))
  )
}

const objects = Layer.unwrap(
  Effect.map(Folder, ({ path }) =>
    ObjectStore.layerFolder({ folder: join(path, "objects"), baseUrl: "http://localhost", secret: Option.none() })
  )
)

const cacheOf = (bytesMax: number) =>
  Layer.unwrap(Effect.map(Folder, ({ path }) => ObjectCache.layerFolder({ folder: join(path, "cache"), bytesMax })))

/** Everything, over an empty database. */
export const layer = (bytesMax = 64 * 1024 * 1024) =>
  History.layerNoDeps.pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        HotTier.layerNoDeps,
        SealedHours.layerNoDeps,
        Segments.layerNoDeps,
        SegmentMarks.layerNoDeps,
        ColdTier.layerOf()
      )
    ),
    Layer.provideMerge(cacheOf(bytesMax)),
    Layer.provideMerge(objects),
    Layer.provideMerge(Folder.layer),
    Layer.provideMerge(PgTest.layer)
  )

/** Runs with a history of its own over the same tiers, with nothing in memory and an empty cache. */
export const withFreshCache = <A, E>(work: Effect.Effect<A, E, History>) =>
  Effect.gen(function* () {
    const { path } = yield* Folder
    const folder = yield* PgTest.temporaryFolder
    const fresh = History.layerNoDeps.pipe(
      Layer.provide(ColdTier.layerOf()),
      Layer.provide(ObjectCache.layerFolder({ folder, bytesMax: 64 * 1024 * 1024 })),
      Layer.provide(
        ObjectStore.layerFolder({ folder: join(path, "objects"), baseUrl: "http://localhost", secret: Option.none() })
      )
    )
    return yield* Effect.provide(work, Layer.fresh(fresh))
  }).pipe(Effect.scoped)
