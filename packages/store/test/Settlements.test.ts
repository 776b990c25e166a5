import { layer } from "@effect/vitest"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Settlements } from "@kalshibook/store/Settlements"
import { Layer } from "effect"
import { settlementsSuite } from "./SettlementsSuite.ts"

layer(Settlements.layerMemory.pipe(Layer.provideMerge(MarketCatalog.layerMemory)))(
  "Settlements (memory)",
  settlementsSuite
)
