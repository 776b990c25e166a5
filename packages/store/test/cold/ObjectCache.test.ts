import { createHash } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { type ImmutableObject, ObjectCache } from "@kalshibook/store/cold/ObjectCache"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Layer, Option } from "effect"
import { temporaryFolder } from "../PgTest.ts"

const objectBytes = 1_000

const object = (name: string): ImmutableObject & { readonly content: Uint8Array } => {
  const content = new Uint8Array(objectBytes).fill(name.charCodeAt(0))
  return {
    key: `v1/records/${name}.parquet`,
    sha256: createHash("sha256").update(content).digest("hex"),
    bytes: objectBytes,
    content
  }
}

const [a, b, c] = [object("a"), object("b"), object("c")]

const objects = (folder: string) =>
  ObjectStore.layerFolder({ folder: join(folder, "objects"), baseUrl: "http://localhost", secret: Option.none() })

const cache = (folder: string, objectsMax = 2) =>
  ObjectCache.layerFolder({ folder: join(folder, "cache"), bytesMax: objectsMax * objectBytes })

const stored = (folder: string) =>
  Effect.gen(function* () {
    const store = yield* ObjectStore
    for (const { content, key } of [a, b, c]) yield* store.put(key, content, { contentType: "text/plain" })
  }).pipe(Effect.provide(objects(folder)))

/** Runs with a cache over a folder of its own, or one that was used before. */
const withCache = <A, E>(
  folder: string,
  work: (cache: ObjectCache["Service"]) => Effect.Effect<A, E, never>,
  objectsMax?: number
) =>
  Effect.scoped(
    Effect.flatMap(Layer.build(cache(folder, objectsMax).pipe(Layer.provide(objects(folder)))), (context) =>
      Effect.provideContext(Effect.flatMap(ObjectCache, work), context)
    )
  )

const fetched = (cache: ObjectCache["Service"], one: ImmutableObject) =>
  Effect.scoped(Effect.flatMap(cache.file(one), (path) => Effect.promise(() => readFile(path))))

describe("the object cache", () => {
  it.live("fetches an object once, however many ask for it at once", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* stored(folder)
      yield* withCache(folder, (cache) =>
        Effect.gen(function* () {
          const found = yield* Effect.all(
            Array.from({ length: 20 }, () => fetched(cache, a)),
            { concurrency: "unbounded" }
          )
          for (const bytes of found) assert.deepStrictEqual(new Uint8Array(bytes), a.content)
          yield* fetched(cache, a)
          assert.strictEqual((yield* cache.use).fetches, 1)
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("lets go of what was used longest ago, and never of what is in use", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* stored(folder)
      yield* withCache(folder, (cache) =>
        Effect.gen(function* () {
          yield* fetched(cache, a)
          yield* fetched(cache, b)
          yield* fetched(cache, a)
          yield* fetched(cache, c)
          assert.deepInclude(yield* cache.use, { bytes: 2 * objectBytes, objects: 2, fetches: 3 })
          yield* fetched(cache, a)
          assert.strictEqual((yield* cache.use).fetches, 3)
          yield* Effect.scoped(
            Effect.gen(function* () {
              const paths = [yield* cache.file(a), yield* cache.file(b), yield* cache.file(c)]
              assert.strictEqual((yield* cache.use).bytes, 3 * objectBytes)
              for (const path of paths) yield* Effect.promise(() => readFile(path))
            })
          )
          assert.strictEqual((yield* cache.use).bytes, 2 * objectBytes)
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("uses what an earlier process left only when it is still right", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* stored(folder)
      const paths = yield* withCache(folder, (cache) => Effect.scoped(Effect.all([cache.file(a), cache.file(b)])))
      yield* Effect.promise(() => writeFile(paths[1] as string, "half"))
      yield* withCache(folder, (cache) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(new Uint8Array(yield* fetched(cache, a)), a.content)
          assert.strictEqual((yield* cache.use).fetches, 0)
          assert.deepStrictEqual(new Uint8Array(yield* fetched(cache, b)), b.content)
          assert.strictEqual((yield* cache.use).fetches, 1)
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("keeps processes on one folder apart", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* stored(folder)
      yield* withCache(folder, (one) =>
        withCache(folder, (other) =>
          Effect.gen(function* () {
            assert.notStrictEqual(one.folder, other.folder)
            yield* Effect.all([fetched(one, a), fetched(other, a)])
          })
        )
      )
    }).pipe(Effect.scoped)
  )

  it.live("never hands out a wrong object, and says whether it is missing or another", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* stored(folder)
      yield* withCache(folder, (cache) =>
        Effect.gen(function* () {
          const missing = yield* Effect.flip(fetched(cache, { ...a, key: "v1/records/none.parquet" }))
          assert.deepInclude(missing, { _tag: "ColdDataProblem", problem: "missing", key: "v1/records/none.parquet" })
          const swapped = yield* Effect.flip(fetched(cache, { ...a, key: b.key }))
          assert.deepInclude(swapped, { _tag: "ColdDataProblem", problem: "differs", key: b.key })
          assert.strictEqual((yield* cache.use).objects, 0)
          assert.deepStrictEqual(new Uint8Array(yield* fetched(cache, a)), a.content)
        })
      )
    }).pipe(Effect.scoped)
  )
})
