/**
 * The folder of a tape: which file is which segment.
 *
 *     tape-0000000012-20261122T114900Z.kbt       a segment, as it is written
 *     tape-0000000012-20261122T114900Z.kbt.zst   the same after it was closed, compressed
 *     *.partial                                  a compression that is not finished; of no use after its process has ended
 *     tape.lock                                  who writes
 *
 * adapter: Node's files
 */
import { open, readdir, rm, stat } from "node:fs/promises"
import { basename, dirname, join } from "node:path"

export interface SegmentFile {
  /** Grows within the tape; numbers may be missing. */
  readonly segment: number
  readonly path: string
  readonly isCompressed: boolean
  /** On the disk. */
  readonly bytes: number
}

const fileName = /^tape-(\d{10})-\d{8}T\d{6}Z\.kbt(\.zst)?$/
export const compressedSuffix = ".zst"
export const partialSuffix = ".partial"

/** The path of a new segment. `tsWallMicros`: when it begins, Unix microseconds. */
export const pathOf = (folder: string, segment: number, tsWallMicros: number): string => {
  const time = new Date(tsWallMicros / 1000).toISOString().replace(/\.\d+Z$/, "Z")
  return join(folder, `tape-${String(segment).padStart(10, "0")}-${time.replace(/[-:]/g, "")}.kbt`)
}

/** The segment that a path names by its form; `undefined` for any other file. Fails when there is no such file. */
export const segmentAt = async (path: string): Promise<SegmentFile | undefined> => {
  const [, segment, zst] = fileName.exec(basename(path)) ?? []
  if (segment === undefined) return undefined
  const { size } = await stat(path)
  return { segment: Number(segment), path, isCompressed: zst !== undefined, bytes: size }
}

/** All segments in order, each once: of one that is there in both forms, the one that was written. */
export const list = async (folder: string): Promise<ReadonlyArray<SegmentFile>> => listOf(folder, await readdir(folder))

/**
 * The same of the names that the folder had a moment ago. A segment of which only the one that was written is among them may be
 * compressed by now.
 */
export const listOf = async (folder: string, names: ReadonlyArray<string>): Promise<ReadonlyArray<SegmentFile>> => {
  const found = new Map<number, SegmentFile>()
  for (const name of names) {
    const path = join(folder, name)
    const file =
      (await segmentAt(path).catch(ignoreMissing)) ?? (await segmentAt(path + compressedSuffix).catch(ignoreMissing))
    if (file === undefined) continue
    if (!file.isCompressed || !found.has(file.segment)) found.set(file.segment, file)
  }
  return [...found.values()].sort((left, right) => left.segment - right.segment)
}

/** The same segment in its other form. */
export const otherForm = (file: SegmentFile): SegmentFile => ({
  ...file,
  path: file.isCompressed ? file.path.slice(0, -compressedSuffix.length) : file.path + compressedSuffix,
  isCompressed: !file.isCompressed
})

/** Removes what compressions left behind that were not finished. */
export const removePartial = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    if (name.endsWith(partialSuffix)) await rm(join(folder, name), { force: true })
  }
}

/** Makes what was made, renamed or removed in the folder survive a loss of power. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export const folderOf = (file: SegmentFile): string => dirname(file.path)

export const ignoreMissing = (cause: NodeJS.ErrnoException): undefined => {
  if (cause.code !== "ENOENT") throw cause
}
