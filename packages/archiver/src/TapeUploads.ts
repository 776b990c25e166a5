/**
 * Copies the closed segments of the tape into the bucket, whole and as they are, and removes the recorder's own once nobody needs
 * them: all that came of them is stored, no start of a recorder reads them, their copies are proved, and they are old.
 */
import { tapeKey } from "@kalshibook/core/cold/SegmentKeys"
import { TapeFiles } from "@kalshibook/store/cold/TapeFiles"
import { HotTier } from "@kalshibook/store/HotTier"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import type { ObjectStoreError } from "@kalshibook/store/objects/ObjectStoreError"
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { Settings } from "./ArchiverSettings.ts"
import * as Step from "./Step.ts"
import * as TapeFile from "./TapeFile.ts"
import * as WorkFolder from "./WorkFolder.ts"

/** The copy of a tape's file is not the file: the file stays. */
export class TapeCopyWrong extends Schema.TaggedError<TapeCopyWrong>()("TapeCopyWrong", {
  key: Schema.String,
  problem: Schema.String
}) {
  readonly isRetryable = false

  override get message(): string {
    return `${this.key}: ${this.problem}`
  }
}

export type TapeUploadError = TapeCopyWrong | WorkFolder.WorkFolderError | HotTierError | ObjectStoreError

/** What a round did, in files. */
export interface TapeRound {
  readonly uploaded: number
  readonly removed: number
}

type Needs = HotTier | ObjectStore | Settings | TapeFiles

export class TapeUploads extends Context.Service<
  TapeUploads,
  {
    /** Uploads what is closed and is not in the bucket yet, then removes what may go. */
    readonly round: Effect.Effect<TapeRound, TapeUploadError>
  }
>()("@kalshibook/archiver/TapeUploads") {
  static readonly layerNoDeps: Layer.Layer<TapeUploads, never, Needs> = Layer.effect(
    TapeUploads,
    Effect.map(Effect.context<Needs>(), (context) =>
      TapeUploads.of({ round: round().pipe(Effect.provideContext(context)) })
    )
  )
}

const round = Effect.fn("TapeUploads.round")(function* () {
  const { tapeFolder } = yield* Settings
  const files = yield* TapeFiles
  const closed = yield* TapeFile.closedIn(tapeFolder)
  let uploaded = 0
  for (const tapeId of new Set(closed.map((file) => file.tapeId))) {
    const known = new Set((yield* files.list(tapeId)).map((file) => file.fileName))
    for (const file of closed) {
      if (file.tapeId !== tapeId || known.has(file.fileName)) continue
      yield* upload(file)
      uploaded++
    }
  }
  const removed = closed.length === 0 ? 0 : yield* removeOld(closed)
  return { uploaded, removed } satisfies TapeRound
})

const upload = Effect.fnUntraced(function* (file: TapeFile.ClosedFile) {
  const store = yield* ObjectStore
  const key = tapeKey(file)
  const { bytes, sha256 } = yield* WorkFolder.sumOf(file.path)
  yield* Step.at("tape_upload")
  yield* store.putFile(key, file.path, { contentType: "application/zstd", sha256 })
  yield* Step.at("tape_read_back")
  yield* proveCopy(key, sha256)
  yield* Step.at("tape_note")
  const tsUploadedMicros = (yield* Clock.currentTimeMillis) * 1_000
  const { entryFirst, entryLast, fileName, tapeId } = file
  yield* (yield* TapeFiles).add({
    tapeId,
    fileName,
    key,
    bytes,
    sha256,
    entryFirst,
    entryLast,
    tsUploadedMicros,
    tsRemovedMicros: null
  })
})

/** Reads the object and compares it. */
const proveCopy = Effect.fnUntraced(function* (key: string, sha256: string) {
  const { workFolder } = yield* Settings
  const store = yield* ObjectStore
  const receipt = yield* Effect.acquireUseRelease(
    WorkFolder.make(workFolder, "tape"),
    (folder) => store.getToFile(key, `${folder}/copy`),
    (folder) => Effect.ignore(WorkFolder.remove(folder))
  )
  if (receipt.sha256 !== sha256) {
    return yield* new TapeCopyWrong({ key, problem: `came back with sha256 ${receipt.sha256}, not ${sha256}` })
  }
})

const removeOld = Effect.fnUntraced(function* (closed: ReadonlyArray<TapeFile.ClosedFile>) {
  const { tapeFolder, tapeKeepMicros } = yield* Settings
  const watermark = yield* (yield* HotTier).watermark
  const tapeId = Option.isSome(watermark) ? watermark.value.tapeId : null
  if (Option.isNone(watermark) || tapeId === null) return 0
  const oldMicros = (yield* Clock.currentTimeMillis) * 1_000 - tapeKeepMicros
  const old = closed.filter((file) => file.tapeId === tapeId && file.tsWrittenMicros < oldMicros)
  if (old.length === 0) return 0
  const files = yield* TapeFiles
  const known = new Map((yield* files.list(tapeId)).map((file) => [file.fileName, file]))
  const neededFrom = yield* TapeFile.takenUpFrom(tapeFolder, tapeId, watermark.value.tapeEntry)
  let removed = 0
  for (const file of old) {
    const copy = known.get(file.fileName)
    if (copy === undefined || file.entryLast > watermark.value.tapeEntry || file.entryLast >= neededFrom) continue
    yield* proveCopy(copy.key, (yield* WorkFolder.sumOf(file.path)).sha256)
    yield* files.removed(copy, (yield* Clock.currentTimeMillis) * 1_000)
    yield* Step.at("tape_remove")
    yield* TapeFile.remove(file.path)
    yield* Step.at("tape_removed")
    removed++
  }
  return removed
})
