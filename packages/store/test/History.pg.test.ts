import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Layer } from "effect"
import { historySuite } from "./HistorySuite.ts"
import * as PgTest from "./PgTest.ts"

historySuite(
  "Postgres",
  History.layerNoDeps.pipe(Layer.provideMerge(HotTier.layerNoDeps), Layer.provide(PgTest.layer)),
  40
)
