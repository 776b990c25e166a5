/**
 * Lets hours leave the hot tier once they are old enough, oldest first: each is read back from the bucket and proved right before, and
 * the database refuses what is not sealed, is marked, or is out of order. What is not proved stays, is marked, and is sealed again.
 */
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { type Segment, Segments } from "@kalshibook/store/cold/Segments"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { ObjectStoreError } from "@kalshibook/store/objects/ObjectStoreError"
import { Clock, Context, Effect, Layer, Schema } from "effect"
import { nameOf } from "./SealedManifest.ts"
import type { MakeError } from "./SpanMaker.ts"
import * as Step from "./Step.ts"
import { Verifier } from "./Verifier.ts"

/** An hour stays in the hot tier, because its copy is not what was sealed. */
export class CopyDamaged extends Schema.TaggedError<CopyDamaged>()("CopyDamaged", {
  hour: Schema.String,
  problems: Schema.Array(Schema.String)
}) {
  readonly isRetryable = false

  override get message(): string {
    return `the hour ${this.hour} stays in the hot tier, because its copy is damaged: ${this.problems.join("; ")}`
  }
}

export type PruneError = CopyDamaged | MakeError | HotTierError | ObjectStoreError

type Needs = HotHours | SegmentMarks | Segments | Verifier

export class Pruner extends Context.Service<
  Pruner,
  {
    /** Prunes every hour that ends at or before the moment and may go; returns which. */
    readonly prune: (beforeMicros: number) => Effect.Effect<ReadonlyArray<number>, PruneError>
  }
>()("@kalshibook/archiver/Pruner") {
  static readonly layerNoDeps: Layer.Layer<Pruner, never, Needs> = Layer.effect(
    Pruner,
    Effect.gen(function* () {
      const context = yield* Effect.context<Needs>()
      return Pruner.of({ prune: (beforeMicros) => prune(beforeMicros).pipe(Effect.provideContext(context)) })
    })
  )
}

const prune = Effect.fn("Pruner.prune")(function* (beforeMicros: number) {
  const hot = yield* HotHours
  const floor = yield* hot.floor
  // Below the floor only where a gap reached back: a partition that was made again.
  const again = (yield* hot.partitions).filter((hour) => hour < floor)
  const segments = yield* (yield* Segments).list("hour", again[0] ?? floor, beforeMicros - hourMicros + 1)
  const marks = yield* (yield* SegmentMarks).list(0, beforeMicros)
  const marked = new Set(marks.map((mark) => mark.hourMicros))
  const pruned: Array<number> = []
  for (const segment of segments) {
    const hour = segment.span.fromMicros
    if (hour < floor && !again.includes(hour)) continue
    // The hours behind it wait for it.
    if (marked.has(hour)) break
    yield* pruneOne(segment)
    pruned.push(hour)
  }
  return pruned
})

const pruneOne = Effect.fnUntraced(function* (segment: Segment) {
  const { fromMicros } = segment.span
  yield* Step.at("prune_verify")
  const problems = yield* (yield* Verifier).problems(segment)
  if (problems.length > 0) {
    const tsMarkedMicros = (yield* Clock.currentTimeMillis) * 1_000
    yield* (yield* SegmentMarks).set({ hourMicros: fromMicros, reason: "damaged", tsMarkedMicros })
    return yield* new CopyDamaged({ hour: nameOf(segment.span), problems })
  }
  yield* Step.at("prune")
  yield* (yield* HotHours).prune(fromMicros, segment.revision)
  yield* Step.at("pruned")
})
