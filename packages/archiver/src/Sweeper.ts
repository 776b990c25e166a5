/**
 * Removes what interrupted archivers left: folders of work, and objects that no manifest names. Only where no archiver can be about to
 * name them: of hours and days that are sealed and not marked, and only what is older than a grace time. Revisions that were replaced
 * are named, and stay.
 *
 * A manifest that the database does not know is a left-over if it says the same as one that counts. Else it may be the only word of
 * history that a restored database has lost: it stays, with all that it names, and is told of.
 */

import type { Manifest } from "@kalshibook/core/cold/Manifest"
import { segmentKinds } from "@kalshibook/core/cold/SegmentColumns"
import {
  dateText,
  dayMicros,
  dayOf,
  hourMicros,
  isManifestOf,
  type SegmentSpan
} from "@kalshibook/core/cold/SegmentKeys"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { type Segment, Segments } from "@kalshibook/store/cold/Segments"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { type ObjectListed, ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import type { ObjectStoreError } from "@kalshibook/store/objects/ObjectStoreError"
import { Clock, Context, Effect, Layer, Option, Stream } from "effect"
import { Settings } from "./ArchiverSettings.ts"
import * as SealedManifest from "./SealedManifest.ts"
import * as Step from "./Step.ts"
import * as WorkFolder from "./WorkFolder.ts"

export type SweepError = SealedManifest.ManifestWrong | WorkFolder.WorkFolderError | HotTierError | ObjectStoreError

type Needs = ObjectStore | SegmentMarks | Segments | Settings

export class Sweeper extends Context.Service<
  Sweeper,
  {
    /** Sweeps the objects of the days that begin in [from, to), and all work folders; returns what was removed: keys and paths. */
    readonly sweep: (fromMicros: number, toMicros: number) => Effect.Effect<ReadonlyArray<string>, SweepError>
  }
>()("@kalshibook/archiver/Sweeper") {
  static readonly layerNoDeps: Layer.Layer<Sweeper, never, Needs> = Layer.effect(
    Sweeper,
    Effect.gen(function* () {
      const context = yield* Effect.context<Needs>()
      return Sweeper.of({ sweep: (from, to) => sweep(from, to).pipe(Effect.provideContext(context)) })
    })
  )
}

const sweep = Effect.fn("Sweeper.sweep")(function* (fromMicros: number, toMicros: number) {
  const { sweepGraceMicros, workFolder } = yield* Settings
  const oldMicros = (yield* Clock.currentTimeMillis) * 1_000 - sweepGraceMicros
  const folders = yield* WorkFolder.olderThan(workFolder, oldMicros)
  yield* Effect.forEach(folders, WorkFolder.remove)
  const removed = [...folders]
  for (let day = dayOf(fromMicros); day < toMicros; day += dayMicros) {
    removed.push(...(yield* sweepDay(day, oldMicros)))
  }
  return removed
})

const sweepDay = Effect.fnUntraced(function* (day: number, oldMicros: number) {
  const segments = yield* Segments
  const store = yield* ObjectStore
  const found = new Map<string, Array<ObjectListed>>()
  const manifestKeys: Array<string> = []
  for (const kind of [...segmentKinds, "manifests"]) {
    const listed = yield* Stream.runCollect(store.list(`v1/${kind}/date=${dateText(day)}/`))
    for (const object of listed) {
      if (kind === "manifests") manifestKeys.push(object.key)
      if (object.lastModifiedMicros >= oldMicros) continue
      const hour = /\/hour=(\d\d)\//.exec(object.key)?.[1] ?? "day"
      const here = found.get(hour)
      if (here === undefined) found.set(hour, [object])
      else here.push(object)
    }
  }
  const removed: Array<string> = []
  for (const [hour, objects] of found) {
    const span: SegmentSpan =
      hour === "day" ? { _tag: "day", fromMicros: day } : { _tag: "hour", fromMicros: day + Number(hour) * hourMicros }
    const revisions = yield* segments.revisions(span._tag, span.fromMicros, span.fromMicros + 1)
    const marks = yield* (yield* SegmentMarks).list(span.fromMicros, span.fromMicros + 1)
    if (revisions.length === 0 || marks.length > 0) continue
    const named = yield* namedBy(
      revisions,
      manifestKeys.filter((key) => isManifestOf(key, span))
    )
    for (const { key } of objects) {
      if (named.has(key)) continue
      yield* Step.at("sweep")
      yield* store.remove(key)
      removed.push(key)
    }
  }
  return removed
})

const namedBy = Effect.fnUntraced(function* (revisions: ReadonlyArray<Segment>, manifestKeys: ReadonlyArray<string>) {
  const named = new Set<string>()
  const known = new Map<number, Manifest>()
  for (const revision of revisions) {
    const manifest = yield* SealedManifest.read(revision)
    known.set(revision.revision, manifest)
    named.add(revision.manifestKey)
    for (const { key } of manifest.files) named.add(key)
  }
  for (const manifestKey of manifestKeys) {
    if (named.has(manifestKey)) continue
    const unnamed = Option.getOrUndefined(yield* SealedManifest.readUnnamed(manifestKey))
    if (unnamed === undefined) continue
    const counting = known.get(unnamed.revision)
    if (counting !== undefined && SealedManifest.isSame(unnamed, counting)) continue
    named.add(manifestKey)
    for (const { key } of unnamed.files) named.add(key)
    yield* Effect.logWarning(
      `${manifestKey} is not in the database and says other things than what is: it stays, with its files. Was the database restored?`
    )
  }
  return named
})
