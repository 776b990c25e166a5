import { layer } from "@effect/vitest"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { HotTier } from "@kalshibook/store/HotTier"
import { Layer } from "effect"
import { channelGapsSuite } from "./ChannelGapsSuite.ts"

layer(Layer.merge(HotTier.layerMemory, ChannelGaps.layerMemory))("ChannelGaps (memory)", channelGapsSuite)
