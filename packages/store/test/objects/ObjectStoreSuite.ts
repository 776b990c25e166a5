/** What an object store promises, wherever the objects lie. Runs over each implementation. */
import { createHash, randomUUID } from "node:crypto"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, type Vitest } from "@effect/vitest"
import { putBytesMax } from "@kalshibook/store/objects/ObjectLimits"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Option, Stream } from "effect"
import { temporaryFolder } from "../PgTest.ts"

export const parquet = { contentType: "application/vnd.apache.parquet" }
export const json = { contentType: "application/json" }

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** A prefix that no other test has. */
export const freshPrefix = Effect.sync(() => `test/${randomUUID()}/`)

/** Bytes that repeat nowhere near, so that a part in the wrong place shows. */
export const bytesOf = (length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at)
  return bytes
}

/** A file of a folder that goes with the test. */
export const fileOf = (bytes: Uint8Array) =>
  Effect.flatMap(temporaryFolder, (folder) =>
    Effect.promise(async () => {
      const path = join(folder, "file")
      await writeFile(path, bytes)
      return path
    })
  )

const reasonOf = <A>(effect: Effect.Effect<A, { readonly reason: { readonly _tag: string } }, ObjectStore>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason._tag)

const keysBelow = (prefix: string) =>
  Effect.flatMap(ObjectStore, (store) => Stream.runCollect(store.list(prefix))).pipe(
    Effect.map((objects) => objects.map(({ key }) => key))
  )

/** `partBytes`: from where on a file goes in parts. */
export const objectStoreSuite =
  ({ partBytes }: { readonly partBytes: number }) =>
  (it: Vitest.MethodsNonLive<ObjectStore>): void => {
    it.effect("gives back what was put, with its length, its sum and its time", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = `${yield* freshPrefix}date=2026-11-22/manifest-1_a.json`
        const bytes = Buffer.from('{"rows":1}')
        const beforeMicros = Date.now() * 1_000
        yield* store.put(key, bytes, json)
        assert.deepStrictEqual(Buffer.from(yield* store.get(key)), bytes)
        const head = Option.getOrThrow(yield* store.head(key))
        assert.strictEqual(head.bytes, bytes.length)
        assert.deepStrictEqual(head.sha256, Option.some(sha256(bytes)))
        assert.isBelow(Math.abs(head.lastModifiedMicros - beforeMicros), 60_000_000)
      })
    )

    for (const [title, length] of [
      ["an empty file", 0],
      ["a file", 100_001],
      ["a file of exactly one part", partBytes],
      ["a file of several parts", 2 * partBytes + 1]
    ] as const) {
      it.effect(`gives back ${title} as it was, with the sum of what arrived`, () =>
        Effect.gen(function* () {
          const store = yield* ObjectStore
          const key = `${yield* freshPrefix}segment.parquet`
          const bytes = bytesOf(length)
          const sum = sha256(bytes)
          yield* store.putFile(key, yield* fileOf(bytes), { ...parquet, sha256: sum })
          const head = Option.getOrThrow(yield* store.head(key))
          assert.deepStrictEqual([head.bytes, head.sha256], [length, Option.some(sum)])
          const folder = yield* temporaryFolder
          const target = join(folder, "copy")
          yield* Effect.promise(() => writeFile(target, "an older file"))
          assert.deepStrictEqual(yield* store.getToFile(key, target), { bytes: length, sha256: sum })
          assert.isTrue(bytes.equals(yield* Effect.promise(() => readFile(target))))
          assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), ["copy"])
        })
      )
    }

    it.effect("leaves an object as it is when the same is put again, also by many at once", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = `${yield* freshPrefix}a`
        const bytes = bytesOf(1_000)
        const file = yield* fileOf(bytes)
        const put = store.putFile(key, file, { ...parquet, sha256: sha256(bytes) })
        yield* Effect.all(
          Array.from({ length: 5 }, () => put),
          { concurrency: "unbounded" }
        )
        const before = yield* store.head(key)
        yield* Effect.sleep(1_100)
        yield* put
        yield* store.put(key, bytes, parquet)
        assert.deepStrictEqual(yield* store.head(key), before)
      })
    )

    it.effect("never overwrites: another object under the same key is a conflict, and the first one stays", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = `${yield* freshPrefix}a`
        const [first, other] = [Buffer.from("first"), Buffer.from("other")]
        yield* store.put(key, first, json)
        const error = yield* Effect.flip(store.put(key, other, json))
        assert.isFalse(error.isRetryable)
        assert.strictEqual(
          error.message,
          `put ${key}: another object has this key, of 5 bytes with sha256 ${sha256(first)}`
        )
        const file = yield* fileOf(other)
        assert.strictEqual(yield* reasonOf(store.putFile(key, file, { ...json, sha256: sha256(other) })), "Conflict")
        assert.deepStrictEqual(Buffer.from(yield* store.get(key)), first)
      })
    )

    for (const [title, length] of [
      ["file", 1_000],
      ["large file", partBytes + 1]
    ] as const) {
      it.effect(`stores nothing of a ${title} that is not what it is said to be`, () =>
        Effect.gen(function* () {
          const store = yield* ObjectStore
          const prefix = yield* freshPrefix
          const file = yield* fileOf(bytesOf(length))
          const said = sha256(Buffer.from("something else"))
          assert.strictEqual(
            yield* reasonOf(store.putFile(`${prefix}a`, file, { ...parquet, sha256: said })),
            "Corrupt"
          )
          assert.deepStrictEqual(yield* keysBelow(prefix), [])
        })
      )
    }

    it.effect("says when a file on this machine cannot be read or written", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = `${yield* freshPrefix}a`
        const folder = yield* temporaryFolder
        const options = { ...json, sha256: sha256(Buffer.from("a")) }
        assert.strictEqual(yield* reasonOf(store.putFile(key, join(folder, "none"), options)), "LocalFileFailed")
        assert.strictEqual(yield* reasonOf(store.putFile(key, folder, options)), "LocalFileFailed")
        yield* store.put(key, Buffer.from("a"), json)
        assert.strictEqual(yield* reasonOf(store.getToFile(key, join(folder, "none", "a"))), "LocalFileFailed")
      })
    )

    it.effect("gives a part of an object, cut where the object ends", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = `${yield* freshPrefix}a`
        yield* store.put(key, Buffer.from("0123456789"), json)
        const part = (fromByte: number, toByte: number) =>
          Effect.map(store.get(key, { range: { fromByte, toByte } }), (bytes) => Buffer.from(bytes).toString())
        assert.strictEqual(yield* part(0, 1), "0")
        assert.strictEqual(yield* part(3, 7), "3456")
        assert.strictEqual(yield* part(8, 1_000), "89")
        assert.strictEqual(yield* part(0, 10), "0123456789")
        for (const [fromByte, toByte] of [
          [10, 11],
          [4, 4],
          [5, 3],
          [-1, 3],
          [0.5, 3]
        ] as const) {
          assert.strictEqual(yield* reasonOf(part(fromByte, toByte)), "Refused", `${fromByte}-${toByte}`)
        }
      })
    )

    it.effect("puts no more from memory than it names", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = `${yield* freshPrefix}a`
        assert.strictEqual(yield* reasonOf(store.put(key, Buffer.alloc(putBytesMax + 1), json)), "Refused")
      })
    )

    it.effect("tells an object that is not there from everything else, and leaves no file of it", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = `${yield* freshPrefix}none`
        assert.deepStrictEqual(yield* store.head(key), Option.none())
        assert.strictEqual(yield* reasonOf(store.get(key)), "NotFound")
        const folder = yield* temporaryFolder
        assert.strictEqual(yield* reasonOf(store.getToFile(key, join(folder, "copy"))), "NotFound")
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), [])
      })
    )

    it.effect("lists what begins with a prefix, in the order of the keys, page after page", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const prefix = yield* freshPrefix
        const names = ["a-b", "a.json", "a/1", "a/2/x", "a0", "a=1", "aB", "a_", "b/1", "b/10", "b/2"]
        yield* Effect.forEach(names.toReversed(), (name) => store.put(prefix + name, Buffer.from(name), json), {
          concurrency: 4
        })
        const below = (part: string) =>
          Effect.map(keysBelow(prefix + part), (keys) => keys.map((key) => key.slice(prefix.length)))
        assert.deepStrictEqual(yield* below(""), names)
        assert.deepStrictEqual(yield* below("a/"), ["a/1", "a/2/x"])
        assert.deepStrictEqual(yield* below("b/1"), ["b/1", "b/10"])
        assert.deepStrictEqual(yield* below("c"), [])
        const [first] = yield* Stream.runCollect(Stream.take(store.list(`${prefix}a/2`), 1))
        const head = Option.getOrThrow(yield* store.head(`${prefix}a/2/x`))
        assert.strictEqual(first?.bytes, head.bytes)
        assert.isBelow(Math.abs((first?.lastModifiedMicros ?? 0) - head.lastModifiedMicros), 1_000_001)
      })
    )

    it.effect("removes an object, also one that is not there, and its key is free again", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const prefix = yield* freshPrefix
        const key = `${prefix}a`
        yield* store.remove(key)
        yield* store.put(key, Buffer.from("one"), json)
        yield* store.remove(key)
        assert.deepStrictEqual(yield* store.head(key), Option.none())
        assert.deepStrictEqual(yield* keysBelow(prefix), [])
        yield* store.put(key, Buffer.from("another"), json)
        assert.strictEqual(Buffer.from(yield* store.get(key)).toString(), "another")
      })
    )

    it.effect("refuses what is no key, whatever is to be done with it", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const wrong = [
          "",
          "/a",
          "a/",
          "a//b",
          "../a",
          "a/../b",
          "./a",
          ".hidden",
          "a/.b",
          "a b",
          "ä",
          "a\n",
          "a\u0000",
          "a\\b"
        ]
        for (const key of [...wrong, "a".repeat(201), `${"a/".repeat(260)}a`]) {
          const all = [
            store.put(key, Buffer.from("a"), json),
            store.putFile(key, "/none", { ...json, sha256: sha256(Buffer.from("a")) }),
            store.get(key),
            store.getToFile(key, "/none/none"),
            store.head(key),
            store.remove(key),
            store.signedUrl(key, { expiresInSeconds: 60 })
          ]
          for (const each of all) assert.strictEqual(yield* reasonOf(Effect.asVoid(each)), "Refused", key)
        }
        for (const prefix of ["/", "../", "a//", ".", "a\u0000"]) {
          assert.strictEqual(yield* reasonOf(Stream.runDrain(store.list(prefix))), "Refused", prefix)
        }
      })
    )

    it.effect("signs URLs that give the object and parts of it, under the file name, to whoever has them", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = `${yield* freshPrefix}date=2026-11-22/a.json`
        yield* store.put(key, Buffer.from("0123456789"), json)
        const url = yield* store.signedUrl(key, { expiresInSeconds: 60, fileName: "Kalshi, 22. Növ (1).json" })
        const whole = yield* ask(url)
        assert.deepStrictEqual([whole.status, whole.text], [200, "0123456789"])
        assert.include(whole.headers.get("content-type") ?? "", "application/json")
        const disposition = whole.headers.get("content-disposition") ?? ""
        assert.include(disposition, "attachment")
        assert.include(disposition, "N%C3%B6v")
        const part = yield* ask(url, { range: "bytes=2-4" })
        assert.deepStrictEqual([part.status, part.text], [206, "234"])
        assert.strictEqual(part.headers.get("content-range"), "bytes 2-4/10")
        assert.strictEqual((yield* ask(url, { range: "bytes=10-" })).status, 416)
        const plain = yield* ask(yield* store.signedUrl(key, { expiresInSeconds: 60 }))
        assert.include(plain.headers.get("content-disposition") ?? "", 'filename="a.json"')
      })
    )

    it.effect("signs nothing else: a URL that was changed, or that has expired, gives nothing", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const prefix = yield* freshPrefix
        yield* store.put(`${prefix}a`, Buffer.from("secret a"), json)
        yield* store.put(`${prefix}b`, Buffer.from("secret b"), json)
        const url = yield* store.signedUrl(`${prefix}a`, { expiresInSeconds: 1 })
        const other = yield* ask(url.replace(`${prefix}a`, `${prefix}b`))
        assert.strictEqual(other.status, 403)
        assert.notInclude(other.text, "secret")
        yield* Effect.sleep(2_100)
        const late = yield* ask(url)
        assert.strictEqual(late.status, 403)
        assert.notInclude(late.text, "secret")
        for (const options of [
          { expiresInSeconds: 0 },
          { expiresInSeconds: 604_801 },
          { expiresInSeconds: 1.5 },
          { expiresInSeconds: 60, fileName: 'a"b' },
          { expiresInSeconds: 60, fileName: "a\r\nb" },
          { expiresInSeconds: 60, fileName: "" }
        ]) {
          assert.strictEqual(yield* reasonOf(store.signedUrl(`${prefix}a`, options)), "Refused")
        }
      })
    )
  }

const ask = (url: string, headers: Record<string, string> = {}) =>
  Effect.promise(async () => {
    const answer = await fetch(url, { headers })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  })
