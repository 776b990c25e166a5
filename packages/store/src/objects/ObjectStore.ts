/**
 * The objects of the cold tier: files that are written once under a key and never change, in a bucket (S3) or in a folder that
 * takes a bucket's place.
 *
 * Every call makes its own attempts against what passes (5xx, throttling, cut connections) and gives up with an error that says
 * whether waiting helps. Nobody sees half an object. It knows nothing of markets, segments or manifests, and nothing depends on
 * conditional writes: keys are content addressed, and what counts as stored is a row in Postgres.
 */
import { type Config, Context, Effect, Layer, Option, type Stream } from "effect"
import * as FolderSettings from "./FolderSettings.ts"
import * as ObjectOperation from "./ObjectOperation.ts"
import type { ObjectStoreError } from "./ObjectStoreError.ts"
import * as ObjectStoreFolder from "./ObjectStoreFolder.ts"
import * as ObjectStoreS3 from "./ObjectStoreS3.ts"
import * as S3Settings from "./S3Settings.ts"

export { ObjectStoreError } from "./ObjectStoreError.ts"

/** What is known of a stored object without reading it. */
export interface ObjectHead {
  /** Length. */
  readonly bytes: number
  /**
   * SHA-256 of the content, 64 lower-case hexadecimal digits. In S3 what the writer stated, `None` when it stated nothing; in a
   * folder computed from the file when it is first asked for: O(bytes).
   */
  readonly sha256: Option.Option<string>
  /** When it was stored, by the store's clock, Unix microseconds (S3: whole seconds). */
  readonly lastModifiedMicros: number
}

/** One object of a list. */
export interface ObjectListed {
  readonly key: string
  /** Length. */
  readonly bytes: number
  /** When it was stored, by the store's clock, Unix microseconds (S3: whole seconds). */
  readonly lastModifiedMicros: number
}

/** What was read: computed from the bytes that arrived. */
export interface ObjectReceipt {
  readonly bytes: number
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string
}

/** A part of an object, [fromByte, toByte). What lies behind the end is left out. */
export interface ByteSpan {
  readonly fromByte: number
  readonly toByte: number
}

/** What an object is, for whoever downloads it. A folder does not keep it: there the ending of the key tells. */
export interface ObjectKind {
  readonly contentType: string
}

/** How a signed URL is to be. */
export interface SignedUrlOptions {
  /** How long it works, 1 to 604,800 (a week). */
  readonly expiresInSeconds: number
  /** The name under which a browser stores it; without one, the last part of the key. */
  readonly fileName?: string | undefined
}

/**
 * Keys are 1 to 512 characters of `A-Z a-z 0-9 . _ - =` and `/`. Parts between slashes are not empty, have at most 200 characters
 * and do not begin with a dot. Any other key is `Refused`.
 */
export class ObjectStore extends Context.Service<
  ObjectStore,
  {
    /**
     * Stores a file under a key; when it returns, the store says that the object is there, with this length and sum. An object
     * that is there already with the same content is left as it is; with other content it is a `Conflict`. The file is read in
     * parts, so memory is bounded; a file that is not what `sha256` says is `Corrupt`, and nothing is stored. In
     * S3 at most 10,000 parts of 16 MiB (156 GiB).
     */
    readonly putFile: (
      key: string,
      localPath: string,
      options: ObjectKind & { readonly sha256: string }
    ) => Effect.Effect<void, ObjectStoreError>
    /** The same for bytes in memory, at most 16 MiB. */
    readonly put: (key: string, bytes: Uint8Array, options: ObjectKind) => Effect.Effect<void, ObjectStoreError>
    /**
     * Streams an object into a file, which appears, or takes the place of an older one, only when it is whole and synced. A body
     * that ends early is never a short file; one with another sum than the one stored with it is `Corrupt`. Whoever knows the
     * sum from elsewhere compares the receipt.
     */
    readonly getToFile: (key: string, localPath: string) => Effect.Effect<ObjectReceipt, ObjectStoreError>
    /** The bytes of an object or of a part of it, at most 64 MiB (more is `Refused`). A whole object is compared with its sum. */
    readonly get: (
      key: string,
      options?: { readonly range?: ByteSpan | undefined }
    ) => Effect.Effect<Uint8Array, ObjectStoreError>
    /** `None` when there is no such object. In S3 also when the bucket is missing, which does not tell the two apart. */
    readonly head: (key: string) => Effect.Effect<Option.Option<ObjectHead>, ObjectStoreError>
    /** All objects whose keys begin with these characters, in the order of their keys, read in pages of 1,000 as they are taken. */
    readonly list: (prefix: string) => Stream.Stream<ObjectListed, ObjectStoreError>
    /** Removes an object; one that is not there is removed already. */
    readonly remove: (key: string) => Effect.Effect<void, ObjectStoreError>
    /** A URL that gives the object, or parts of it (`Range`), to whoever has it. Does not look whether the object is there. */
    readonly signedUrl: (key: string, options: SignedUrlOptions) => Effect.Effect<string, ObjectStoreError>
  }
>()("@kalshibook/store/objects/ObjectStore") {
  /** In a bucket that exists. Connects to nothing yet: what is wrong with it is said by the first call. */
  static readonly layerS3 = (settings: S3Settings.S3Settings): Layer.Layer<ObjectStore, ObjectStoreError> =>
    Layer.effect(ObjectStore, ObjectOperation.during("open", "")(ObjectStoreS3.open(settings)))

  /** In a folder, which is made where it is missing. Several processes may use it at a time. */
  static readonly layerFolder = (settings: FolderSettings.FolderSettings): Layer.Layer<ObjectStore, ObjectStoreError> =>
    Layer.effect(ObjectStore, ObjectOperation.during("open", "")(ObjectStoreFolder.open(settings)))

  /**
   * From the environment: the bucket `KALSHIBOOK_S3_BUCKET`, else the folder `KALSHIBOOK_OBJECTS_DIR` (`objects` in
   * `KALSHIBOOK_DATA_DIR`).
   */
  static readonly layer: Layer.Layer<ObjectStore, ObjectStoreError | Config.ConfigError> = Layer.unwrap(
    Effect.gen(function* () {
      const bucket = yield* S3Settings.fromEnvironment
      return Option.isSome(bucket)
        ? ObjectStore.layerS3(bucket.value)
        : ObjectStore.layerFolder(yield* FolderSettings.fromEnvironment)
    })
  )
}
