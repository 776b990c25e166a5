import { layer } from "@effect/vitest"
import { HotTier } from "@kalshibook/store/HotTier"
import { hotTierSuite } from "./HotTierSuite.ts"

layer(HotTier.layerMemory, { excludeTestServices: true })("HotTier (memory)", hotTierSuite(100))
