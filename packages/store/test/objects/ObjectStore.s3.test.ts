/** The object store in a bucket: the suite, and what networks and servers do to it. */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { ListMultipartUploadsCommand, PutObjectCommand } from "@aws-sdk/client-s3"
import { assert, layer, type Vitest } from "@effect/vitest"
import { getBytesMax } from "@kalshibook/store/objects/ObjectLimits"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import type { S3Settings } from "@kalshibook/store/objects/S3Settings"
import { Effect, Fiber, Layer, Option, Redacted, type Scope } from "effect"
import { temporaryFolder } from "../PgTest.ts"
import * as FaultProxy from "./FaultProxy.ts"
import { bytesOf, fileOf, freshPrefix, json, objectStoreSuite, parquet, sha256 } from "./ObjectStoreSuite.ts"
import { partBytes, S3Server, startMillisMax } from "./S3Server.ts"

const mebibyte = 1024 * 1024

const store = Layer.unwrap(Effect.map(S3Server, ({ settings }) => ObjectStore.layerS3(settings)))

layer(S3Server.layer, { excludeTestServices: true, timeout: startMillisMax })((it) => {
  it.layer(store)("ObjectStore (S3)", objectStoreSuite({ partBytes }))
  it.layer(Layer.empty)("ObjectStore (S3), when things break", faultSuite)
})

/** A store that goes through a proxy, and what the test needs of both. */
const faulty = <A, E>(
  use: (parts: {
    readonly objects: ObjectStore["Service"]
    readonly proxy: FaultProxy.FaultProxy
    readonly key: string
  }) => Effect.Effect<A, E, Scope.Scope | S3Server>,
  changes: Partial<S3Settings> = {}
) =>
  Effect.gen(function* () {
    const { endpoint, settings } = yield* S3Server
    const proxy = yield* FaultProxy.start(endpoint)
    const key = `${yield* freshPrefix}a.parquet`
    return yield* Effect.flatMap(ObjectStore, (objects) => use({ objects, proxy, key })).pipe(
      Effect.provide(
        ObjectStore.layerS3({
          ...settings,
          endpoint: Option.some(proxy.endpoint),
          silenceMillisMax: 5_000,
          attemptsMax: 3,
          ...changes
        })
      )
    )
  })

function faultSuite(it: Vitest.MethodsNonLive<S3Server>): void {
  const unavailable: FaultProxy.Fault = { kind: "status", status: 503, code: "SlowDown" }

  it.effect("a server that is busy is asked again, in every operation", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        for (const method of ["HEAD", "PUT", "GET", "DELETE"]) proxy.meet(method, unavailable, { times: 2 })
        yield* objects.put(key, bytesOf(10), parquet)
        assert.deepStrictEqual(Buffer.from(yield* objects.get(key)), bytesOf(10))
        yield* objects.remove(key)
        assert.isTrue(Option.isNone(yield* objects.head(key)))
        const methods = proxy.seen().map(({ method }) => method)
        assert.strictEqual(methods.filter((method) => method === "DELETE").length, 3)
      })
    )
  )

  it.effect("a server that stays busy is given up, and the error says that waiting helps", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        proxy.meet("GET", unavailable, { times: 1_000 })
        const error = yield* Effect.flip(objects.get(key))
        assert.strictEqual(error.reason._tag, "Unavailable")
        assert.isTrue(error.isRetryable)
        assert.strictEqual(error.message, `get ${key}: SlowDown (503): Invented.`)
        assert.strictEqual(proxy.seen().length, 3)
      })
    )
  )

  it.effect("what is refused is not asked again", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        proxy.meet("GET", { kind: "status", status: 403, code: "AccessDenied" }, { times: 1_000 })
        const error = yield* Effect.flip(objects.get(key))
        assert.strictEqual(error.reason._tag, "AccessDenied")
        assert.isFalse(error.isRetryable)
        assert.strictEqual(proxy.seen().length, 1)
      })
    )
  )

  it.effect("a server that does not answer, or falls silent in the middle, is given up in time and asked again", () =>
    faulty(
      ({ objects, proxy, key }) =>
        Effect.gen(function* () {
          const bytes = bytesOf(mebibyte)
          proxy.meet("PUT", { kind: "silence" })
          yield* objects.put(key, bytes, parquet)
          proxy.meet("GET", { kind: "silence" })
          proxy.meet("GET", { kind: "silence_in_answer", afterBytes: 100_000 })
          assert.isTrue(bytes.equals(yield* objects.get(key)))
        }),
      { silenceMillisMax: 1_000 }
    )
  )

  it.effect("a download that is cut goes on where it ended, and the sum is right", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        const bytes = bytesOf(3 * mebibyte + 7)
        yield* objects.putFile(key, yield* fileOf(bytes), { ...parquet, sha256: sha256(bytes) })
        proxy.seen()
        proxy.meet("GET", { kind: "cut_answer", afterBytes: 1_000_000 })
        proxy.meet("GET", { kind: "cut_answer", afterBytes: 1_000_000 })
        const target = join(yield* temporaryFolder, "copy")
        assert.deepStrictEqual(yield* objects.getToFile(key, target), { bytes: bytes.length, sha256: sha256(bytes) })
        assert.isTrue(bytes.equals(yield* Effect.promise(() => readFile(target))))
        const starts = proxy.seen().map(({ headers }) => Number(/bytes=(\d+)-/.exec(headers.range ?? "bytes=0-")?.[1]))
        assert.strictEqual(starts.length, 3)
        assert.isTrue(starts[0] === 0 && (starts[1] ?? 0) > 0 && (starts[2] ?? 0) > (starts[1] ?? 0), String(starts))
      })
    )
  )

  it.effect("a server without ranges is read from the beginning again", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        const bytes = bytesOf(mebibyte)
        yield* objects.put(key, bytes, parquet)
        proxy.meet("GET", { kind: "cut_answer", afterBytes: 500_000 })
        proxy.meet("GET", { kind: "whole", bytes })
        const target = join(yield* temporaryFolder, "copy")
        assert.strictEqual((yield* objects.getToFile(key, target)).sha256, sha256(bytes))
        assert.isTrue(bytes.equals(yield* Effect.promise(() => readFile(target))))
        proxy.meet("GET", { kind: "whole", bytes })
        const range = { fromByte: 500_000, toByte: 500_010 }
        assert.isTrue(bytes.subarray(500_000, 500_010).equals(yield* objects.get(key, { range })))
      })
    )
  )

  it.effect("a download that never becomes whole leaves no file, neither a short one nor a part", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        yield* objects.put(key, bytesOf(mebibyte), parquet)
        proxy.meet("GET", { kind: "cut_answer", afterBytes: 1_000 }, { times: 1_000 })
        const folder = yield* temporaryFolder
        const error = yield* Effect.flip(objects.getToFile(key, join(folder, "copy")))
        assert.strictEqual(error.reason._tag, "Unavailable")
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), [])
      })
    )
  )

  for (const [title, fault] of [
    ["one wrong bit", { kind: "flipped_bit", atByte: 700_000 }],
    ["a body that is too short and says that it is whole", { kind: "short_answer", bytes: 300_000 }]
  ] as const) {
    it.effect(`${title} is noticed: once it is read again, and then the object is corrupt`, () =>
      faulty(({ objects, proxy, key }) =>
        Effect.gen(function* () {
          const bytes = bytesOf(mebibyte)
          yield* objects.put(key, bytes, parquet)
          const folder = yield* temporaryFolder
          const target = join(folder, "copy")
          proxy.meet("GET", fault)
          assert.strictEqual((yield* objects.getToFile(key, target)).sha256, sha256(bytes))
          assert.isTrue(bytes.equals(yield* Effect.promise(() => readFile(target))))
          proxy.meet("GET", fault, { times: 1_000 })
          const { reason } = yield* Effect.flip(objects.getToFile(key, join(folder, "other")))
          assert.strictEqual(reason._tag, "Corrupt")
          if (reason._tag === "Corrupt") assert.strictEqual(reason.sha256Expected, sha256(bytes))
          assert.strictEqual((yield* Effect.flip(objects.get(key))).reason._tag, "Corrupt")
          assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), ["copy"])
        })
      )
    )
  }

  it.effect("an upload that is cut, or whose answer is lost, is made again, in one piece and in parts", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        for (const length of [partBytes, 2 * partBytes + 1]) {
          const bytes = bytesOf(length)
          const ownKey = `${key}-${length}`
          for (const kind of ["cut_request", "lost_answer"] as const) {
            proxy.meet("PUT", { kind, afterBytes: 100_000 })
          }
          proxy.meet("POST", { kind: "lost_answer" }, { path: "uploadId=" })
          yield* objects.putFile(ownKey, yield* fileOf(bytes), { ...parquet, sha256: sha256(bytes) })
          const target = join(yield* temporaryFolder, "copy")
          assert.strictEqual((yield* objects.getToFile(ownKey, target)).sha256, sha256(bytes))
        }
      })
    )
  )

  it.effect("an upload that nobody stored is noticed and made again; one that never is stored fails", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        proxy.meet("PUT", { kind: "lie" })
        yield* objects.put(key, bytesOf(1_000), parquet)
        assert.strictEqual((yield* objects.get(key)).length, 1_000)
        proxy.meet("PUT", { kind: "lie" }, { times: 1_000 })
        const error = yield* Effect.flip(objects.put(`${key}-2`, bytesOf(1_000), parquet))
        assert.strictEqual(error.reason._tag, "Corrupt")
        assert.isFalse(error.isRetryable)
      })
    )
  )

  it.effect("an upload of which something else was stored is noticed, removed and made again", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        const { client, settings } = yield* S3Server
        const instead = (Body: Buffer) => () =>
          client.send(new PutObjectCommand({ Bucket: settings.bucket, Key: key, Body }))
        proxy.meet("PUT", { kind: "lie", instead: instead(bytesOf(900)) })
        yield* objects.put(key, bytesOf(1_000), parquet)
        assert.isTrue(bytesOf(1_000).equals(yield* objects.get(key)))
      })
    )
  )

  it.effect("an object that carries no sum is held against its bytes before it counts as the same", () =>
    faulty(({ objects, key }) =>
      Effect.gen(function* () {
        const { client, settings } = yield* S3Server
        const Body = bytesOf(1_000)
        yield* Effect.promise(() => client.send(new PutObjectCommand({ Bucket: settings.bucket, Key: key, Body })))
        assert.deepStrictEqual(
          Option.map(yield* objects.head(key), ({ sha256 }) => sha256),
          Option.some(Option.none())
        )
        yield* objects.put(key, Body, parquet)
        const error = yield* Effect.flip(objects.put(key, Body.toReversed(), parquet))
        assert.strictEqual(error.reason._tag, "Conflict")
      })
    )
  )

  it.effect("where the server knows how not to overwrite, it is told to; where not, it is asked once", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        yield* objects.put(key, bytesOf(10), json)
        yield* objects.put(`${key}-2`, bytesOf(10), json)
        const told = proxy.seen().filter(({ method }) => method === "PUT")
        assert.isTrue(told[0]?.headers["if-none-match"] === "*")
        assert.isTrue(told.at(-1)?.headers["if-none-match"] === undefined || told.length === 2)
      })
    )
  )

  it.effect("somebody else who is faster wins: the same is as good, another is a conflict", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        const { client, settings } = yield* S3Server
        const puts = (Key: string, Body: Buffer) => () =>
          client.send(new PutObjectCommand({ Bucket: settings.bucket, Key, Body }))
        const taken = { kind: "status", status: 412, code: "PreconditionFailed" } as const
        proxy.meet("PUT", { ...taken, before: puts(key, bytesOf(10)) })
        yield* objects.put(key, bytesOf(10), json)
        proxy.meet("PUT", { ...taken, before: puts(`${key}-2`, bytesOf(12)) })
        const error = yield* Effect.flip(objects.put(`${key}-2`, bytesOf(10), json))
        assert.strictEqual(error.reason._tag, "Conflict")
      })
    )
  )

  it.effect("an upload that is interrupted leaves no object and no parts", () =>
    faulty(
      ({ objects, proxy, key }) =>
        Effect.gen(function* () {
          const { client, settings } = yield* S3Server
          const bytes = bytesOf(2 * partBytes + 1)
          proxy.meet("PUT", { kind: "silence" }, { path: "partNumber=2", times: 1_000 })
          const file = yield* fileOf(bytes)
          const putting = yield* Effect.forkChild(objects.putFile(key, file, { ...parquet, sha256: sha256(bytes) }))
          const seen: Array<string> = []
          while (!seen.some((path) => path.includes("partNumber=2"))) {
            seen.push(...proxy.seen().map(({ path }) => path))
            yield* Effect.sleep(5)
          }
          yield* Fiber.interrupt(putting)
          assert.isTrue(Option.isNone(yield* objects.head(key)))
          const open = yield* Effect.promise(() =>
            client.send(new ListMultipartUploadsCommand({ Bucket: settings.bucket, Prefix: key }))
          )
          assert.deepStrictEqual(open.Uploads ?? [], [])
        }),
      { silenceMillisMax: 30_000 }
    )
  )

  it.effect("an object that is too large for memory is refused before it is read", () =>
    faulty(({ objects, proxy, key }) =>
      Effect.gen(function* () {
        yield* objects.put(key, bytesOf(10), json)
        proxy.meet("GET", { kind: "short_answer", bytes: getBytesMax + 1 })
        assert.strictEqual((yield* Effect.flip(objects.get(key))).reason._tag, "Refused")
      })
    )
  )

  it.effect("no secret is in what goes wrong", () =>
    Effect.gen(function* () {
      const { settings } = yield* S3Server
      const secretAccessKey = Redacted.make("a-secret-that-is-wrong")
      const credentials = Option.map(settings.credentials, (each) => ({ ...each, secretAccessKey }))
      const error = yield* Effect.flip(
        Effect.flatMap(ObjectStore, (objects) => objects.get("a")).pipe(
          Effect.provide(ObjectStore.layerS3({ ...settings, credentials }))
        )
      )
      assert.strictEqual(error.reason._tag, "AccessDenied")
      assert.notInclude(`${error} ${JSON.stringify(error)} ${error.stack}`, "a-secret")
      const endpoint = Option.some("http://someone:a-secret@127.0.0.1:1")
      const refused = yield* Effect.flip(Effect.scoped(Layer.build(ObjectStore.layerS3({ ...settings, endpoint }))))
      assert.strictEqual(refused.reason._tag, "Refused")
      assert.notInclude(`${refused} ${JSON.stringify(refused)}`, "a-secret")
    })
  )

  it.effect("says what is wrong with a bucket that is not there, and with a server that is not", () =>
    Effect.gen(function* () {
      const { settings } = yield* S3Server
      const errorOf = (changes: Partial<S3Settings>) =>
        Effect.flip(
          Effect.flatMap(ObjectStore, (objects) => objects.get("a")).pipe(
            Effect.provide(ObjectStore.layerS3({ ...settings, attemptsMax: 2, ...changes }))
          )
        )
      const missing = yield* errorOf({ bucket: "no-such-bucket-here" })
      assert.strictEqual(missing.reason._tag, "Refused")
      assert.include(missing.message, "NoSuchBucket")
      // Port 1 of this machine: nothing listens there.
      const away = yield* errorOf({ endpoint: Option.some("http://127.0.0.1:1") })
      assert.isTrue(away.isRetryable)
      assert.include(away.message, "ECONNREFUSED")
    })
  )
}
