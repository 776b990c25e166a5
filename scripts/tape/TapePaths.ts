/** The segments that a command line names. */
import fs from "node:fs/promises"
import path from "node:path"
import * as TapeFolder from "@kalshibook/store/tape/TapeFolder"
import { headerOf } from "@kalshibook/store/tape/TapeReader"

/** A path that cannot be used, in one sentence. */
export class UnusablePath extends Error {}

/** In the order of their numbers. Paths are read as where the caller stands, which npm tells. */
export const segmentsOf = async (paths: ReadonlyArray<string>): Promise<ReadonlyArray<TapeFolder.SegmentFile>> => {
  const found: Array<TapeFolder.SegmentFile> = []
  for (const given of paths) {
    const file = path.resolve(process.env["INIT_CWD"] ?? "", given)
    const stat = await fs.stat(file).catch((cause: NodeJS.ErrnoException) => {
      throw new UnusablePath(
        cause.code === "ENOENT" ? `There is no file or folder ${file}` : `${file} cannot be read: ${cause.message}`
      )
    })
    if (!stat.isDirectory()) {
      found.push(await segmentOf(file, stat.size))
      continue
    }
    const segments = await TapeFolder.list(file)
    if (segments.length === 0)
      throw new UnusablePath(`There is no tape in ${file}: no file tape-*.kbt or tape-*.kbt.zst`)
    found.push(...segments)
  }
  return found.sort((left, right) => left.segment - right.segment)
}

/** A file under any name; its number is in its header. */
const segmentOf = async (file: string, bytes: number): Promise<TapeFolder.SegmentFile> => {
  const named = await TapeFolder.segmentAt(file)
  if (named !== undefined) return named
  const unnumbered = { segment: 0, path: file, isCompressed: file.endsWith(TapeFolder.compressedSuffix), bytes }
  const header = await headerOf(unnumbered)
  if (header === undefined) throw new UnusablePath(`${file} is not a tape, or its beginning is damaged`)
  return { ...unnumbered, segment: header.segment }
}
