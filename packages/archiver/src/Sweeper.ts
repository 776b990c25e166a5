/**
 * Removes what interrupted archivers left: folders of work, and objects that no manifest names. Only where no archiver can be about to
 * name them: of hours and days that are sealed and not marked, and only what is older than a grace time. Revisions that were replaced
 * are named, and stay.
 */
import { segmentKinds } from "@kalshibook/core/cold/SegmentColumns"
import { dateText, dayMicros, dayOf, hourMicros, type SegmentSpan } from "@kalshibook/core/cold/SegmentKeys"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { type Segment, Segments } from "@kalshibook/store/cold/Segments"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { type ObjectListed, ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import type { ObjectStoreError } from "@kalshibook/store/objects/ObjectStoreError"
import { Clock, Context, Effect, Layer, Stream } from "effect"
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
  for (const kind of [...segmentKinds, "manifests"]) {
    const listed = yield* Stream.runCollect(store.list(`v1/${kind}/date=${dateText(day)}/`))
    for (const object of listed) {
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
    const named = yield* namedBy(revisions)
    for (const { key } of objects) {
      if (named.has(key)) continue
      yield* Step.at("sweep")
      yield* store.remove(key)
      removed.push(key)
    }
  }
  return removed
})

const namedBy = Effect.fnUntraced(function* (revisions: ReadonlyArray<Segment>) {
  const named = new Set<string>()
  for (const revision of revisions) {
    named.add(revision.manifestKey)
    const manifest = yield* SealedManifest.read(revision)
    for (const { key } of manifest.files) named.add(key)
  }
  return named
})
