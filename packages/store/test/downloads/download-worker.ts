/** A worker of downloads as a process of its own, which ends itself by SIGKILL when it stores its n-th file. */

import { Segments } from "@kalshibook/store/cold/Segments"
import { defaults } from "@kalshibook/store/downloads/DownloadSettings"
import { Downloads } from "@kalshibook/store/downloads/Downloads"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Layer, Option } from "effect"
import * as PgTest from "../PgTest.ts"

const [socketFolder = "", port = "", username = "", database = "", root = "", work = "", killAt = ""] =
  process.argv.slice(2)

let stored = 0
const objects = Layer.effect(
  ObjectStore,
  Effect.map(ObjectStore, (store) =>
    ObjectStore.of({
      ...store,
      putFile: (...args) =>
        Effect.suspend(() => {
          if (++stored === Number(killAt)) process.kill(process.pid, "SIGKILL")
          return store.putFile(...args)
        })
    })
  )
).pipe(Layer.provide(ObjectStore.layerFolder({ folder: root, baseUrl: "http://localhost", secret: Option.none() })))

await Effect.runPromise(
  Effect.flatMap(Downloads, (downloads) => downloads.work).pipe(
    Effect.provide(Downloads.layerNoDeps({ ...defaults, folder: work })),
    Effect.provide(Layer.mergeAll(objects, Segments.layerNoDeps, MarketCatalog.layerNoDeps)),
    Effect.provide(PgTest.client({ socketFolder, port: Number(port), username, database }, database))
  )
)
