/**
 * Compresses segments that are closed. What was written is removed only after the compressed file is on the disk and was read back
 * from its first byte to its last: the same number of bytes with the same checksum.
 *
 * adapter: Node's files and zstd
 */
import { createReadStream, createWriteStream } from "node:fs"
import { open, rename, rm, stat } from "node:fs/promises"
import { Transform, Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { constants, crc32, createZstdCompress, createZstdDecompress } from "node:zlib"
import { folderOf, otherForm, partialSuffix, type SegmentFile, syncFolder } from "./TapeFolder.ts"

/** Bytes at a time: each costs a turn of the event loop. */
const chunkBytes = 256 * 1024

/** Compresses one segment and removes what was written. Stopped at any point, it can be done again from the beginning. */
export const compress = async (file: SegmentFile, level: number, signal: AbortSignal): Promise<SegmentFile> => {
  const target = otherForm(file)
  const partial = target.path + partialSuffix
  try {
    const original = makeSum()
    const zstd = createZstdCompress({
      chunkSize: chunkBytes,
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 }
    })
    const source = createReadStream(file.path, { highWaterMark: chunkBytes })
    await pipeline(source, passing(original), zstd, createWriteStream(partial, { mode: 0o600 }), { signal })
    await syncFile(partial)
    const copy = makeSum()
    const back = createReadStream(partial, { highWaterMark: chunkBytes })
    await pipeline(back, createZstdDecompress({ chunkSize: chunkBytes }), counting(copy), { signal })
    if (copy.bytes !== original.bytes || copy.crc !== original.crc) {
      throw new Error(`${partial} does not give back what was compressed`)
    }
    await rename(partial, target.path)
    await syncFolder(folderOf(file))
    await rm(file.path, { force: true })
    await syncFolder(folderOf(file))
    return { ...target, bytes: (await stat(target.path)).size }
  } catch (cause) {
    await rm(partial, { force: true })
    throw cause
  }
}

interface Sum {
  bytes: number
  crc: number
}

const makeSum = (): Sum => ({ bytes: 0, crc: 0 })

const add = (sum: Sum, chunk: Buffer): void => {
  sum.bytes += chunk.length
  sum.crc = crc32(chunk, sum.crc)
}

const passing = (sum: Sum): Transform =>
  new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      add(sum, chunk)
      done(null, chunk)
    }
  })

const counting = (sum: Sum): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      add(sum, chunk)
      done()
    }
  })

const syncFile = async (path: string): Promise<void> => {
  const handle = await open(path, "r+")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
