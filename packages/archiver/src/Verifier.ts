/**
 * Reads sealed hours and days back from the store and says what is not as it was sealed: the sum of every object, and then what the
 * files say against what the manifest says. Trusts neither the store nor the archiver.
 */
import type { ManifestFile } from "@kalshibook/core/cold/Manifest"
import { type Segment, Segments } from "@kalshibook/store/cold/Segments"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import type { ObjectStoreError } from "@kalshibook/store/objects/ObjectStoreError"
import { Clock, Context, Effect, Layer } from "effect"
import { Settings } from "./ArchiverSettings.ts"
import * as SealedManifest from "./SealedManifest.ts"
import { type MakeError, SpanMaker } from "./SpanMaker.ts"
import * as WorkFolder from "./WorkFolder.ts"

export type VerifyError = MakeError | HotTierError | ObjectStoreError

export class Verifier extends Context.Service<
  Verifier,
  {
    /**
     * What is wrong with a segment, as sentences; none when it is proved, which is then noted. Fails when that cannot be known now:
     * the store or the database is away.
     */
    readonly problems: (segment: Segment) => Effect.Effect<ReadonlyArray<string>, VerifyError>
  }
>()("@kalshibook/archiver/Verifier") {
  static readonly layerNoDeps: Layer.Layer<Verifier, never, ObjectStore | Segments | Settings | SpanMaker> =
    Layer.effect(
      Verifier,
      Effect.gen(function* () {
        const context = yield* Effect.context<ObjectStore | Segments | Settings | SpanMaker>()
        return Verifier.of({ problems: (segment) => verify(segment).pipe(Effect.provideContext(context)) })
      })
    )
}

const verify = Effect.fn("Verifier.verify")(function* (segment: Segment) {
  const { workFolder } = yield* Settings
  const problems = yield* Effect.acquireUseRelease(
    WorkFolder.make(workFolder, `verify-${SealedManifest.nameOf(segment.span)}`),
    (folder) => problemsIn(segment, folder),
    (folder) => Effect.ignore(WorkFolder.remove(folder))
  )
  if (problems.length === 0) {
    const tsVerifiedMicros = (yield* Clock.currentTimeMillis) * 1_000
    yield* (yield* Segments).verified(segment, tsVerifiedMicros)
  }
  return problems
})

const problemsIn = Effect.fnUntraced(function* (segment: Segment, folder: string) {
  const store = yield* ObjectStore
  const { transfersMax } = yield* Settings
  const manifest = yield* SealedManifest.read(segment).pipe(Effect.catch(asProblem))
  if (typeof manifest === "string") return [manifest]
  const pathOf = (file: ManifestFile) => `${folder}/${file.kind}-${file.part}.parquet`
  const found = yield* Effect.forEach(
    manifest.files,
    (file) =>
      store.getToFile(file.key, pathOf(file)).pipe(
        Effect.map(({ bytes, sha256 }) =>
          bytes === file.bytes && sha256 === file.sha256
            ? []
            : [`${file.key} was changed: ${bytes} bytes with sha256 ${sha256}, not ${file.bytes} with ${file.sha256}`]
        ),
        Effect.catch((error) => Effect.map(asProblem(error), (problem) => [problem]))
      ),
    { concurrency: transfersMax }
  )
  const changed = found.flat()
  if (changed.length > 0) return changed
  return [
    ...(yield* (yield* SpanMaker).problems({ span: segment.span, claim: manifest, pathOf, against: "itself" })),
    ...countProblems(segment, manifest)
  ]
})

/** The row was made of the manifest. */
const countProblems = (
  segment: Segment,
  manifest: { readonly files: ReadonlyArray<ManifestFile>; readonly records: number }
) => {
  const rows = manifest.files.reduce((sum, file) => sum + file.rows, 0)
  return segment.rows === rows && segment.records === manifest.records
    ? []
    : [
        `${segment.manifestKey} is of ${rows} rows and ${manifest.records} records, not of ${segment.rows} and ${segment.records}`
      ]
}

/** What says something about the object is found; what says something about the way to it fails. */
const asProblem = (error: ObjectStoreError | SealedManifest.ManifestWrong): Effect.Effect<string, ObjectStoreError> => {
  if (error._tag === "ManifestWrong") return Effect.succeed(error.message)
  const { _tag } = error.reason
  if (_tag === "NotFound") return Effect.succeed(`${error.key} is missing`)
  return _tag === "Corrupt" ? Effect.succeed(`${error.key} was changed: ${error.reason.problem}`) : Effect.fail(error)
}
