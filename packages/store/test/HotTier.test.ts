import { HotTier } from "@kalshibook/store/HotTier"
import { hotTierSuite } from "./HotTierSuite.ts"

hotTierSuite("memory", HotTier.layerMemory, 100)
