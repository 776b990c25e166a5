/**
 * Immutable objects of the cold tier as files of this machine: each is fetched once however many ask for it, and is what its SHA-256
 * says before anybody sees it.
 *
 * Bounded: what was used longest ago leaves first, but nothing leaves while somebody uses it. What an earlier process left is used
 * again, once it has been checked. Knows nothing of what the objects hold.
 */
import { join } from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import { type Config, Context, Deferred, Effect, Layer, Option, type Scope, Semaphore } from "effect"
import { ObjectStore, type ObjectStoreError } from "../objects/ObjectStore.ts"
import * as CacheFolder from "./CacheFolder.ts"
import { ColdDataProblem, ColdTierAway, type ColdTierError } from "./ColdDataProblem.ts"

/** An object by what it must be. */
export interface ImmutableObject {
  readonly key: string
  /** Hexadecimal. */
  readonly sha256: string
  readonly bytes: number
}

export interface ObjectCacheUse {
  /** Of all files that are kept, those in use included. */
  readonly bytes: number
  readonly objects: number
  /** Since the start: answered without the store, and fetched from it. */
  readonly hits: number
  readonly fetches: number
}

export interface ObjectCacheOptions {
  readonly folder: string
  /** Objects in use do not leave, so for as long as they are more than this, so is the cache. */
  readonly bytesMax: number
}

const mebibyte = 1024 * 1024
/** At once: more would only share the line. */
const fetchesMax = 4

export class ObjectCache extends Context.Service<
  ObjectCache,
  {
    /** The path of a file with the object's content, which stays as it is until the scope closes. */
    readonly file: (object: ImmutableObject) => Effect.Effect<string, ColdTierError, Scope.Scope>
    /** Somebody could not read the file: it is checked, and fetched again if it is damaged, before it is used the next time. */
    readonly doubt: (object: ImmutableObject) => Effect.Effect<void>
    readonly use: Effect.Effect<ObjectCacheUse>
    /** All files lie in this folder, which is this process's own. */
    readonly folder: string
  }
>()("@kalshibook/store/cold/ObjectCache") {
  static readonly layerFolder = (options: ObjectCacheOptions): Layer.Layer<ObjectCache, ColdTierAway, ObjectStore> =>
    Layer.effect(ObjectCache, Effect.map(make(options), ObjectCache.of))

  /** From the environment: `KALSHIBOOK_CACHE_DIR` (`cache` in `KALSHIBOOK_DATA_DIR`) and `KALSHIBOOK_CACHE_MEBIBYTES` (4096). */
  static readonly layerConfig: Layer.Layer<ObjectCache, ColdTierAway | Config.ConfigError, ObjectStore> = Layer.unwrap(
    Effect.gen(function* () {
      const dataFolder = yield* Environment.config("KALSHIBOOK_DATA_DIR")
      const cacheFolder = yield* Environment.config("KALSHIBOOK_CACHE_DIR")
      const folder = Option.getOrElse(cacheFolder, () => join(dataFolder, "cache"))
      const mebibytes = yield* Environment.config("KALSHIBOOK_CACHE_MEBIBYTES")
      return ObjectCache.layerFolder({ folder, bytesMax: mebibytes * mebibyte })
    })
  )
}

interface Entry {
  readonly path: string
  readonly bytes: number
  leases: number
  /** Known to be right. */
  isChecked: boolean
  loading: Deferred.Deferred<void, ColdTierError> | undefined
}

const make = Effect.fnUntraced(function* ({ folder: shared, bytesMax }: ObjectCacheOptions) {
  const store = yield* ObjectStore
  const scope = yield* Effect.scope
  const folder = yield* CacheFolder.take(shared)
  const fetching = Semaphore.makeUnsafe(fetchesMax)
  /** By SHA-256; what was used longest ago comes first. */
  const entries = new Map<string, Entry>()
  let bytesKept = 0
  let hits = 0
  let fetches = 0

  const add = (sha256: string, path: string, bytes: number): Entry => {
    const entry: Entry = { path, bytes, leases: 0, isChecked: false, loading: undefined }
    entries.set(sha256, entry)
    bytesKept += bytes
    return entry
  }

  /** Forgets an entry, unless another has taken its place. */
  const forget = (sha256: string, entry: Entry): void => {
    if (entries.get(sha256) !== entry) return
    entries.delete(sha256)
    bytesKept -= entry.bytes
  }

  const evict = Effect.suspend(() => {
    const leaving: Array<string> = []
    for (const [sha256, entry] of entries) {
      if (bytesKept <= bytesMax) break
      if (entry.leases > 0 || entry.loading !== undefined) continue
      forget(sha256, entry)
      leaving.push(entry.path)
    }
    return Effect.forEach(leaving, CacheFolder.remove, { discard: true })
  })

  for (const { sha256, path, bytes } of yield* CacheFolder.list(folder)) add(sha256, path, bytes)
  yield* evict

  const fetch = Effect.fnUntraced(function* (object: ImmutableObject, path: string) {
    const incoming = CacheFolder.incomingPathOf(folder, object.sha256)
    yield* Effect.gen(function* () {
      fetches++
      const receipt = yield* Effect.mapError(store.getToFile(object.key, incoming), (error) => problemOf(object, error))
      if (receipt.sha256 !== object.sha256 || receipt.bytes !== object.bytes) {
        const detail = `it should have ${object.bytes} bytes with sha256 ${object.sha256}, and has ${receipt.bytes} with ${receipt.sha256}`
        return yield* new ColdDataProblem({ problem: "differs", key: object.key, detail })
      }
      yield* CacheFolder.keep(folder, incoming, path)
    }).pipe(
      Effect.onError(() => CacheFolder.remove(incoming)),
      fetching.withPermit
    )
  })

  const load = Effect.fnUntraced(function* (object: ImmutableObject, entry: Entry) {
    const found = yield* CacheFolder.sha256Of(entry.path)
    if (found === object.sha256) return
    yield* CacheFolder.remove(entry.path)
    yield* fetch(object, entry.path)
  })

  /** Goes on when those who asked go away: the next one will be glad of it. */
  const ready = (object: ImmutableObject, entry: Entry): Effect.Effect<void, ColdTierError> =>
    Effect.suspend(() => {
      if (entry.isChecked) {
        hits++
        return Effect.void
      }
      if (entry.loading !== undefined) return Deferred.await(entry.loading)
      const loading = Deferred.makeUnsafe<void, ColdTierError>()
      entry.loading = loading
      return load(object, entry).pipe(
        Effect.onExit((exit) =>
          Effect.andThen(
            Effect.sync(() => {
              entry.loading = undefined
              entry.isChecked = exit._tag === "Success"
              if (!entry.isChecked) forget(object.sha256, entry)
              Deferred.doneUnsafe(loading, exit)
            }),
            evict
          )
        ),
        Effect.forkIn(scope),
        Effect.andThen(Deferred.await(loading))
      )
    })

  const file = Effect.fnUntraced(function* (object: ImmutableObject) {
    const entry = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const known = entries.get(object.sha256)
        if (known !== undefined) entries.delete(object.sha256)
        const used = known ?? add(object.sha256, CacheFolder.pathOf(folder, object.key, object.sha256), object.bytes)
        entries.set(object.sha256, used)
        used.leases++
        return used
      }),
      (used) =>
        Effect.suspend(() => {
          used.leases--
          return bytesKept > bytesMax ? evict : Effect.void
        })
    )
    yield* ready(object, entry)
    return entry.path
  })

  const doubt = (object: ImmutableObject) =>
    Effect.sync(() => {
      const entry = entries.get(object.sha256)
      if (entry !== undefined) entry.isChecked = false
    })

  const use = Effect.sync((): ObjectCacheUse => ({ bytes: bytesKept, objects: entries.size, hits, fetches }))
  return { file, doubt, use, folder }
})

/** What is damaged for good, and what may pass. */
const problemOf = ({ key }: ImmutableObject, error: ObjectStoreError): ColdTierError => {
  const detail = error.reason.problem
  switch (error.reason._tag) {
    case "NotFound":
      return new ColdDataProblem({ problem: "missing", key, detail })
    case "Corrupt":
    case "Conflict":
      return new ColdDataProblem({ problem: "differs", key, detail })
    case "Refused":
      return new ColdDataProblem({ problem: "unreadable", key, detail })
    default:
      return new ColdTierAway({ key, detail })
  }
}
