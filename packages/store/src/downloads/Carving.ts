/**
 * The files of one day of a download: fetches the sealed objects, checks them, has files made of them by a process of its own, and
 * stores what came out under the download's id.
 *
 * What is made is a function of the sealed objects and the question alone, so work that is done twice gives the same objects.
 */
import { join } from "node:path"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { ManifestFile } from "@kalshibook/core/cold/Manifest"
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import { downloadKey } from "@kalshibook/core/cold/SegmentKeys"
import { Effect, Exit, Option } from "effect"
import { MarketCatalog } from "../MarketCatalog.ts"
import { ObjectStore } from "../objects/ObjectStore.ts"
import type { MadeFile } from "./DayFiles.ts"
import type { DayProcess } from "./DayProcess.ts"
import { DownloadError, SealedDataWrong, StorageAway, TooLarge } from "./DownloadError.ts"
import type { DownloadPart } from "./DownloadPart.ts"
import type * as DownloadPlan from "./DownloadPlan.ts"
import type { DownloadRequest } from "./DownloadRequest.ts"
import type { DownloadSettings } from "./DownloadSettings.ts"
import * as WorkFiles from "./WorkFiles.ts"

/** The work on one day. */
export interface Carving {
  readonly id: string
  readonly request: DownloadRequest
  readonly day: DownloadPlan.PlannedDay
  /** Bytes that the download's other days have already. */
  readonly bytesBefore: number
}

/** Fetched at once: more would only share the line. */
const fetchesMax = 4

const failed = (reason: DownloadError["reason"]) => new DownloadError({ operation: "make files", reason })
const away = (cause: unknown) => failed(new StorageAway({ problem: String(cause) }))

/** The parts that came of a day. Interrupted or failed, nothing of it is left on this machine, and the process has ended. */
export const day = Effect.fn("Carving.day")(function* (
  carving: Carving,
  settings: DownloadSettings,
  process: DayProcess
) {
  const folder = yield* WorkFiles.folder(settings.folder)
  // Before the folder goes: whoever still writes into it has to be gone.
  yield* Effect.addFinalizer((exit) => (Exit.isSuccess(exit) ? Effect.void : process.end))
  const paths = yield* fetched(carving, folder)
  const parts: Array<DownloadPart> = []
  let bytesLeft = settings.carvedBytesMax - carving.bytesBefore
  const keep = Effect.fnUntraced(function* (file: MadeFile) {
    bytesLeft -= file.bytes
    if (bytesLeft < 0) {
      const problem = `the files of a download have at most ${settings.carvedBytesMax} bytes`
      return yield* failed(new TooLarge({ problem }))
    }
    parts.push(yield* stored(carving, file))
  })
  const context = yield* Effect.context<MarketCatalog | ObjectStore>()
  const { day, request } = carving
  yield* process.make(
    { request, day, settings, folder, paths },
    {
      market: (ticker) => Effect.provideContext(bodyOf(ticker), context),
      keep: (file) => Effect.provideContext(keep(file), context)
    }
  )
  return parts
}, Effect.scoped)

const bodyOf = Effect.fnUntraced(function* (ticker: MarketTicker) {
  const market = yield* (yield* MarketCatalog).market(ticker).pipe(Effect.mapError(away))
  return Option.match(market, { onNone: () => ({}), onSome: (version) => version.body })
})

const fetched = Effect.fnUntraced(function* ({ day, request }: Carving, folder: string) {
  const files = day.spans.flatMap((span) => span.files)
  // A book's files are not needed where only the trades of its markets are.
  const wanted = files.filter(({ kind }) => request.kinds.includes(kind))
  const paths = yield* Effect.forEach(
    wanted,
    (file, index) => Effect.as(fetch(file, join(folder, `${index}.parquet`)), join(folder, `${index}.parquet`)),
    { concurrency: fetchesMax }
  )
  const byKind = new Map<SegmentKind, Array<string>>()
  for (const [index, { kind }] of wanted.entries()) {
    byKind.set(kind, [...(byKind.get(kind) ?? []), paths[index] as string])
  }
  return byKind
})

const fetch = Effect.fnUntraced(function* ({ bytes, key, sha256 }: ManifestFile, path: string) {
  const store = yield* ObjectStore
  const receipt = yield* store
    .getToFile(key, path)
    .pipe(
      Effect.mapError((error) =>
        failed(
          error.reason._tag === "NotFound" || error.reason._tag === "Corrupt"
            ? new SealedDataWrong({ problem: error.message })
            : new StorageAway({ problem: error.message })
        )
      )
    )
  if (receipt.sha256 === sha256 && receipt.bytes === bytes) return
  const problem = `${key} has ${receipt.bytes} bytes with sha256 ${receipt.sha256}; its manifest says ${bytes} with ${sha256}`
  return yield* failed(new SealedDataWrong({ problem }))
})

const contentTypes: Readonly<Record<string, string>> = {
  parquet: "application/vnd.apache.parquet",
  gz: "application/gzip",
  npz: "application/zip",
  json: "application/json"
}

/** Stores a file, removes it here, and says what it is. */
const stored = Effect.fnUntraced(function* ({ day, id }: Carving, { path, ...facts }: MadeFile) {
  const store = yield* ObjectStore
  const { sha256 } = facts
  const key = downloadKey(id, facts.file_name)
  const contentType =
    contentTypes[facts.file_name.slice(facts.file_name.lastIndexOf(".") + 1)] ?? "application/octet-stream"
  yield* store.putFile(key, path, { contentType, sha256 }).pipe(
    // An earlier version of this program left another file here.
    Effect.catchIf(
      (error) => error.reason._tag === "Conflict",
      () => Effect.andThen(store.remove(key), store.putFile(key, path, { contentType, sha256 }))
    ),
    Effect.mapError((error) => failed(new StorageAway({ problem: error.message })))
  )
  yield* WorkFiles.remove(path)
  const part: DownloadPart = { ...facts, key, from_micros: day.fromMicros, to_micros: day.toMicros }
  return part
})
