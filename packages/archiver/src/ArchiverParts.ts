/** Everything of the archiver over one database and one bucket, put together; nothing runs by itself (`Archiver.runLayer` does). */
import type { PgClient } from "@effect/sql-pg"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { Segments } from "@kalshibook/store/cold/Segments"
import { TapeFiles } from "@kalshibook/store/cold/TapeFiles"
import { HotTier } from "@kalshibook/store/HotTier"
import type { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { Archiver } from "./Archiver.ts"
import type { Settings } from "./ArchiverSettings.ts"
import { Pruner } from "./Pruner.ts"
import { Sealer } from "./Sealer.ts"
import type { SpanMaker } from "./SpanMaker.ts"
import { Sweeper } from "./Sweeper.ts"
import { TapeUploads } from "./TapeUploads.ts"
import { Verifier } from "./Verifier.ts"

const stores = Layer.mergeAll(
  ArchiveBoard.layerNoDeps,
  HotHours.layerNoDeps,
  HotTier.layerNoDeps,
  SegmentMarks.layerNoDeps,
  Segments.layerNoDeps,
  TapeFiles.layerNoDeps
)

export type Parts =
  | Archiver
  | ArchiveBoard
  | HotHours
  | HotTier
  | Pruner
  | Sealer
  | SegmentMarks
  | Segments
  | Sweeper
  | TapeFiles
  | TapeUploads
  | Verifier

export const layer: Layer.Layer<
  Parts,
  never,
  ObjectStore | PgClient.PgClient | Settings | SpanMaker | SqlClient.SqlClient
> = Archiver.layerNoDeps.pipe(
  Layer.provideMerge(Pruner.layerNoDeps),
  Layer.provideMerge(
    Layer.mergeAll(Sealer.layerNoDeps, Sweeper.layerNoDeps, TapeUploads.layerNoDeps, Verifier.layerNoDeps)
  ),
  Layer.provideMerge(stores)
)
