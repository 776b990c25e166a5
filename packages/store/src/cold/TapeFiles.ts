/** Which closed segments of which tape are in the bucket, proved: what an hour can be derived from again. */
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../Database.ts"
import { during, type HotTierError } from "../HotTierError.ts"
import { int8 } from "../PgNumbers.ts"

/** A segment of a tape whose copy in the bucket was read back. */
export interface TapeFile {
  readonly tapeId: string
  /** As on the recorder's disk. */
  readonly fileName: string
  readonly key: string
  readonly bytes: number
  /** Of the file as it is on the disk, and of the object. */
  readonly sha256: string
  readonly entryFirst: number
  readonly entryLast: number
  readonly tsUploadedMicros: number
  /** When the recorder's own file was removed; `null` while it was not. */
  readonly tsRemovedMicros: number | null
}

export class TapeFiles extends Context.Service<
  TapeFiles,
  {
    /** Files of a tape, in order. */
    readonly list: (tapeId: string) => Effect.Effect<ReadonlyArray<TapeFile>, HotTierError>
    /** Notes a proved copy; one that is noted stays as it is. */
    readonly add: (file: TapeFile) => Effect.Effect<void, HotTierError>
    /** Notes that the recorder's own file is about to be removed. */
    readonly removed: (file: TapeFile, tsRemovedMicros: number) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/store/cold/TapeFiles") {
  static readonly layerNoDeps: Layer.Layer<TapeFiles, never, SqlClient.SqlClient> = Layer.effect(
    TapeFiles,
    Effect.map(SqlClient.SqlClient, (sql) => TapeFiles.of(make(sql)))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = TapeFiles.layerNoDeps.pipe(Layer.provide(Database.layer))
}

const make = (sql: SqlClient.SqlClient): TapeFiles["Service"] => ({
  list: (tapeId) =>
    sql<Row>`select * from tape_files where tape_id = ${tapeId} order by entry_first`.pipe(
      Effect.map((rows) => rows.map(fileOf)),
      during("tapeFiles")
    ),
  add: (file) =>
    sql`insert into tape_files (tape_id, file_name, key, bytes, sha256, entry_first, entry_last, ts_uploaded_micros)
        values (${file.tapeId}, ${file.fileName}, ${file.key}, ${int8(file.bytes)}, ${file.sha256},
                ${int8(file.entryFirst)}, ${int8(file.entryLast)}, ${int8(file.tsUploadedMicros)})
        on conflict do nothing`.pipe(Effect.asVoid, during("addTapeFile")),
  removed: ({ fileName, tapeId }, tsRemovedMicros) =>
    sql`update tape_files set ts_removed_micros = ${int8(tsRemovedMicros)}
        where tape_id = ${tapeId} and file_name = ${fileName}`.pipe(Effect.asVoid, during("removedTapeFile"))
})

interface Row {
  readonly tape_id: string
  readonly file_name: string
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly entry_first: number
  readonly entry_last: number
  readonly ts_uploaded_micros: number
  readonly ts_removed_micros: number | null
}

const fileOf = (row: Row): TapeFile => ({
  tapeId: row.tape_id,
  fileName: row.file_name,
  key: row.key,
  bytes: row.bytes,
  sha256: row.sha256,
  entryFirst: row.entry_first,
  entryLast: row.entry_last,
  tsUploadedMicros: row.ts_uploaded_micros,
  tsRemovedMicros: row.ts_removed_micros
})
