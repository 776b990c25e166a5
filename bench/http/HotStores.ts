/** All that an API reads, over an embedded Postgres that waits for the disk, for benchmarks that serve what they filled. */
import { join } from "node:path"
import { AccountSettings } from "@kalshibook/store/AccountSettings"
import { Accounts } from "@kalshibook/store/Accounts"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { ConnectionLeases } from "@kalshibook/store/ConnectionLeases"
import { Coverage } from "@kalshibook/store/Coverage"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import * as Database from "@kalshibook/store/Database"
import * as FileStores from "@kalshibook/store/downloads/FileStores"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Pepper } from "@kalshibook/store/KeyHash"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger } from "@kalshibook/store/Ledger"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Members } from "@kalshibook/store/Members"
import { RequestLog } from "@kalshibook/store/RequestLog"
import { Settlements } from "@kalshibook/store/Settlements"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Layer, Redacted } from "effect"

export const layer = (folder: string) =>
  Layer.mergeAll(
    History.layerHot.pipe(Layer.provideMerge(HotTier.layerNoDeps)),
    MarketCatalog.layerNoDeps,
    ChannelGaps.layerNoDeps,
    LifecycleLog.layerNoDeps,
    Settlements.layerNoDeps,
    Coverage.layerNoDeps,
    StatusBoard.layerNoDeps,
    ArchiveBoard.layerNoDeps,
    FileStores.layerNone,
    Accounts.layerNoDeps,
    Keys.layerNoDeps,
    Ledger.layerNoDeps,
    RequestLog.layerNoDeps,
    AccountSettings.layerNoDeps,
    Members.layerNoDeps,
    ConnectionLeases.layerNoDeps
  ).pipe(
    Layer.provideMerge(Layer.succeed(Pepper, Redacted.make("a pepper for benchmarks, of no use elsewhere"))),
    Layer.provide(Database.layerEmbedded({ folder: join(folder, "postgres"), durability: "keep" }))
  )
