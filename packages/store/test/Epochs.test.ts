import { layer } from "@effect/vitest"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { Layer } from "effect"
import { epochsSuite } from "./EpochsSuite.ts"

layer(Layer.merge(HotTier.layerMemory, Epochs.layerMemory))("Epochs (memory)", epochsSuite)
