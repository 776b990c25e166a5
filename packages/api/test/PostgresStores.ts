/** All that the API reads, in a Postgres. */
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import * as FileStores from "@kalshibook/store/downloads/FileStores"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Settlements } from "@kalshibook/store/Settlements"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Layer } from "effect"
import * as Customer from "./Customer.ts"

export const storesInPostgres = Layer.mergeAll(
  History.layerHot.pipe(Layer.provideMerge(HotTier.layerNoDeps)),
  MarketCatalog.layerNoDeps,
  ChannelGaps.layerNoDeps,
  LifecycleLog.layerNoDeps,
  Settlements.layerNoDeps,
  Coverage.layerNoDeps,
  StatusBoard.layerNoDeps,
  FileStores.layerNone,
  Layer.provideMerge(Customer.layer, Customer.storesInPostgres)
)
