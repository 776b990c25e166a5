/**
 * The object store in a folder of this machine. An object is written beside its place, synced, and linked there, so that it appears
 * whole and nothing is ever overwritten.
 *
 * adapter: Node's files
 */
import { stat } from "node:fs/promises"
import { Clock, Effect, Option, Stream } from "effect"
import type { FolderSettings } from "./FolderSettings.ts"
import * as LocalFile from "./LocalFile.ts"
import * as ObjectFolder from "./ObjectFolder.ts"
import { getBytesMax, pageKeysMax } from "./ObjectLimits.ts"
import * as ObjectOperation from "./ObjectOperation.ts"
import type { ByteSpan, ObjectHead, ObjectReceipt, ObjectStore, SignedUrlOptions } from "./ObjectStore.ts"
import { Conflict, Corrupt, type ObjectStoreReason, Refused } from "./ObjectStoreError.ts"
import * as SignedPath from "./SignedPath.ts"

/** Sums remembered, each of some hundred bytes: the objects that are asked for again and again. */
const sumsMax = 10_000

interface Folder extends ObjectFolder.ObjectFolder {
  /** Sums by file and its state; the oldest are forgotten. */
  readonly sums: Map<string, string>
}

export const open = Effect.fnUntraced(function* (settings: FolderSettings) {
  const folder: Folder = {
    ...(yield* ObjectFolder.prepare(settings, yield* Clock.currentTimeMillis)),
    sums: new Map()
  }
  return {
    putFile: (key, localPath, { sha256 }) =>
      ObjectOperation.onFile("putFile", key, sha256, putFile(folder, key, localPath, sha256)),
    put: (key, bytes) => ObjectOperation.onBytes(key, bytes, putBytes(folder, key, bytes)),
    getToFile: (key, localPath) => ObjectOperation.on("getToFile", key, getToFile(folder, key, localPath)),
    get: (key, options) => ObjectOperation.onSpan(key, options?.range, get(folder, key, options?.range)),
    head: (key) => ObjectOperation.on("head", key, head(folder, key)),
    list: (prefix) => ObjectOperation.onPrefix(prefix, list(folder, prefix)),
    remove: (key) =>
      ObjectOperation.on(
        "remove",
        key,
        ObjectFolder.io(() => ObjectFolder.remove(ObjectFolder.fileOf(folder, key)))
      ),
    signedUrl: (key, options) => ObjectOperation.onUrl(key, options, signedUrl(folder, key, options))
  } satisfies ObjectStore["Service"]
})

/** Writes beside the place and links; what is there already must be the same. */
const keep = (
  folder: Folder,
  key: string,
  write: Parameters<typeof LocalFile.writing<ObjectReceipt>>[1]
): Effect.Effect<void, ObjectStoreReason> => {
  const file = ObjectFolder.fileOf(folder, key)
  return LocalFile.writing(ObjectFolder.partialOf(folder.path), write, (made, receipt) =>
    Effect.gen(function* () {
      const isPlaced = yield* ObjectFolder.io(async () => {
        await ObjectFolder.makeFoldersOf(file)
        return ObjectFolder.place(made, file)
      })
      if (isPlaced || (yield* expectSame(folder, key, receipt))) return
      return yield* new Refused({ problem: "a folder has this name, or the object was removed this moment" })
    })
  )
}

/** Whether this very object is there; fails when another one is. */
const expectSame = Effect.fnUntraced(function* (folder: Folder, key: string, { bytes, sha256 }: ObjectReceipt) {
  const found = yield* head(folder, key)
  if (Option.isNone(found)) return false
  const sum = Option.getOrElse(found.value.sha256, () => "")
  if (found.value.bytes === bytes && sum === sha256) return true
  return yield* new Conflict({ bytes: found.value.bytes, sha256: sum })
})

const putFile = (folder: Folder, key: string, localPath: string, sha256: string) =>
  LocalFile.reading(localPath, (from, bytes) =>
    Effect.gen(function* () {
      if (yield* expectSame(folder, key, { bytes, sha256 })) return
      yield* keep(folder, key, (handle) =>
        copy(from, handle).pipe(Effect.tap((found) => LocalFile.compare({ bytes, sha256 }, found)))
      )
    })
  )

const putBytes = (folder: Folder, key: string, bytes: Uint8Array) =>
  keep(folder, key, (handle) =>
    ObjectFolder.io(async () => {
      await LocalFile.write(handle, bytes, 0)
      return LocalFile.receiptOf(bytes)
    })
  )

type Handle = Parameters<typeof LocalFile.readAll>[0]

const copy = (from: Handle, to: Handle) =>
  LocalFile.io(async (signal) => {
    let copied = 0
    return LocalFile.readAll(from, signal, async (chunk) => {
      await LocalFile.write(to, chunk, copied)
      copied += chunk.length
    })
  })

/** An object's file, open, for as long as it is used. */
const reading = <A>(
  folder: Folder,
  key: string,
  use: (handle: Handle, bytes: number) => Effect.Effect<A, ObjectStoreReason>
) => LocalFile.reading(ObjectFolder.fileOf(folder, key), use, ObjectFolder.io)

const getToFile = (folder: Folder, key: string, localPath: string) =>
  reading(folder, key, (from, bytes) =>
    LocalFile.writeWhole(localPath, (to) =>
      copy(from, to).pipe(Effect.tap((receipt) => LocalFile.compare({ ...receipt, bytes }, receipt)))
    )
  )

const get = (folder: Folder, key: string, range: ByteSpan | undefined) =>
  reading(folder, key, (handle, total) =>
    Effect.gen(function* () {
      const from = range?.fromByte ?? 0
      const bytes = Math.min(range?.toByte ?? total, total) - from
      if (range !== undefined && bytes <= 0) {
        return yield* new Refused({ problem: `the range begins at byte ${from}, and the object has ${total}` })
      }
      if (bytes > getBytesMax) {
        return yield* new Refused({
          problem: `${bytes} bytes are more than the ${getBytesMax} that are held in memory`
        })
      }
      const part = yield* ObjectFolder.io(() => LocalFile.readPart(handle, from, bytes))
      if (part.length === bytes) return part
      return yield* new Corrupt({
        bytesExpected: bytes,
        bytesFound: part.length,
        sha256Expected: "",
        sha256Found: ""
      })
    })
  )

const fileStat = (folder: Folder, key: string) =>
  ObjectFolder.io(() => stat(ObjectFolder.fileOf(folder, key))).pipe(
    Effect.map((info) => (info.isFile() ? Option.some(info) : Option.none())),
    Effect.catchTag("NotFound", () => Effect.succeed(Option.none()))
  )

const head = Effect.fnUntraced(function* (folder: Folder, key: string) {
  const info = yield* fileStat(folder, key)
  if (Option.isNone(info)) return Option.none<ObjectHead>()
  const { size: bytes, mtimeMs, ctimeMs, ino } = info.value
  const state = `${key} ${ino} ${bytes} ${mtimeMs} ${ctimeMs}`
  const sha256 = folder.sums.get(state) ?? (yield* sumOf(folder, key))
  remember(folder.sums, state, sha256)
  return Option.some<ObjectHead>({
    bytes,
    sha256: Option.some(sha256),
    lastModifiedMicros: ObjectFolder.microsOf(mtimeMs)
  })
})

const remember = (sums: Map<string, string>, state: string, sha256: string): void => {
  const oldest = sums.keys().next()
  if (sums.size >= sumsMax && oldest.done !== true) sums.delete(oldest.value)
  sums.set(state, sha256)
}

const sumOf = (folder: Folder, key: string) =>
  reading(folder, key, (handle) =>
    LocalFile.io((signal) => LocalFile.readAll(handle, signal, () => Promise.resolve()))
  ).pipe(Effect.map(({ sha256 }) => sha256))

const list = (folder: Folder, prefix: string) =>
  Stream.fromAsyncIterable(ObjectFolder.list(folder.path, prefix), ObjectFolder.reasonOf).pipe(
    Stream.rechunk(pageKeysMax)
  )

const signedUrl = (folder: Folder, key: string, { expiresInSeconds, fileName }: SignedUrlOptions) =>
  Effect.map(Clock.currentTimeMillis, (nowMillis) => {
    const expiresAtSeconds = Math.floor(nowMillis / 1_000) + expiresInSeconds
    return `${folder.baseUrl}/${SignedPath.sign({ key, expiresAtSeconds, fileName: Option.fromUndefinedOr(fileName) }, folder.secret)}`
  })
