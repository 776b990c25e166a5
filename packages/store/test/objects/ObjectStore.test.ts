/** The object store in a folder: the suite, and what only a folder can show. */
import { existsSync } from "node:fs"
import { mkdir, open, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import type { FolderSettings } from "@kalshibook/store/objects/FolderSettings"
import { getBytesMax } from "@kalshibook/store/objects/ObjectLimits"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { SignedObjects } from "@kalshibook/store/objects/SignedObjects"
import { ConfigProvider, Context, Effect, Layer, Option, Redacted } from "effect"
import { temporaryFolder } from "../PgTest.ts"
import { bytesOf, fileOf, json, objectStoreSuite, parquet, sha256 } from "./ObjectStoreSuite.ts"
import * as SignedObjectsServer from "./SignedObjectsServer.ts"

const settingsOf = (folder: string, changes: Partial<FolderSettings> = {}): FolderSettings => ({
  folder: join(folder, "objects"),
  baseUrl: "http://127.0.0.1:4000/v1/objects",
  secret: Option.none(),
  ...changes
})

/** A store in a new folder, with a server for its signed URLs. */
const served = Layer.unwrap(
  Effect.gen(function* () {
    const server = yield* SignedObjectsServer.start
    const settings = settingsOf(yield* temporaryFolder, { baseUrl: server.baseUrl })
    server.answerBy = Context.get(yield* Layer.build(SignedObjects.layerFolder(settings)), SignedObjects)
    return ObjectStore.layerFolder(settings)
  })
)

layer(served, { excludeTestServices: true })("ObjectStore (folder)", objectStoreSuite({ partBytes: 256 * 1024 }))

/** A store in a folder of its own. */
const inFolder = <A, E, R>(use: (objects: ObjectStore["Service"], folder: string) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(temporaryFolder, (folder) => {
    const settings = settingsOf(folder)
    return Effect.flatMap(ObjectStore, (objects) => use(objects, settings.folder)).pipe(
      Effect.provide(ObjectStore.layerFolder(settings))
    )
  })

const names = (folder: string) => Effect.promise(() => readdir(folder))

describe("ObjectStore (folder), its files", () => {
  it.live("an object is a plain file under its key, and nothing else is left beside it", () =>
    inFolder((objects, folder) =>
      Effect.gen(function* () {
        yield* objects.put("day=1/a.json", Buffer.from("a"), json)
        assert.strictEqual(yield* Effect.promise(() => readFile(join(folder, "day=1/a.json"), "utf8")), "a")
        assert.deepStrictEqual(yield* names(join(folder, "day=1")), ["a.json"])
        assert.deepStrictEqual((yield* names(folder)).toSorted(), [".partial", ".signing-secret", "day=1"])
        assert.deepStrictEqual(yield* names(join(folder, ".partial")), [])
      })
    )
  )

  it.live("of many who put different objects under one key at once, one wins and the others are told", () =>
    inFolder((objects) =>
      Effect.gen(function* () {
        const outcomes = yield* Effect.all(
          Array.from({ length: 8 }, (_, at) => Effect.result(objects.put("a/b/c", Buffer.from(`${at}`), json))),
          { concurrency: "unbounded" }
        )
        const winner = outcomes.findIndex(({ _tag }) => _tag === "Success")
        assert.strictEqual(outcomes.filter(({ _tag }) => _tag === "Success").length, 1)
        assert.strictEqual(Buffer.from(yield* objects.get("a/b/c")).toString(), `${winner}`)
        for (const outcome of outcomes) {
          if (outcome._tag === "Failure") assert.strictEqual(outcome.failure.reason._tag, "Conflict")
        }
      })
    )
  )

  it.live("a file that was changed on the disk shows another sum than the one it was put with", () =>
    inFolder((objects, folder) =>
      Effect.gen(function* () {
        const bytes = bytesOf(1_000)
        yield* objects.putFile("a", yield* fileOf(bytes), { ...parquet, sha256: sha256(bytes) })
        yield* objects.head("a")
        bytes[500] = (bytes[500] ?? 0) ^ 1
        yield* Effect.promise(() => writeFile(join(folder, "a"), bytes))
        const head = Option.getOrThrow(yield* objects.head("a"))
        assert.deepStrictEqual(head.sha256, Option.some(sha256(bytes)))
        const receipt = yield* objects.getToFile("a", join(folder, ".partial", "copy"))
        assert.strictEqual(receipt.sha256, sha256(bytes))
      })
    )
  )

  it.live("no more is held in memory than is named", () =>
    inFolder((objects, folder) =>
      Effect.gen(function* () {
        yield* Effect.promise(async () => {
          await writeFile(join(folder, "a"), "")
          await truncate(join(folder, "a"), getBytesMax + 1)
        })
        assert.strictEqual((yield* Effect.flip(objects.get("a"))).reason._tag, "Refused")
        const range = { fromByte: getBytesMax, toByte: getBytesMax + 5 }
        assert.strictEqual((yield* objects.get("a", { range })).length, 1)
      })
    )
  )

  it.live("an object and objects below its name cannot both be, which is said", () =>
    inFolder((objects) =>
      Effect.gen(function* () {
        yield* objects.put("a", Buffer.from("a"), json)
        yield* objects.put("b/c", Buffer.from("c"), json)
        assert.strictEqual((yield* Effect.flip(objects.put("a/b", Buffer.from("b"), json))).reason._tag, "Refused")
        assert.strictEqual((yield* Effect.flip(objects.put("b", Buffer.from("b"), json))).reason._tag, "Refused")
        assert.isTrue(Option.isNone(yield* objects.head("a/b")))
        assert.isTrue(Option.isNone(yield* objects.head("b")))
        assert.strictEqual((yield* Effect.flip(objects.get("b"))).reason._tag, "NotFound")
      })
    )
  )

  it.live("what a process left half written is removed after a day, and what is being written is not", () =>
    Effect.gen(function* () {
      const settings = settingsOf(yield* temporaryFolder)
      const partial = join(settings.folder, ".partial")
      yield* Effect.promise(async () => {
        await mkdir(partial, { recursive: true })
        await writeFile(join(partial, "old"), "half")
        const twoDaysAgo = new Date(Date.now() - 2 * 24 * 3_600_000)
        await utimes(join(partial, "old"), twoDaysAgo, twoDaysAgo)
        await writeFile(join(partial, "new"), "half")
      })
      yield* Effect.scoped(Layer.build(ObjectStore.layerFolder(settings)))
      assert.deepStrictEqual(yield* names(partial), ["new"])
    })
  )

  it.live("an object that is removed while it is read is read to its end", () =>
    inFolder((objects, folder) =>
      Effect.gen(function* () {
        yield* objects.put("a", bytesOf(1_000), json)
        const handle = yield* Effect.promise(() => open(join(folder, "a")))
        yield* objects.remove("a")
        assert.isFalse(existsSync(join(folder, "a")))
        assert.strictEqual((yield* Effect.promise(() => handle.readFile())).length, 1_000)
        yield* Effect.promise(() => handle.close())
      })
    )
  )
})

describe("ObjectStore (folder), its secret", () => {
  it.live("is made once, is readable for its owner alone, and is the same for every process", () =>
    Effect.gen(function* () {
      const settings = settingsOf(yield* temporaryFolder)
      const urls = yield* Effect.all(
        Array.from({ length: 4 }, () =>
          Effect.flatMap(ObjectStore, (objects) => objects.signedUrl("a", { expiresInSeconds: 604_800 })).pipe(
            Effect.provide(Layer.fresh(ObjectStore.layerFolder(settings)))
          )
        ),
        { concurrency: "unbounded" }
      )
      const file = join(settings.folder, ".signing-secret")
      const { mode } = yield* Effect.promise(() => stat(file))
      assert.strictEqual(mode & 0o777, 0o600)
      const secret = (yield* Effect.promise(() => readFile(file, "utf8"))).trim()
      assert.match(secret, /^[0-9a-f]{64}$/)
      for (const url of urls) {
        assert.notInclude(url, secret)
        const { pathname, searchParams } = new URL(url)
        const answer = yield* Effect.flatMap(SignedObjects, (signed) =>
          signed.answer({ method: "GET", key: pathname.replace("/v1/objects/", ""), query: searchParams })
        ).pipe(Effect.provide(Layer.fresh(SignedObjects.layerFolder(settings))))
        // Signed well, and not there.
        assert.strictEqual(answer.status, 404)
      }
    })
  )

  it.live("can be given, and then none lies in the folder", () =>
    Effect.gen(function* () {
      const settings = settingsOf(yield* temporaryFolder, { secret: Option.some(Redacted.make("given")) })
      yield* Effect.scoped(Layer.build(ObjectStore.layerFolder(settings)))
      assert.deepStrictEqual(yield* names(settings.folder), [".partial"])
    })
  )
})

describe("ObjectStore, from the environment", () => {
  const inEnvironment = (env: Record<string, string>) =>
    Effect.flatMap(ObjectStore, (objects) => objects.signedUrl("a", { expiresInSeconds: 60 })).pipe(
      Effect.provide(ObjectStore.layer),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
    )

  it.live("is the folder `objects` in the data folder, served by the API", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const url = yield* inEnvironment({ KALSHIBOOK_DATA_DIR: folder, KALSHIBOOK_API_PORT: "4711" })
      assert.isTrue(url.startsWith("http://127.0.0.1:4711/v1/objects/a?expires="), url)
      assert.isTrue(existsSync(join(folder, "objects")))
      const given = join(folder, "given")
      const other = yield* inEnvironment({
        KALSHIBOOK_OBJECTS_DIR: given,
        KALSHIBOOK_OBJECTS_URL: "https://api.example.com/v1/objects/",
        KALSHIBOOK_S3_BUCKET: ""
      })
      assert.isTrue(other.startsWith("https://api.example.com/v1/objects/a?expires="), other)
      assert.isTrue(existsSync(given))
      yield* Effect.promise(() => rm(given, { recursive: true }))
    })
  )

  it.live("is the bucket when one is named, in its place or under its path", () =>
    Effect.gen(function* () {
      const keys = { KALSHIBOOK_S3_ACCESS_KEY_ID: "id", KALSHIBOOK_S3_SECRET_ACCESS_KEY: "a-secret" }
      const amazon = yield* inEnvironment({ ...keys, KALSHIBOOK_S3_BUCKET: "books", KALSHIBOOK_S3_REGION: "eu-west-1" })
      assert.isTrue(amazon.startsWith("https://books.s3.eu-west-1.amazonaws.com/a?"), amazon)
      assert.notInclude(amazon, "a-secret")
      const own = yield* inEnvironment({
        ...keys,
        KALSHIBOOK_S3_BUCKET: "books",
        KALSHIBOOK_S3_ENDPOINT: "https://project.example.com/storage/v1/s3"
      })
      assert.isTrue(own.startsWith("https://project.example.com/storage/v1/s3/books/a?"), own)
      const named = yield* inEnvironment({
        ...keys,
        KALSHIBOOK_S3_BUCKET: "books",
        KALSHIBOOK_S3_ENDPOINT: "https://example.com",
        KALSHIBOOK_S3_FORCE_PATH_STYLE: "false"
      })
      assert.isTrue(named.startsWith("https://books.example.com/a?"), named)
    })
  )
})
