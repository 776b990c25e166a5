/** The same over tables: what a database would refuse must be refused before it, or not be a fault. */
import { layer } from "@effect/vitest"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import { Layer } from "effect"
import * as PgTest from "../../store/test/PgTest.ts"
import { hostileSuite } from "./Hostile.ts"
import { storesInPostgres } from "./PostgresStores.ts"
import * as Seed from "./Seed.ts"

const seeded = Layer.effectDiscard(Seed.store).pipe(Layer.provideMerge(storesInPostgres))

const api = ApiServer.layer({ host: "127.0.0.1", port: 0 }).pipe(
  Layer.provide(RecorderStatusSource.layerDatabase),
  Layer.provide(StreamServer.layerMemory),
  Layer.provide(seeded),
  Layer.provide(PgTest.layer)
)

layer(api, { excludeTestServices: true })("whatever is asked of tables", hostileSuite(250))
