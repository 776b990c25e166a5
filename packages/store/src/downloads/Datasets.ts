/**
 * What is sealed, as whoever wants to load it asks: day by day, with every file of a day. Read from the rows that make revisions count
 * and from their manifests.
 */
import type { Manifest } from "@kalshibook/core/cold/Manifest"
import { dayMicros, dayOf } from "@kalshibook/core/cold/SegmentKeys"
import { Context, Effect, Layer } from "effect"
import { type Segment, Segments } from "../cold/Segments.ts"
import type { HotTierError } from "../HotTierError.ts"
import { ObjectStore } from "../objects/ObjectStore.ts"
import type { DownloadError } from "./DownloadError.ts"
import * as SealedSpans from "./SealedSpans.ts"

/** A UTC day of which something is sealed. */
export interface DatasetDay {
  readonly dayMicros: number
  /** Its sealed hours, in order; a whole day has 24. */
  readonly hours: ReadonlyArray<Segment>
  /** Its files for bulk use, where they are made. */
  readonly day: Segment | undefined
}

/** A sealed span with what is in it. */
export interface SealedSpan {
  readonly segment: Segment
  readonly manifest: Manifest
}

export class Datasets extends Context.Service<
  Datasets,
  {
    /** The days of [from, to) of which something is sealed, the latest first. */
    readonly list: (fromMicros: number, toMicros: number) => Effect.Effect<ReadonlyArray<DatasetDay>, HotTierError>
    /** Every sealed span of a day with its manifest: the hours in order, then the day. Empty when nothing is sealed. Some megabytes. */
    readonly ofDay: (day: number) => Effect.Effect<ReadonlyArray<SealedSpan>, DownloadError | HotTierError>
  }
>()("@kalshibook/store/downloads/Datasets") {
  static readonly layerNoDeps: Layer.Layer<Datasets, never, Segments | ObjectStore> = Layer.effect(
    Datasets,
    Effect.gen(function* () {
      const segments = yield* Segments
      const store = yield* ObjectStore
      const list = Effect.fn("Datasets.list")(function* (fromMicros: number, toMicros: number) {
        const hours = yield* segments.list("hour", fromMicros, toMicros)
        const days = yield* segments.list("day", fromMicros, toMicros)
        const byDay = Map.groupBy(hours, ({ span }) => dayOf(span.fromMicros))
        for (const { span } of days) if (!byDay.has(span.fromMicros)) byDay.set(span.fromMicros, [])
        return [...byDay]
          .map(([from, ofDay]) => ({
            dayMicros: from,
            hours: ofDay,
            day: days.find(({ span }) => span.fromMicros === from)
          }))
          .sort((one, other) => other.dayMicros - one.dayMicros)
      })
      const ofDay = Effect.fn("Datasets.ofDay")(function* (day: number) {
        const [found] = yield* list(day, day + dayMicros)
        if (found === undefined) return []
        const spans = [...found.hours, ...(found.day === undefined ? [] : [found.day])]
        return yield* Effect.forEach(spans, (segment) =>
          SealedSpans.manifest(segment).pipe(
            Effect.provideService(ObjectStore, store),
            Effect.map((manifest) => ({ segment, manifest }))
          )
        )
      })
      return Datasets.of({ list, ofDay })
    })
  )

  /** Nothing is sealed. */
  static readonly layerNone: Layer.Layer<Datasets> = Layer.succeed(Datasets, {
    list: () => Effect.succeed([]),
    ofDay: () => Effect.succeed([])
  })
}
