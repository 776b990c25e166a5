import { layer } from "@effect/vitest"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { marketCatalogSuite } from "./MarketCatalogSuite.ts"
import { marketSearchSuite } from "./MarketSearchSuite.ts"

layer(MarketCatalog.layerMemory)("MarketCatalog (memory)", marketCatalogSuite)
layer(MarketCatalog.layerMemory)("Search (memory)", marketSearchSuite)
