import { layer } from "@effect/vitest"
import { Epochs } from "@kalshibook/store/Epochs"
import { epochsSuite } from "./EpochsSuite.ts"

layer(Epochs.layerMemory)("Epochs (memory)", epochsSuite)
