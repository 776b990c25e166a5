/**
 * Seals one hour or day: files are made, uploaded under the names of their contents, read back from the store and proved; then the
 * manifest is put and read back; and only then a row makes it count.
 *
 * Nothing is undone. What is killed at any step is done again from the beginning, gives the same bytes under the same keys, and finds
 * what was uploaded before; what it leaves behind is `Sweeper`'s. Several may seal the same hour at once: one commits.
 */
import type { Manifest, ManifestFile } from "@kalshibook/core/cold/Manifest"
import * as SegmentColumns from "@kalshibook/core/cold/SegmentColumns"
import { fileKey, manifestKey, type SegmentSpan, spanEndMicros } from "@kalshibook/core/cold/SegmentKeys"
import { isoFromMicros } from "@kalshibook/core/Units"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import { type SegmentMark, SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { type Segment, Segments } from "@kalshibook/store/cold/Segments"
import { HotTier } from "@kalshibook/store/HotTier"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import type { ObjectStoreError } from "@kalshibook/store/objects/ObjectStoreError"
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { Settings } from "./ArchiverSettings.ts"
import * as SealedManifest from "./SealedManifest.ts"
import { type MadeFile, type MadeSpan, type MakeError, SpanMaker } from "./SpanMaker.ts"
import * as Step from "./Step.ts"
import * as WorkFolder from "./WorkFolder.ts"

/** What came back from the store is not what was made: nothing was committed. */
export class SealUnproved extends Schema.TaggedError<SealUnproved>()("SealUnproved", {
  span: Schema.String,
  problems: Schema.Array(Schema.String)
}) {
  readonly isRetryable = false

  override get message(): string {
    return `${this.span} is not what was made: ${this.problems.join("; ")}`
  }
}

/** An hour that may not be sealed yet: sealed now it would lack something, and nothing would tell. */
export class SealRefused extends Schema.TaggedError<SealRefused>()("SealRefused", {
  hour: Schema.String,
  problem: Schema.String
}) {
  readonly isRetryable = false

  override get message(): string {
    return `the hour ${this.hour} cannot be sealed: ${this.problem}`
  }
}

const contentType = "application/vnd.apache.parquet"

export type SealError =
  | SealRefused
  | SealUnproved
  | SealedManifest.ManifestWrong
  | MakeError
  | HotTierError
  | ObjectStoreError

/** What became of it, with the revision that counts now. */
export interface Sealed {
  /**
   * `sealed`: this revision is new. `unchanged`: the one that counts is right. `same`, `other`: somebody else committed first, files
   * of the same bytes or not.
   */
  readonly outcome: "sealed" | "unchanged" | "same" | "other"
  readonly segment: Segment
}

type Needs = HotHours | HotTier | ObjectStore | SegmentMarks | Segments | Settings | SpanMaker

export class Sealer extends Context.Service<
  Sealer,
  {
    /**
     * Seals an hour that is not sealed, or is marked; any other is left as it is. Refuses one that is not settled, and one behind
     * another that is not sealed.
     */
    readonly hour: (fromMicros: number) => Effect.Effect<Sealed, SealError>
    /** Makes the files of a day out of those of its hours, all of which are sealed. */
    readonly day: (fromMicros: number) => Effect.Effect<Sealed, SealError>
  }
>()("@kalshibook/archiver/Sealer") {
  static readonly layerNoDeps: Layer.Layer<Sealer, never, Needs> = Layer.effect(
    Sealer,
    Effect.gen(function* () {
      const context = yield* Effect.context<Needs>()
      return Sealer.of({
        hour: (fromMicros) => hour(fromMicros).pipe(Effect.provideContext(context)),
        day: (fromMicros) => day(fromMicros).pipe(Effect.provideContext(context))
      })
    })
  )
}

const hour = Effect.fn("Sealer.hour")(function* (fromMicros: number) {
  const span: SegmentSpan = { _tag: "hour", fromMicros }
  const segmentMarks = yield* SegmentMarks
  const before = yield* (yield* Segments).current(span)
  if (Option.isNone(before)) yield* segmentMarks.begin(fromMicros)
  // Before anything of the hour is read: what is stored after this leaves a mark that stays.
  const marks = yield* segmentMarks.list(fromMicros, fromMicros + 1)
  if (Option.isSome(before) && marks.length === 0) return unchanged(before.value)
  if (Option.isNone(before)) yield* refuseEarly(span)
  const maker = yield* SpanMaker
  return yield* seal({
    span,
    before: Option.getOrUndefined(before),
    marks,
    madeOf: [],
    reason: [...new Set(marks.map((mark) => mark.reason))].join(", "),
    make: (folder) => maker.hour(fromMicros, folder)
  })
})

/** Only gaps leave marks when they come late: all else must have come before an hour is read. */
const refuseEarly = Effect.fnUntraced(function* (span: SegmentSpan) {
  const refuse = (problem: string) => new SealRefused({ hour: SealedManifest.nameOf(span), problem })
  const { settleMicros } = yield* Settings
  const watermark = Option.getOrUndefined(yield* (yield* HotTier).watermark)
  if (watermark === undefined || watermark.tsReceivedMicros < spanEndMicros(span) + settleMicros) {
    return yield* refuse("what was received until its end, and a while after it, is not stored yet")
  }
  const sealedUntil = yield* (yield* Segments).sealedUntil
  if (Option.isSome(sealedUntil) && span.fromMicros > sealedUntil.value) {
    return yield* refuse(`hours before it are not sealed, from ${isoFromMicros(sealedUntil.value)} on`)
  }
  const hot = yield* HotHours
  const floor = yield* hot.floor
  const earlier = (yield* hot.partitions).filter((hour) => hour >= floor && hour < span.fromMicros)
  const sealed = yield* (yield* Segments).list("hour", earlier[0] ?? 0, span.fromMicros)
  const missing = earlier.find((hour) => !sealed.some((one) => one.span.fromMicros === hour))
  if (missing !== undefined) return yield* refuse(`the hour at ${isoFromMicros(missing)} is not sealed`)
})

const day = Effect.fn("Sealer.day")(function* (fromMicros: number) {
  const span: SegmentSpan = { _tag: "day", fromMicros }
  const segments = yield* Segments
  const before = yield* segments.current(span)
  const hours = yield* segments.list("hour", fromMicros, spanEndMicros(span))
  const manifests = yield* Effect.forEach(hours, SealedManifest.read)
  const maker = yield* SpanMaker
  return yield* seal({
    span,
    before: Option.getOrUndefined(before),
    marks: [],
    madeOf: hours,
    reason: "an hour of it was sealed again",
    make: (folder) => maker.day(fromMicros, manifests, folder)
  })
})

interface Work {
  readonly span: SegmentSpan
  readonly before: Segment | undefined
  readonly marks: ReadonlyArray<SegmentMark>
  readonly madeOf: ReadonlyArray<Segment>
  /** Why another revision is made. */
  readonly reason: string
  readonly make: (folder: string) => Effect.Effect<MadeSpan, MakeError>
}

const unchanged = (segment: Segment): Sealed => ({ outcome: "unchanged", segment })

const seal = Effect.fnUntraced(function* (work: Work) {
  const settings = yield* Settings
  const name = SealedManifest.nameOf(work.span)
  yield* Step.at("make")
  const folder = yield* WorkFolder.make(settings.workFolder, `${work.span._tag}-${name}`)
  const made = yield* work.make(folder)
  yield* Step.at("made")
  const keyOf = ({ kind, part, sha256 }: MadeFile) => fileKey(kind, work.span, part, sha256)
  const files = made.files.map((file): Kept => {
    const { path, ...facts } = file
    return { path, file: { ...facts, key: keyOf(file) } }
  })
  const sealed = yield* commit(work, made, files, folder)
  yield* Step.at("clean")
  yield* WorkFolder.remove(folder)
  yield* Step.at("cleaned")
  return sealed
})

interface Kept {
  readonly path: string
  readonly file: ManifestFile
}

const commit = Effect.fnUntraced(function* (work: Work, made: MadeSpan, kept: ReadonlyArray<Kept>, folder: string) {
  const { before, madeOf, marks, span } = work
  const segments = yield* Segments
  const files = kept.map(({ file }) => file)
  // A day is committed again all the same: what it was made of is newer than it.
  const isSame = before !== undefined && span._tag === "hour" && (yield* isSameAs(before, files))
  yield* upload(kept)
  yield* Step.at("uploaded")
  yield* proveUploaded(span, made, files, folder)
  yield* Step.at("proved")
  if (before !== undefined && isSame) {
    // What was missing or damaged in the bucket is whole again.
    yield* (yield* SegmentMarks).clear(marks)
    return unchanged(before)
  }
  const { key, manifest, sha256, bytes } = yield* putManifest(work, made, files)
  const segment: Segment = {
    span,
    revision: manifest.revision,
    manifestKey: key,
    manifestSha256: sha256,
    manifestBytes: bytes,
    records: made.records,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    markets: made.markets.length,
    reason: before === undefined ? null : work.reason,
    sealedBy: manifest.sealed_by,
    tsSealedMicros: manifest.ts_sealed_micros,
    tsVerifiedMicros: yield* nowMicros
  }
  yield* Step.at("commit")
  const tickers = span._tag === "hour" ? made.markets.map((market) => market.market_ticker) : []
  const committed = yield* segments.commit({ segment, tickers, marks, madeOf })
  yield* Step.at("committed")
  if (committed._tag === "Committed") {
    yield* upload(kept)
    return { outcome: "sealed", segment } satisfies Sealed as Sealed
  }
  if (committed._tag === "Outdated") {
    const problem = `hour ${SealedManifest.nameOf(committed.hour.span)} was sealed again meanwhile`
    return yield* new SealUnproved({ span: SealedManifest.nameOf(span), problems: [problem] })
  }
  const outcome = (yield* isSameAs(committed.current, files)) ? "same" : "other"
  return { outcome, segment: committed.current } satisfies Sealed as Sealed
})

/** Whether the files are those of a committed revision. One whose manifest cannot be read any more is another. */
const isSameAs = (segment: Segment, files: ReadonlyArray<ManifestFile>) =>
  SealedManifest.read(segment).pipe(
    Effect.map((manifest) => SealedManifest.isSame(manifest, { files })),
    Effect.catchIf(
      (error) => error._tag === "ManifestWrong" || !error.isRetryable,
      () => Effect.succeed(false)
    )
  )

/**
 * Objects that are there already are left as they are; repeated after the commit, it finds those that were swept in between. A key
 * names its content: one that holds another is damaged, and is put again.
 */
const upload = Effect.fnUntraced(function* (kept: ReadonlyArray<Kept>) {
  const store = yield* ObjectStore
  const { transfersMax } = yield* Settings
  const put = ({ file, path }: Kept) => {
    const once = store.putFile(file.key, path, { contentType, sha256: file.sha256 })
    return once.pipe(
      Effect.catchIf(
        (error) => error.reason._tag === "Conflict",
        () => Effect.andThen(store.remove(file.key), once)
      )
    )
  }
  yield* Effect.forEach(kept, (one) => Effect.andThen(Step.at("upload"), put(one)), {
    concurrency: transfersMax,
    discard: true
  })
})

/** Reads every object back and proves what came, not what was sent. */
const proveUploaded = Effect.fnUntraced(function* (
  span: SegmentSpan,
  made: MadeSpan,
  files: ReadonlyArray<ManifestFile>,
  folder: string
) {
  const store = yield* ObjectStore
  const { transfersMax } = yield* Settings
  const back = yield* WorkFolder.within(folder, "back")
  const pathOf = (file: ManifestFile) => `${back}/${file.kind}-${file.part}.parquet`
  const differences = yield* Effect.forEach(
    files,
    (file) =>
      Step.at("read_back").pipe(
        Effect.andThen(store.getToFile(file.key, pathOf(file))),
        Effect.map(({ bytes, sha256 }) =>
          bytes === file.bytes && sha256 === file.sha256 ? [] : [`${file.key} came back with sha256 ${sha256}`]
        )
      ),
    { concurrency: transfersMax }
  )
  yield* Step.at("prove")
  const problems = differences.flat()
  if (problems.length === 0) {
    const claim = { files, markets: made.markets, records: made.records }
    problems.push(...(yield* (yield* SpanMaker).problems({ span, claim, pathOf, against: "hot" })))
  }
  if (problems.length > 0) return yield* new SealUnproved({ span: SealedManifest.nameOf(span), problems })
})

const putManifest = Effect.fnUntraced(function* (
  { before, reason, span }: Work,
  made: MadeSpan,
  files: ReadonlyArray<ManifestFile>
) {
  const store = yield* ObjectStore
  const { codeRevision, sealedBy } = yield* Settings
  const manifest: Manifest = {
    schema_version: SegmentColumns.schemaVersion,
    span: span._tag,
    from_micros: span.fromMicros,
    to_micros: spanEndMicros(span),
    revision: (before?.revision ?? 0) + 1,
    replaces: before === undefined ? null : { revision: before.revision, sha256: before.manifestSha256, reason },
    files,
    markets: made.markets,
    records: made.records,
    tapes: made.tapes,
    code_revision: codeRevision,
    sealed_by: sealedBy,
    ts_sealed_micros: yield* nowMicros
  }
  const bytes = SealedManifest.encode(manifest)
  const sha256 = WorkFolder.sha256Of(bytes)
  const key = manifestKey(span, manifest.revision, sha256)
  yield* Step.at("put_manifest")
  yield* store.put(key, bytes, { contentType: SealedManifest.contentType })
  yield* Step.at("read_manifest")
  const back = WorkFolder.sha256Of(yield* store.get(key))
  if (back !== sha256) {
    const problems = [`${key} came back with sha256 ${back}`]
    return yield* new SealUnproved({ span: SealedManifest.nameOf(span), problems })
  }
  return { key, manifest, sha256, bytes: bytes.length }
})

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)
