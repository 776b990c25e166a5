/**
 * A tape in a folder, as a service: the lock, the writer, the watch over the disk's room, and the compression of closed segments,
 * for as long as a scope.
 *
 * adapter: Node's files
 */
import { mkdir, statfs } from "node:fs/promises"
import { resolve } from "node:path"
import { Deferred, Duration, Effect, Option, Queue, Schedule, Stream } from "effect"
import type { Tape } from "./Tape.ts"
import * as TapeCompression from "./TapeCompression.ts"
import { refused, TapeError } from "./TapeError.ts"
import * as TapeFolder from "./TapeFolder.ts"
import * as TapeLock from "./TapeLock.ts"
import * as TapeReader from "./TapeReader.ts"
import { defaults, type TapeSettings } from "./TapeSettings.ts"
import * as TapeTakeUp from "./TapeTakeUp.ts"
import * as TapeWalk from "./TapeWalk.ts"
import * as TapeWriter from "./TapeWriter.ts"

/** What the watches over a tape have seen. */
interface Sights {
  freeBytes: number
  compressionProblem: string | null
  segmentsUncompressed: number
}

export const open = Effect.fn("Tape.open")(function* (path: string, changes: Partial<TapeSettings>) {
  const settings = { ...defaults, ...changes }
  const folder = resolve(path)
  yield* io(`make the folder ${folder}`, () => mkdir(folder, { recursive: true, mode: 0o700 }))
  const sights: Sights = { freeBytes: yield* freeBytes(folder), compressionProblem: null, segmentsUncompressed: 0 }
  if (sights.freeBytes < settings.freeBytesMin) return yield* noRoom(folder, sights, settings)
  yield* Effect.acquireRelease(
    io(`lock the folder ${folder}`, () => TapeLock.take(folder)),
    (giveBack) => Effect.promise(giveBack)
  )
  const { notes, tailBytesCut, ...place } = yield* io(`take up the tape in ${folder}`, () => TapeTakeUp.takeUp(folder))
  for (const note of notes) yield* Effect.logWarning(`tape: ${note}`)

  const failed = yield* Deferred.make<never, TapeError>()
  const closed = yield* Queue.unbounded<TapeFolder.SegmentFile>()
  const writer = yield* Effect.acquireRelease(
    Effect.map(
      Effect.promise(() => TapeLock.bootId()),
      (bootId) =>
        TapeWriter.make({
          ...place,
          folder,
          bootId,
          settings,
          onFailed: (error) => Deferred.doneUnsafe(failed, Effect.fail(error)),
          onSegmentClosed: (file) => {
            sights.segmentsUncompressed++
            Queue.offerUnsafe(closed, file)
          }
        })
    ),
    (writer) => closeInTime(writer, settings.closeMillisMax)
  )
  for (const file of yield* io(`list ${folder}`, () => TapeFolder.list(folder))) {
    if (file.isCompressed) continue
    sights.segmentsUncompressed++
    Queue.offerUnsafe(closed, file)
  }
  yield* compressAll(closed, sights, settings.compressionLevel).pipe(Effect.forkScoped)
  yield* watchRoom(folder, writer, sights, settings).pipe(Effect.forkScoped)

  const { tapeId } = place
  return {
    id: tapeId,
    append: ({ body, epoch, kind, tsReceivedMicros }) => writer.append(kind, epoch, tsReceivedMicros, body),
    appended: writer.appended,
    synced: writer.synced,
    untilSynced: (entryNumber) => untilSynced(writer, entryNumber),
    isRotationDue: writer.isRotationDue,
    rotate: Effect.sync(writer.rotate),
    read: (fromEntry) => Stream.suspend(() => read(folder, { tapeId, fromEntry, toEntry: writer.synced() })),
    checkpointBefore: (entryNumber) =>
      io(`look for a checkpoint in ${folder}`, async () => {
        const toEntry = Math.min(entryNumber, writer.synced())
        return TapeReader.checkpointBefore(await TapeFolder.list(folder), toEntry, tapeId)
      }).pipe(Effect.map(Option.fromUndefinedOr)),
    failed: Deferred.await(failed),
    syncLag: writer.syncLag,
    status: Effect.map(files(folder), (segments) => ({
      id: tapeId,
      folder,
      segments: segments.length,
      bytes: segments.reduce((bytes, file) => bytes + file.bytes, 0),
      segment: writer.segment(),
      entriesAppended: writer.appended(),
      entriesSynced: writer.synced(),
      bytesWaiting: writer.waitingBytes(),
      syncLagMicros: writer.lagMicros(),
      syncMicros: writer.syncMicros(),
      freeBytes: sights.freeBytes,
      isFreeLow: sights.freeBytes < settings.freeBytesAlarm,
      tailBytesCut,
      segmentsUncompressed: sights.segmentsUncompressed,
      compressionProblem: sights.compressionProblem,
      failure: writer.failure() ?? null
    }))
  } satisfies Tape["Service"]
})

const io = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, TapeError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => (cause instanceof TapeError ? cause : refused(what, cause))
  })

const files = (folder: string): Effect.Effect<ReadonlyArray<TapeFolder.SegmentFile>> =>
  Effect.orElseSucceed(
    io(`list ${folder}`, () => TapeFolder.list(folder)),
    () => []
  )

const untilSynced = (writer: TapeWriter.TapeWriter, entryNumber: number): Effect.Effect<void, TapeError> =>
  Effect.callback((resume) => {
    const forget = writer.whenSynced(entryNumber, (error) =>
      resume(error === undefined ? Effect.void : Effect.fail(error))
    )
    return Effect.sync(forget)
  })

const read = (
  folder: string,
  range: { readonly tapeId: string; readonly fromEntry: number; readonly toEntry: number }
) => {
  if (range.fromEntry > range.toEntry) return Stream.empty
  const readings = async function* () {
    const segments = await TapeReader.segmentsFrom(await TapeFolder.list(folder), range.fromEntry)
    yield* TapeReader.read(segments, { ...TapeWalk.everything, ...range })
  }
  return Stream.fromAsyncIterable({ [Symbol.asyncIterator]: readings }, (cause) =>
    refused(`read the tape in ${folder}`, cause)
  ).pipe(
    Stream.mapEffect((reading) => {
      if (reading._tag === "entries") return Effect.succeed(reading.entries)
      return reading._tag === "segment"
        ? Effect.succeed([])
        : Effect.as(Effect.logWarning("the tape is damaged", reading.finding), [])
    }),
    Stream.filter((entries) => entries.length > 0)
  )
}

const closeInTime = (writer: TapeWriter.TapeWriter, closeMillisMax: number) =>
  Effect.promise(() => writer.close()).pipe(
    Effect.timeoutOrElse({
      duration: Duration.millis(closeMillisMax),
      orElse: () => Effect.logError(`the tape could not be brought onto the disk within ${closeMillisMax} ms`)
    })
  )

/** One after the other. A segment that cannot be compressed stays as it is, and is tried again when the tape is opened. */
const compressAll = (closed: Queue.Queue<TapeFolder.SegmentFile>, sights: Sights, level: number) =>
  Queue.take(closed).pipe(
    Effect.flatMap((file) =>
      compress(file, level).pipe(
        Effect.matchEffect({
          onSuccess: () =>
            Effect.sync(() => {
              sights.segmentsUncompressed--
              sights.compressionProblem = null
            }),
          onFailure: (error) => {
            sights.compressionProblem = error.message
            return Effect.logWarning(`tape: ${error.message}; it stays as it is`)
          }
        })
      )
    ),
    Effect.forever
  )

/** An interruption waits until the files are let go. */
const compress = (file: TapeFolder.SegmentFile, level: number): Effect.Effect<void, TapeError> =>
  Effect.callback((resume) => {
    const stop = new AbortController()
    const done = TapeCompression.compress(file, level, stop.signal).then(
      () => resume(Effect.void),
      (cause) => resume(Effect.fail(refused(`compress ${file.path}`, cause)))
    )
    return Effect.promise(() => {
      stop.abort()
      return done
    })
  })

const freeBytes = (folder: string): Effect.Effect<number, TapeError> =>
  io(`ask for the room in ${folder}`, async () => {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  })

const noRoom = (folder: string, { freeBytes }: Sights, { freeBytesMin }: TapeSettings): TapeError =>
  new TapeError({
    reason: "disk_full",
    problem: `The disk of ${folder} is full: ${freeBytes} bytes are free, and the tape leaves ${freeBytesMin} to others.`
  })

/** How long what was appended may take to be synced before a tape that finds too little room fails. */
const lastSyncMillisMax = 1_000

const watchRoom = Effect.fnUntraced(function* (
  folder: string,
  writer: TapeWriter.TapeWriter,
  sights: Sights,
  settings: TapeSettings
) {
  const look = Effect.gen(function* () {
    const wasLow = sights.freeBytes < settings.freeBytesAlarm
    sights.freeBytes = yield* freeBytes(folder)
    const isLow = sights.freeBytes < settings.freeBytesAlarm
    if (isLow && !wasLow) yield* Effect.logWarning(`tape: only ${sights.freeBytes} bytes are free in ${folder}`)
    if (sights.freeBytes >= settings.freeBytesMin) return
    yield* Effect.timeoutOption(Effect.ignore(untilSynced(writer, writer.appended())), lastSyncMillisMax)
    writer.fail(noRoom(folder, sights, settings))
  })
  // A disk that does not answer shows in the writer.
  yield* Effect.ignore(look).pipe(Effect.repeat(Schedule.spaced(Duration.millis(settings.freePollMillis))))
})
