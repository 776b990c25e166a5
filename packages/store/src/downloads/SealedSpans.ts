/**
 * Which sealed spans answer a question: of each day that is asked for as a whole its day files, where they are as new as its hours, else
 * the hours. Manifests are believed when their bytes are those that Postgres names.
 */
import { createHash } from "node:crypto"
import { Manifest } from "@kalshibook/core/cold/Manifest"
import { dayMicros, dayOf } from "@kalshibook/core/cold/SegmentKeys"
import { Effect, Schema } from "effect"
import { type Segment, Segments } from "../cold/Segments.ts"
import { ObjectStore } from "../objects/ObjectStore.ts"
import { DownloadError, SealedDataWrong, StorageAway } from "./DownloadError.ts"
import * as DownloadPlan from "./DownloadPlan.ts"
import type { DownloadRequest, DownloadSource } from "./DownloadRequest.ts"

const sourceOf = ({ manifestKey, manifestSha256, revision, span }: Segment): DownloadSource => ({
  span,
  revision,
  manifestKey,
  manifestSha256
})

/** In order. */
export const sourcesFor = Effect.fnUntraced(function* ({ fromMicros, toMicros }: DownloadRequest) {
  const segments = yield* Segments
  const hours = yield* segments.list("hour", fromMicros, toMicros)
  const days = yield* segments.list("day", dayOf(fromMicros), toMicros)
  const hoursByDay = Map.groupBy(hours, ({ span }) => dayOf(span.fromMicros))
  const whole = new Map<number, Segment>()
  for (const day of days) {
    const from = day.span.fromMicros
    const isAsked = from >= fromMicros && from + dayMicros <= toMicros
    const newest = Math.max(0, ...(hoursByDay.get(from) ?? []).map(({ tsSealedMicros }) => tsSealedMicros))
    if (isAsked && day.tsSealedMicros >= newest) whole.set(from, day)
  }
  const left = hours.filter(({ span }) => !whole.has(dayOf(span.fromMicros)))
  return [...whole.values(), ...left].sort((one, other) => one.span.fromMicros - other.span.fromMicros).map(sourceOf)
})

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Manifest))

const wrong = (problem: string) =>
  new DownloadError({ operation: "read a manifest", reason: new SealedDataWrong({ problem }) })

export const manifest = Effect.fnUntraced(function* ({ manifestKey, manifestSha256 }: DownloadSource) {
  const store = yield* ObjectStore
  const bytes = yield* store
    .get(manifestKey)
    .pipe(
      Effect.mapError((error) =>
        error.reason._tag === "NotFound" || error.reason._tag === "Corrupt"
          ? wrong(error.message)
          : new DownloadError({ operation: "read a manifest", reason: new StorageAway({ problem: error.message }) })
      )
    )
  if (createHash("sha256").update(bytes).digest("hex") !== manifestSha256) {
    return yield* wrong(`${manifestKey} is not what was sealed`)
  }
  return yield* decode(new TextDecoder().decode(bytes)).pipe(
    Effect.mapError(() => wrong(`${manifestKey} cannot be read as a manifest`))
  )
})

/** The days of a question, with their files. One manifest is in memory at a time. */
export const planned = (request: DownloadRequest, sources: ReadonlyArray<DownloadSource>) =>
  Effect.forEach(sources, (source) =>
    Effect.map(manifest(source), (read) => DownloadPlan.span(request, source, read))
  ).pipe(Effect.map((spans) => DownloadPlan.days(request, spans)))
