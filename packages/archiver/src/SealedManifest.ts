/** Manifests as objects: written once, read back against the sum that the committed row names. */
import { Manifest, type ManifestFile } from "@kalshibook/core/cold/Manifest"
import type { SegmentSpan } from "@kalshibook/core/cold/SegmentKeys"
import { dateText, dayMicros, hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import type { Segment } from "@kalshibook/store/cold/Segments"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Schema } from "effect"
import { sha256Of } from "./WorkFolder.ts"

export const contentType = "application/json"

/** A manifest that is not the one that was committed, or is none. */
export class ManifestWrong extends Schema.TaggedError<ManifestWrong>()("ManifestWrong", {
  key: Schema.String,
  problem: Schema.String
}) {
  readonly isRetryable = false

  override get message(): string {
    return `${this.key}: ${this.problem}`
  }
}

const json = Schema.fromJsonString(Manifest)

const decode = (bytes: Uint8Array) => Schema.decodeEffect(json)(new TextDecoder().decode(bytes))

export const encode = (manifest: Manifest): Uint8Array =>
  new TextEncoder().encode(`${Schema.encodeSync(json)(manifest)}\n`)

/** Fails where the object is missing (`ObjectStoreError`), and where it is not what the segment names. */
export const read = Effect.fn("SealedManifest.read")(function* (segment: Segment) {
  const { manifestKey: key, manifestSha256, revision, span } = segment
  const wrong = (problem: string) => new ManifestWrong({ key, problem })
  const bytes = yield* (yield* ObjectStore).get(key)
  const sha256 = sha256Of(bytes)
  if (sha256 !== manifestSha256) return yield* wrong(`the manifest was changed: its sha256 is ${sha256}`)
  const manifest = yield* decode(bytes).pipe(Effect.mapError((error) => wrong(`it is no manifest: ${error.message}`)))
  if (manifest.revision !== revision || manifest.span !== span._tag || manifest.from_micros !== span.fromMicros) {
    const { from_micros, revision: found, span: kind } = manifest
    return yield* wrong(
      `it is revision ${found} of ${nameOf({ _tag: kind, fromMicros: from_micros })}, not ${revision} of ${nameOf(span)}`
    )
  }
  return manifest
})

/** A manifest that no committed row names; `None` for what is none. Fails where the object is missing (`ObjectStoreError`). */
export const readUnnamed = Effect.fn("SealedManifest.readUnnamed")(function* (key: string) {
  return yield* Effect.option(decode(yield* (yield* ObjectStore).get(key)))
})

/** Whether two manifests are of the same content, whoever made them, and when. */
export const isSame = (one: Pick<Manifest, "files">, other: Pick<Manifest, "files">): boolean =>
  sums(one.files) === sums(other.files)

const sums = (files: ReadonlyArray<ManifestFile>): string =>
  files.map(({ kind, part, sha256 }) => `${kind} ${part} ${sha256}`).join("\n")

/** `2026-11-21T13` of an hour, `2026-11-21` of a day: for people, and for names of folders. */
export const nameOf = ({ _tag, fromMicros }: SegmentSpan): string => {
  const date = dateText(fromMicros)
  if (_tag === "day") return date
  return `${date}T${String(Math.floor((fromMicros % dayMicros) / hourMicros)).padStart(2, "0")}`
}
