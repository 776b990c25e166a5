/**
 * Files on this machine, as both stores read and write them: in parts, and so that a file appears only when it is whole.
 *
 * adapter: Node's files
 */
import { createHash, randomUUID } from "node:crypto"
import { type FileHandle, open, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { Effect, Schema } from "effect"
import { abortable } from "./Abortable.ts"
import type { ObjectReceipt } from "./ObjectStore.ts"
import { Corrupt, LocalFileFailed, ObjectStoreError, type ObjectStoreReason } from "./ObjectStoreError.ts"

/** Read and hashed at once. */
const chunkBytes = 1024 * 1024

/** Runs IO on a local file. */
export const io = <A>(run: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, ObjectStoreReason> =>
  abortable(run, reasonOf)

export const isReason = Schema.is(ObjectStoreError.fields.reason)

const reasonOf = (cause: unknown): ObjectStoreReason => {
  if (isReason(cause)) return cause
  const { code = "", message } = cause as NodeJS.ErrnoException
  return new LocalFileFailed({ code, problem: `a local file failed: ${message}` })
}

/** A file that is open for reading, for as long as it is used. `run` says whose fault it is when it cannot be opened. */
export const reading = <A, R>(
  path: string,
  use: (handle: FileHandle, bytes: number) => Effect.Effect<A, ObjectStoreReason, R>,
  run: typeof io = io
): Effect.Effect<A, ObjectStoreReason, R> =>
  Effect.acquireUseRelease(
    run(() => open(path, "r")),
    (handle) =>
      run(async () => {
        const info = await handle.stat()
        if (!info.isFile()) throw Object.assign(new Error(`${path} is not a file`), { code: "ENOENT" })
        return info.size
      }).pipe(Effect.flatMap((bytes) => use(handle, bytes))),
    (handle) => Effect.promise(() => handle.close().catch(() => undefined))
  )

/** The bytes from `fromByte` on, fewer than asked for only at the end of the file. */
export const readPart = (handle: FileHandle, fromByte: number, bytes: number): Promise<Buffer> =>
  fill(handle, fromByte, Buffer.allocUnsafe(bytes))

/** The part of a buffer that was filled. */
const fill = async (handle: FileHandle, fromByte: number, part: Buffer): Promise<Buffer> => {
  let filled = 0
  while (filled < part.length) {
    const { bytesRead } = await handle.read(part, filled, part.length - filled, fromByte + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return part.subarray(0, filled)
}

/** Writes all of it at a place in the file. */
export const write = async (handle: FileHandle, bytes: Uint8Array, atByte: number): Promise<void> => {
  try {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, atByte + written)
      written += bytesWritten
    }
  } catch (cause) {
    throw reasonOf(cause)
  }
}

/** Reads an open file to its end, in chunks, and gives what was read. A chunk lasts until `each` has ended. */
export const readAll = async (
  handle: FileHandle,
  signal: AbortSignal,
  each: (chunk: Buffer) => Promise<void>
): Promise<ObjectReceipt> => {
  const hash = createHash("sha256")
  // One more than there are, so that the first chunk of a small file shows its end.
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, (await handle.stat()).size + 1))
  let bytes = 0
  while (true) {
    signal.throwIfAborted()
    const chunk = await fill(handle, bytes, buffer)
    hash.update(chunk)
    bytes += chunk.length
    if (chunk.length > 0) await each(chunk)
    if (chunk.length < buffer.length) return { bytes, sha256: hash.digest("hex") }
  }
}

/** Of a file, which is read to its end. */
export const receiptOfFile = async (path: string, signal: AbortSignal): Promise<ObjectReceipt> => {
  const handle = await open(path, "r")
  try {
    return await readAll(handle, signal, () => Promise.resolve())
  } finally {
    await handle.close()
  }
}

/**
 * Writes a file under a name of its own in `folder` and hands it to `keep`, which gives it its place; whatever `keep`
 * has left there, and what was not finished, is removed.
 */
export const writing = <A>(
  folder: string,
  write: (handle: FileHandle) => Effect.Effect<A, ObjectStoreReason>,
  keep: (path: string, written: A) => Effect.Effect<void, ObjectStoreReason>
): Effect.Effect<A, ObjectStoreReason> => {
  const path = `${folder}/.${randomUUID()}.partial`
  return Effect.acquireUseRelease(
    io(() => open(path, "wx")),
    (handle) => Effect.tap(write(handle), (written) => keep(path, written)),
    (handle) =>
      Effect.promise(async () => {
        await handle.close().catch(() => undefined)
        await rm(path, { force: true }).catch(() => undefined)
      })
  )
}

/**
 * Writes a local file that appears, or takes the place of an older one, when it is whole. Not synced: the object is still in its
 * store when a copy is lost with the power.
 */
export const writeWhole = (
  localPath: string,
  write: (handle: FileHandle) => Effect.Effect<ObjectReceipt, ObjectStoreReason>
): Effect.Effect<ObjectReceipt, ObjectStoreReason> =>
  writing(dirname(localPath), write, (path) => io(() => rename(path, localPath)))

/** Of bytes in memory. */
export const receiptOf = (bytes: Uint8Array): ObjectReceipt => ({
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex")
})

/** Makes what was made, linked, renamed or removed in the folder survive a loss of power. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Fails when what was found is not what was expected. */
export const compare = (expected: ObjectReceipt, found: ObjectReceipt): Effect.Effect<void, Corrupt> =>
  expected.bytes === found.bytes && expected.sha256 === found.sha256
    ? Effect.void
    : Effect.fail(
        new Corrupt({
          bytesExpected: expected.bytes,
          bytesFound: found.bytes,
          sha256Expected: expected.sha256,
          sha256Found: found.sha256
        })
      )
