import { layer } from "@effect/vitest"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { Layer } from "effect"
import { lifecycleLogSuite } from "./LifecycleLogSuite.ts"

layer(Layer.merge(HotTier.layerMemory, LifecycleLog.layerMemory))("LifecycleLog (memory)", lifecycleLogSuite)
