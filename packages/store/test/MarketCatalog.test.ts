import { layer } from "@effect/vitest"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { marketCatalogSuite } from "./MarketCatalogSuite.ts"

layer(MarketCatalog.layerMemory)("MarketCatalog (memory)", marketCatalogSuite)
