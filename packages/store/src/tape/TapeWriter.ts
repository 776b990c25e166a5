/**
 * Writes a tape: entries gather in memory for milliseconds, go to the system in groups, and are synced to the disk in groups. What
 * is on the disk is whole blocks at any time: where a write fails, the file is cut back to the last one.
 *
 * The first failure is the end: what comes afterwards is counted and dropped, and nothing of it is ever said to be synced.
 *
 * adapter: Node's files, timers and clocks
 */
import fs from "node:fs"
import { promisify } from "node:util"
import * as LagHistogram from "@kalshibook/core/LagHistogram"
import type { TapeEntryKind } from "@kalshibook/core/TapeEntry"
import * as TapeBuffer from "./TapeBuffer.ts"
import { refused, TapeError } from "./TapeError.ts"
import { pathOf, type SegmentFile, syncFolder } from "./TapeFolder.ts"
import { encodeSegmentHeader, kindCode } from "./TapeFormat.ts"
import type { TapeSettings } from "./TapeSettings.ts"

export interface TapeWriterOptions {
  readonly folder: string
  readonly tapeId: string
  readonly bootId: string
  /** Number of the next segment, and of the last entry that is on the tape. */
  readonly segment: number
  readonly lastEntry: number
  readonly settings: TapeSettings
  readonly onFailed: (error: TapeError) => void
  readonly onSegmentClosed: (file: SegmentFile) => void
}

export interface TapeWriter {
  readonly append: (kind: TapeEntryKind, epoch: number, tsReceivedMicros: number, body: Uint8Array) => number
  readonly appended: () => number
  readonly synced: () => number
  readonly isRotationDue: () => boolean
  readonly rotate: () => void
  /** Calls back when all entries up to this one are synced, or with the error. Hastens it. Returns what takes that back. */
  readonly whenSynced: (entryNumber: number, done: (error: TapeError | undefined) => void) => () => void
  /** Ends the tape for a reason from outside. */
  readonly fail: (error: TapeError) => void
  readonly failure: () => TapeError | undefined
  /** Number of the segment that is written; 0 before its first entry. */
  readonly segment: () => number
  /** Bytes in memory, and how long the oldest entry that is not synced has waited, microseconds. */
  readonly waitingBytes: () => number
  readonly lagMicros: () => number
  /** How long the last sync took, microseconds. */
  readonly syncMicros: () => number
  /** From append to sync (`Tape.syncLag`). */
  readonly syncLag: LagHistogram.LagHistogram
  /** Writes and syncs what waits, and lets go of the file. */
  readonly close: () => Promise<void>
}

interface WrittenBlock {
  readonly entryCount: number
  readonly lastEntry: number
  /** When its first entry came, by the monotonic clock. */
  readonly tsFirstMicros: number
}

/** Blocks in one write, so that a write does not take long. */
const groupBlocksMax = 32

interface OpenSegment {
  readonly descriptor: number
  readonly path: string
  readonly segment: number
  /** Whole blocks end here; those up to `syncedBytes` are on the disk. */
  bytes: number
  syncedBytes: number
}

interface Waiter {
  readonly entryNumber: number
  readonly done: (error: TapeError | undefined) => void
}

const openFile = promisify(fs.open)
const writev = promisify(fs.writev)
const fdatasync = promisify(fs.fdatasync)
const ftruncate = promisify(fs.ftruncate)
const closeFile = promisify(fs.close)

const clockOffsetMicros = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000

/** The machine's monotonic clock, microseconds since its start. */
const monotonicMicros = (): number => Math.floor(performance.now() * 1000 + clockOffsetMicros)

export const make = (options: TapeWriterOptions): TapeWriter => {
  const { folder, settings } = options
  const buffer = TapeBuffer.make(settings.blockBytesMax, options.lastEntry)
  const waiters = new Set<Waiter>()
  let segment = options.segment
  let file: OpenSegment | undefined
  let failure: TapeError | undefined
  let written = options.lastEntry
  let synced = options.lastEntry
  /** Entries that somebody waits for: up to here nothing gathers. */
  let hastened = 0
  /** When the oldest entry came that is written and not synced, and the first of those that are being written. */
  let tsUnsyncedMicros: number | undefined
  let tsWritingMicros: number | undefined
  let syncMicros = 0
  const syncLag = LagHistogram.make()
  /** Blocks that are written and not synced. */
  let unsynced: Array<WrittenBlock> = []
  let writing: Promise<void> | undefined
  let syncing: Promise<void> | undefined
  let isBetweenSegments = false
  /** A sync failed: what was written since the one before may or may not be on the disk. */
  let isDoubtful = false
  let isImmediate = false
  let writeTimer: NodeJS.Timeout | undefined
  let syncTimer: NodeJS.Timeout | undefined

  const append = (kind: TapeEntryKind, epoch: number, tsReceivedMicros: number, body: Uint8Array): number => {
    if (failure !== undefined) return ++buffer.appended
    const number = TapeBuffer.append(buffer, kindCode(kind), epoch, tsReceivedMicros, monotonicMicros(), body)
    if (buffer.waitingBytes >= settings.writeBytesMax) {
      if (buffer.waitingBytes > settings.bufferBytesMax) fail(diskSlow(buffer.waitingBytes))
      else writeSoon()
    } else if (writeTimer === undefined && writing === undefined) {
      writeTimer = setTimeout(writeNow, settings.writeMillisMax)
    }
    return number
  }

  const writeSoon = (): void => {
    if (isImmediate || writing !== undefined) return
    isImmediate = true
    setImmediate(writeNow)
  }

  const writeNow = (): void => {
    isImmediate = false
    clearTimeout(writeTimer)
    writeTimer = undefined
    if (writing !== undefined || failure !== undefined || buffer.appended === written) return
    writing = writeGroups().catch(writeFailed).finally(afterWriting)
  }

  /** Writes until so little waits that it may gather again. */
  const writeGroups = async (): Promise<void> => {
    do {
      const blocks = TapeBuffer.take(buffer, groupBlocksMax, Date.now() * 1000, monotonicMicros())
      const [first] = blocks
      const last = blocks.at(-1)
      if (first === undefined || last === undefined) return
      tsWritingMicros = first.tsFirstMicros
      const target = first.isSegmentStart || file === undefined ? await nextSegment(first.firstEntry) : file
      await writeBlocks(target, blocks)
      tsWritingMicros = undefined
      tsUnsyncedMicros ??= first.tsFirstMicros
      written = last.firstEntry + last.entryCount - 1
      if (failure !== undefined) return
      for (const { entryCount, firstEntry, tsFirstMicros } of blocks) {
        unsynced.push({ entryCount, lastEntry: firstEntry + entryCount - 1, tsFirstMicros })
      }
      TapeBuffer.release(buffer, blocks)
      planSync()
    } while (failure === undefined && (buffer.waitingBytes >= settings.writeBytesMax || hastened > written))
  }

  const afterWriting = (): void => {
    writing = undefined
    if (failure === undefined && buffer.appended > written) writeTimer ??= setTimeout(writeNow, settings.writeMillisMax)
  }

  const writeBlocks = async (target: OpenSegment, blocks: ReadonlyArray<TapeBuffer.Block>): Promise<void> => {
    target.bytes += await writeAll(target.descriptor, blocks.map(TapeBuffer.sealed), target.bytes)
  }

  /** Brings the old segment onto the disk and begins the next one, whose header and name are there before any block. */
  const nextSegment = async (firstEntry: number): Promise<OpenSegment> => {
    isBetweenSegments = true
    await syncing
    if (file !== undefined) await closeSegment(file)
    const tsWallMicros = Date.now() * 1000
    const header = encodeSegmentHeader({
      tape_id: options.tapeId,
      segment,
      first_entry: firstEntry,
      ts_wall_micros: tsWallMicros,
      ts_monotonic_micros: monotonicMicros(),
      boot_id: options.bootId,
      program: settings.program
    })
    const path = pathOf(folder, segment, tsWallMicros)
    const next: OpenSegment = { descriptor: await openFile(path, "wx", 0o600), path, segment, bytes: 0, syncedBytes: 0 }
    file = next
    segment++
    await writeAll(next.descriptor, [header], 0)
    await fdatasync(next.descriptor)
    await syncFolder(folder)
    next.bytes = header.length
    next.syncedBytes = header.length
    isBetweenSegments = false
    return next
  }

  const closeSegment = async (old: OpenSegment): Promise<void> => {
    await syncAll(old)
    file = undefined
    await closeFile(old.descriptor)
    options.onSegmentClosed({ segment: old.segment, path: old.path, isCompressed: false, bytes: old.bytes })
  }

  const planSync = (): void => {
    if (syncing !== undefined || written === synced) return
    if (hastened > synced) {
      syncNow()
      return
    }
    const waitedMillis = (monotonicMicros() - (tsUnsyncedMicros ?? 0)) / 1000
    syncTimer ??= setTimeout(syncNow, Math.max(0, settings.syncMillisMax - waitedMillis))
  }

  const syncNow = (): void => {
    clearTimeout(syncTimer)
    syncTimer = undefined
    if (file === undefined || isBetweenSegments || syncing !== undefined || failure !== undefined) return
    syncing = syncAll(file)
      .catch(() => undefined)
      .finally(() => {
        syncing = undefined
        if (failure === undefined) planSync()
      })
  }

  /** Rejects with the reason when the tape has failed, by this or before. */

  const syncAll = async (target: OpenSegment): Promise<void> => {
    const { bytes } = target
    const upTo = written
    const startMicros = monotonicMicros()
    if (failure !== undefined) throw failure
    await fdatasync(target.descriptor).catch((cause) => {
      isDoubtful = true
      fail(refused(`sync the tape ${target.path} to the disk`, cause))
      throw cause
    })
    syncMicros = monotonicMicros() - startMicros
    target.syncedBytes = bytes
    isSynced(upTo, startMicros)
  }

  const isSynced = (upTo: number, startMicros: number): void => {
    synced = upTo
    tsUnsyncedMicros = written === upTo ? undefined : startMicros
    const nowMicros = monotonicMicros()
    for (const { entryCount, lastEntry, tsFirstMicros } of unsynced) {
      if (lastEntry <= upTo) LagHistogram.record(syncLag, nowMicros - tsFirstMicros, entryCount)
    }
    unsynced = unsynced.filter(({ lastEntry }) => lastEntry > upTo)
    for (const waiter of waiters) {
      if (waiter.entryNumber > upTo) continue
      waiters.delete(waiter)
      waiter.done(undefined)
    }
  }

  const whenSynced = (entryNumber: number, done: Waiter["done"]): (() => void) => {
    if (entryNumber <= synced || failure !== undefined) {
      done(entryNumber <= synced ? undefined : failure)
      return () => undefined
    }
    const waiter = { entryNumber, done }
    waiters.add(waiter)
    hastened = Math.max(hastened, Math.min(entryNumber, buffer.appended))
    if (hastened > written) writeSoon()
    else planSync()
    return () => void waiters.delete(waiter)
  }

  const fail = (error: TapeError): void => {
    if (failure !== undefined) return
    failure = error
    clearTimeout(writeTimer)
    clearTimeout(syncTimer)
    TapeBuffer.drop(buffer)
    // Not within the call: it may come from the middle of a frame, and whoever is told acts at once.
    setImmediate(() => {
      for (const { done } of waiters) done(error)
      waiters.clear()
      options.onFailed(error)
    })
  }

  /** Cuts off what is not a whole block, and brings the rest onto the disk if that can be done. */
  const writeFailed = async (cause: unknown): Promise<void> => {
    await syncing
    if (file !== undefined) {
      await cut(file, file.bytes)
      await syncAll(file).catch(() => undefined)
    }
    fail(refused(`write to the tape in ${folder}`, cause))
  }

  const close = async (): Promise<void> => {
    while (failure === undefined && buffer.appended > synced) {
      await new Promise<void>((resolve) => whenSynced(buffer.appended, () => resolve()))
    }
    clearTimeout(writeTimer)
    clearTimeout(syncTimer)
    await writing
    await syncing
    if (file === undefined) return
    if (isDoubtful) await cut(file, file.syncedBytes)
    await closeFile(file.descriptor)
  }

  return {
    append,
    appended: () => buffer.appended,
    synced: () => synced,
    isRotationDue: () =>
      buffer.tsSegmentMicros !== undefined &&
      (buffer.segmentBytes >= settings.segmentBytesMax ||
        monotonicMicros() - buffer.tsSegmentMicros >= settings.segmentMillisMax * 1000),
    rotate: () => TapeBuffer.rotate(buffer),
    whenSynced,
    fail,
    failure: () => failure,
    segment: () => file?.segment ?? 0,
    waitingBytes: () => buffer.waitingBytes,
    lagMicros: () => {
      const oldestMicros = tsUnsyncedMicros ?? tsWritingMicros ?? TapeBuffer.tsWaitingMicros(buffer)
      return oldestMicros === undefined ? 0 : Math.max(0, monotonicMicros() - oldestMicros)
    },
    syncMicros: () => syncMicros,
    syncLag,
    close
  }
}

const diskSlow = (bytes: number): TapeError =>
  new TapeError({
    reason: "disk_slow",
    problem: `The disk takes no more: ${bytes} bytes wait in memory, more than the tape may keep there.`
  })

/** A file with nothing in it, not even its header, is of no use to anybody. */
const cut = async (target: OpenSegment, bytes: number): Promise<void> => {
  await ftruncate(target.descriptor, bytes).catch(() => undefined)
  if (bytes === 0) fs.rmSync(target.path, { force: true })
}

/** Writes all of it; the bytes written. */
const writeAll = async (descriptor: number, buffers: ReadonlyArray<Buffer>, at: number): Promise<number> => {
  let left = buffers
  let bytes = 0
  while (left.length > 0) {
    const { bytesWritten } = await writev(descriptor, left, at + bytes)
    bytes += bytesWritten
    left = without(left, bytesWritten)
  }
  return bytes
}

const without = (buffers: ReadonlyArray<Buffer>, bytes: number): Array<Buffer> => {
  let gone = bytes
  const left: Array<Buffer> = []
  for (const buffer of buffers) {
    if (gone >= buffer.length) gone -= buffer.length
    else {
      left.push(buffer.subarray(gone))
      gone = 0
    }
  }
  return left
}
